// Says in one line why uWebSockets.js does not load here, if so.
import { createRequire } from 'node:module';

try {
  createRequire(import.meta.url)('@btc-vision/uwebsockets.js');
} catch (err) {
  console.error(/version .GLIBC\S+ not found/.exec(err.message)?.[0] ?? err.message);
  process.exitCode = 1;
}
