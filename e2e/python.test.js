import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Cast, stage } from './cast.js';
import { transports } from './client.js';

const held = stage();
const script = new URL('python_client.py', import.meta.url).pathname;

for (const way of Object.keys(transports)) {
  test(`python-socketio talks with the stock client (${way})`, async (t) => {
    const cast = new Cast(t, held.server);
    const owner = await cast.connect(cast.owner);
    const answered = owner.next('message.new').then((message) => cast.say(owner, cast.boater, `You said: ${message.content}`));
    const args = [script, cast.server.url, cast.server.token(cast.boater), cast.owner, transports[way].join(',')];
    const { stdout } = await promisify(execFile)('/usr/bin/python3', args, { timeout: 20_000 });
    const receipt = await answered;
    const told = JSON.parse(stdout);
    assert.equal(told.ack.seq, 1);
    assert.equal(told.message.content, 'You said: Hello from Python');
    assert.equal(told.message.messageId, receipt.messageId);
    assert.match(told.position, /^\S+\.\d+$/);
    assert.equal(told.transport, transports[way].at(-1));
    assert.equal(told.refused, 'Invalid token');
  });
}
