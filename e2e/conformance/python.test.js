// Debian's python3-socketio, over each transport.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { stage } from './host.js';
import { ways } from './stock.js';

const held = stage('kit');
const script = new URL('python_client.py', import.meta.url).pathname;

const photo = { name: 'boat', bytes: { bytes: 'AP7/' }, tiles: [{ bytes: '' }, { bytes: Buffer.from('x'.repeat(1000)).toString('base64') }] };

for (const way of Object.keys(ways)) {
  test(`python-socketio: events, acknowledgements and binary, both ways (${way})`, async () => {
    const args = [script, held.host.url, held.host.token('python'), ways[way].join(',')];
    const { stdout } = await promisify(execFile)('/usr/bin/python3', args, { timeout: 30_000 });
    const { main, custom, ...refusals } = JSON.parse(stdout);
    assert.deepEqual(refusals, { wrong: 'Invalid token', missing: 'Authentication error', unknown: 'Invalid namespace' });
    const expected = {
      event: ['one', 2, { three: [null, 'é😀'] }],
      binary: [photo],
      ack: ['one', 2],
      'binary ack': photo,
      answer: ['the answer to', 'what?'],
      'binary answer': ['the answer to', photo],
      transport: ways[way].at(-1),
    };
    assert.deepEqual(main, expected);
    assert.deepEqual(custom, expected);
  });
}
