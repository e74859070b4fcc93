// Holds the document against the AsyncAPI specification, and index.d.ts against the document.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import { text } from './document.js';

const warning = 1; // and 0 is an error; above is advice

async function complaints(source) {
  const { diagnostics } = await new Parser().parse(source);
  return diagnostics.filter(({ severity }) => severity <= warning).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

assert.deepEqual(await complaints(text), []);

// The parser would notice: each of these is wrong in one place.
for (const wrong of [
  text.replace('maxLength: 16384', 'maxLength: many'),
  text.replace('action: receive', 'action: take'),
  text.replace("messages/ack.sync' }", "messages/ack.nothing' }"),
]) {
  assert.notEqual(wrong, text);
  assert.notDeepEqual(await complaints(wrong), []);
}

const fresh = execFileSync(process.execPath, ['generate.js'], { encoding: 'utf8' });
assert.equal(readFileSync('index.d.ts', 'utf8'), fresh, 'index.d.ts is not what api/asyncapi.yaml says: run make generate');
