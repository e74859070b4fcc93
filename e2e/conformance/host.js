// Starts examples/conformance, which `npm test` has built.
import { spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { after, before } from 'node:test';

const binary = new URL('../../bin/conformance', import.meta.url).pathname;

/** The heartbeat that the official suites expect (wire.md §5). Where it is not the point, a busy machine should not fail by it. */
export const lively = ['-ping-interval', '300ms', '-ping-timeout', '200ms'];

process.once('SIGTERM', () => process.exit(1));

export class Host {
  output = '';

  static async start(mode, ...options) {
    const host = new Host();
    host.secret = randomUUID() + randomUUID();
    host.process = spawn(binary, ['-mode', mode, '-addr', '127.0.0.1:0', '-jwt-secret', host.secret, ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
    process.once('exit', () => host.process.kill()); // also when the tests took too long
    host.process.stderr.on('data', (text) => (host.output += text));
    await host.#served();
    const [, address, path] = /serving .*addr=(\S+) path=(\S+)/.exec(host.output);
    host.address = address;
    host.path = path;
    host.url = `http://${address}`;
    return host;
  }

  async #served() {
    while (!this.output.includes('\n')) {
      const stopped = once(this.process, 'exit').then(() => true);
      if (await Promise.race([once(this.process.stderr, 'data').then(() => false), stopped])) {
        throw new Error(`the server ended at once:\n${this.output}`);
      }
    }
  }

  /** Where a request with this query goes. */
  at(query) {
    return `${this.url}${this.path}?${query}`;
  }

  /** A token of mode kit. Claims that are undefined are left out. */
  token(user, claims = {}) {
    const body = { id: user, exp: Math.floor(Date.now() / 1000) + 3600, ...claims };
    const text = [{ alg: 'HS256', typ: 'JWT' }, body].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${text}.${createHmac('sha256', this.secret).update(text).digest('base64url')}`;
  }

  freeze() {
    this.process.kill('SIGSTOP');
  }

  thaw() {
    this.process.kill('SIGCONT');
  }

  /** Bytes of memory in use. */
  async memory() {
    const status = await readFile(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
  }

  async descriptors() {
    return (await readdir(`/proc/${this.process.pid}/fd`)).length;
  }

  /** Ends the process as an operator does. */
  async stop() {
    this.process.kill('SIGTERM');
    const [code] = this.process.exitCode === null ? await once(this.process, 'exit') : [this.process.exitCode];
    if (code !== 0) throw new Error(`the server ended with code ${code}:\n${this.output}`);
  }
}

/** A server for all tests of a file. */
export function stage(mode, ...options) {
  const held = {};
  before(async () => {
    held.host = await Host.start(mode, ...options);
  });
  after(() => held.host?.stop());
  return held;
}
