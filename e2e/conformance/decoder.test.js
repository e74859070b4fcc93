// Package sioproto and the official decoder on the same made-up packets. SEED and PACKETS choose others and more.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Decoder } from 'socket.io-parser';
import { differences, spaceForId } from './differences.js';
import { Generator } from './packets.js';

const seed = Number(process.env.SEED ?? 20_261_122);
const connections = Number(process.env.PACKETS ?? 100_000);
const binary = new URL('../../bin/decode', import.meta.url).pathname;

/**
 * What the official decoder makes of a connection: its packets, 'due' when attachments are awaited, or null if it is to
 * be closed, be it only once the attachments are there.
 */
function official(messages) {
  const packets = [];
  const decoder = new Decoder();
  decoder.on('decoded', (packet) => packets.push(plain(packet)));
  try {
    for (const message of messages) decoder.add(message);
    if (!decoder.reconstructor) return packets;
    const sofar = [...packets, 'due'];
    while (decoder.reconstructor) decoder.add(Buffer.alloc(0));
    return sofar;
  } catch {
    return null;
  }
}

function plain({ type, nsp, id, data }) {
  return { type, nsp, ...(id !== undefined && { id }), ...(data !== undefined && { data: withBytes(data) }) };
}

/** The value with its attachments as {bytes: base64}. */
function withBytes(value) {
  if (Buffer.isBuffer(value)) return { bytes: value.toString('base64') };
  if (value === null || typeof value !== 'object') return value;
  for (const key of Object.keys(value)) Object.defineProperty(value, key, { value: withBytes(value[key]), enumerable: true, writable: true, configurable: true });
  return value;
}

const encode = (messages) => JSON.stringify(messages.map((m) => (Buffer.isBuffer(m) ? { bytes: m.toString('base64') } : m)));

/** Why the decoders may differ about a connection: the rules that it breaks. */
function reasons(messages, ours, theirs) {
  const texts = messages.filter((m) => typeof m === 'string');
  const attachments = messages.filter((m) => Buffer.isBuffer(m));
  if (theirs === null) return [];
  const found = texts.some(spaceForId.applies) ? [spaceForId] : [];
  return ours === null ? [...found, ...differences.filter((d) => texts.some((text) => d.applies(text, attachments)))] : found;
}

/** Equal but for the ack id 0 that stands for white space. */
function sameButForSpace(ours, theirs) {
  return ours?.length === theirs?.length && ours.every((packet, i) => {
    const { id, ...others } = theirs[i];
    return isDeepStrictEqual(packet, theirs[i]) || (id === 0 && isDeepStrictEqual(packet, others));
  });
}

test(`${connections} made-up connections are decoded as by the official decoder (seed ${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const decoder = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => decoder.kill());
  const exited = once(decoder, 'exit');
  const made = [];
  Readable.from(lines(new Generator(seed), made)).pipe(decoder.stdin);
  const seen = new Map();
  const tally = { accepted: 0, refused: 0 };
  for await (const line of lineByLine(decoder.stdout)) {
    const messages = made.shift();
    compare(messages, JSON.parse(line), official(messages), seen, tally);
  }
  assert.deepEqual(await exited, [0, null]);
  t.diagnostic(`${tally.accepted} accepted by both, ${tally.refused} refused by both`);
  for (const { rule } of [...differences, spaceForId]) {
    t.diagnostic(`${seen.get(rule) ?? 0} × ${rule}`);
    assert.ok(connections < 100_000 || seen.has(rule), `nothing made up breaks the rule: ${rule}`);
  }
  assert.ok(tally.accepted > connections / 5 && tally.refused > connections / 5, 'the packets are too one-sided to tell much');
});

/** Makes up connections, remembers them, and yields them as lines. */
function* lines(generator, made) {
  for (let i = 0; i < connections; i++) {
    const messages = generator.connection().map((m) => (Buffer.isBuffer(m) ? m : m.toWellFormed()));
    made.push(messages);
    yield `${encode(messages)}\n`;
  }
}

/** The lines of a stream. JSON may hold what readline takes for the end of one. */
async function* lineByLine(stream) {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    yield* lines;
  }
}

function compare(messages, ours, theirs, seen, tally) {
  if (isDeepStrictEqual(ours, theirs)) {
    tally[ours === null ? 'refused' : 'accepted']++;
    return;
  }
  const why = reasons(messages, ours, theirs);
  const explained = ours === null ? why.length > 0 : why.includes(spaceForId) && sameButForSpace(ours, theirs);
  assert.ok(explained, `${encode(messages)}\n  ours:     ${JSON.stringify(ours)}\n  official: ${JSON.stringify(theirs)}`);
  for (const { rule } of why) seen.set(rule, (seen.get(rule) ?? 0) + 1);
}

test('the differences are those that the package tells of', async () => {
  const source = await readFile(new URL('../../sioproto/packet.go', import.meta.url), 'utf8');
  const comment = source.slice(0, source.indexOf('package sioproto')).replaceAll(/^\/\/ ?/gm, '');
  const told = [...comment.matchAll(/^ {2}- (.*(?:\n {4}.*)*)/gm)].map(([, rule]) => rule.replaceAll(/\s+/g, ' '));
  assert.deepEqual(told, differences.map(({ rule }) => rule));
  assert.ok(comment.includes(spaceForId.rule));
});
