// Makes up what a client might send, most of it nearly right: packets by the grammar, broken packets by the
// mutation of good ones, and the attachments that belong to them or do not.

/** A generator of numbers below n; the same seed gives the same numbers. */
export function randomness(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

const counts = ['1', '1', '1', '2', '3', '10', '0', '11', '01', '1.0', '1e0', '1.5', '-1', '+1', ' 1', '1 ', '0x1', '', 'a', '٢', '1000000', '99999999999999999999'];
const ids = ['0', '7', '12', '456', '007', '9007199254740991', '9007199254740992', '0000000000000001', '00000000000000001', '12345678901234567890', '9'.repeat(400), '-1', '+1', '1.5', '1e1', '0x1', ' ', '\n', '\t \r', '1 ', '1 2', '\u00a0', '٣'];
const namespaces = ['/admin,', '/admin,', '/', '/,', '/admin', '/a/b?token=1,', '/é😀,', '/[",', '//', '/ x,', '/1,', `/${'a'.repeat(254)},`, `/${'a'.repeat(255)},`, `/${'é'.repeat(128)},`, 'admin,', ','];
const names = ['"message"', '"x"', '""', '"é😀"', '"\\u0078"', '"__proto__"', '"error"', '"connect"', '"connect_error"', '"disconnect"', '"disconnecting"', '"newListener"', '"removeListener"', '"conn\\u0065ct"', '"Connect"', '1', '-1.5e3', '0', '1e400', 'true', 'false', 'null', '{}', '[]', '["x"]', '{"toString":"foo"}'];
const scalars = ['null', 'true', 'false', '0', '-0', '1', '-1.5', '1e3', '1E-2', '1e400', '1e-400', '0.1', '123456789012345678901234567890', '""', '"x"', '"a,b]}"', '"\\""', '"\\\\"', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud83d\\ude00"', '"\\/\\b\\f\\n\\r\\t"', '"é😀\u2028\u2029\ufeff"', '"\u007f"'];
const broken = ['01', '+1', '.5', '1.', '1e', '--1', 'NaN', 'Infinity', 'undefined', 'nul', 'True', "'x'", '"', '"\\x"', '"\\u12"', '"\n"', '"\u0000"', '[', '{', ']', '}', '{"a"}', '{"a":}', '{"a":1,}', '[1,]', '[,]', '{a:1}', '1 2', '/**/1', '\u00a0', '\ufeff1', ''];
const keys = ['"a"', '"b"', '"a"', '"_placeholder"', '"num"', '"__proto__"', '"toString"', '"length"', '""', '"é"', '"\\u0061"', '"_\\u0070laceholder"', '"n\\u0075m"'];
const spaces = [' ', '\n', '\t', '\r', '  ', '\r\n'];
const indices = ['0', '0', '0', '1', '2', '9', '10', '-1', '-0', '1.0', '0.5', '0e0', '1e0', '00', '"0"', 'null', 'true', '{}', '[0]', '18446744073709551616'];
const inserted = ['"', '[', ']', '{', '}', ',', ':', '-', '/', '\\', ' ', '\n', '0', '1', '9', 'e', '.', 'a', '\u0000', 'é', '😀', '\ufeff', '\u2028', '_placeholder', '["x"]', '{"_placeholder":true,"num":0}'];

/** Makes up connections: each a list of messages, a text or a Buffer. */
export class Generator {
  constructor(seed) {
    this.below = randomness(seed);
  }

  pick(from) {
    return from[this.below(from.length)];
  }

  /** True once in n times. */
  once(n) {
    return this.below(n) === 0;
  }

  times(n, make) {
    return Array.from({ length: n }, make);
  }

  connection() {
    if (this.once(20_000)) return this.bulky();
    return this.times(1 + (this.once(6) ? this.below(3) : 0), () => this.unit()).flat();
  }

  /** A packet and about as many attachments as it announces. */
  unit() {
    if (this.once(60)) return [this.bytes()];
    const text = this.once(4) ? this.mutated(this.packet()) : this.packet();
    const due = /^[56](\d{1,2})-/.exec(text);
    if (!due) return [text];
    const count = Math.max(0, Math.min(Number(due[1]), 12) + (this.once(12) ? this.below(3) - 1 : 0));
    const messages = [text, ...this.times(count, () => this.bytes())];
    if (this.once(30)) messages.splice(1 + this.below(count + 1), 0, this.packet());
    return messages;
  }

  bytes() {
    return Buffer.from(this.times(this.below(4), () => this.below(256)));
  }

  /** A few placeholders that stand for much. */
  bulky() {
    const placeholders = `,{"_placeholder":true,"num":0}`.repeat(1 + this.below(9));
    return [`51-["x"${placeholders}]`, Buffer.alloc(150_000)];
  }

  packet() {
    const type = this.pick(['2', '2', '2', '2', '5', '5', '5', '3', '6', '0', '0', '1', '4', this.pick(['7', '9', '', ' ', 'a', '-', '\n', '٢'])]);
    const binary = type === '5' || type === '6';
    return [
      type,
      binary || this.once(80) ? this.count() : '',
      this.once(4) ? this.pick(namespaces) : '',
      this.once(3) ? this.pick(ids) : '',
      this.once(12) ? this.space() : '',
      this.payload(type, binary),
    ].join('');
  }

  count() {
    const count = this.once(4) ? this.pick(counts) : String(1 + this.below(3));
    return this.once(40) ? count : `${count}-`;
  }

  payload(type, binary) {
    if (this.once(15)) return '';
    if (this.once(15)) return this.value(3, binary) + (this.once(4) ? this.pick(inserted) : '');
    if (type === '0') return this.object(2, binary);
    if (type === '1') return this.once(3) ? '{}' : '';
    if (type === '4') return this.once(2) ? this.object(1, binary) : '"error"';
    const args = this.times(this.below(4), () => this.value(3, binary));
    if (type === '2' || type === '5') args.unshift(this.once(4) ? this.pick(names) : '"message"');
    return this.list('[', args, ']');
  }

  value(depth, binary) {
    if (this.once(300)) return this.nested();
    if (this.once(60)) return this.pick(broken);
    if (binary && this.once(3)) return this.placeholder(depth);
    const kind = depth > 0 ? this.below(4) : 0;
    if (kind === 1) return this.list('[', this.times(this.below(4), () => this.value(depth - 1, binary)), ']');
    if (kind === 2) return this.object(depth - 1, binary);
    return this.pick(scalars);
  }

  object(depth, binary) {
    return this.list('{', this.times(this.below(4), () => `${this.pick(keys)}${this.space()}:${this.space()}${this.value(depth, binary)}`), '}');
  }

  /** Many levels, around the limit. */
  nested() {
    const levels = 55 + this.below(14);
    return '['.repeat(levels) + ']'.repeat(levels);
  }

  placeholder(depth) {
    const members = ['"_placeholder":true', `"num":${this.once(6) ? this.pick(indices) : String(this.below(2))}`];
    if (this.once(6)) members.push(`${this.pick(keys)}:${this.value(depth - 1, true)}`);
    if (this.once(10)) members.push(`"num":${this.pick(indices)}`);
    if (this.once(15)) members.push(`"_placeholder":${this.pick(['true', 'false', '1', '"true"'])}`);
    if (this.once(4)) members.reverse();
    const one = this.list('{', members, '}');
    return this.once(60) ? Array.from({ length: 8 + this.below(5) }, () => one).join(',') : one;
  }

  list(open, elements, close) {
    return `${open}${this.space()}${elements.join(this.once(8) ? `${this.space()},${this.space()}` : ',')}${this.space()}${close}${this.once(12) ? this.pick(spaces) : ''}`;
  }

  space() {
    return this.once(12) ? this.pick(spaces) : '';
  }

  /** A text with one to three characters lost, added, doubled or moved, or its end cut off. */
  mutated(text) {
    for (let left = 1 + this.below(3); left > 0; left--) text = this.mutatedOnce([...text]);
    return text;
  }

  mutatedOnce(characters) {
    const at = this.below(characters.length + 1);
    const length = 1 + this.below(3);
    switch (this.below(6)) {
      case 0:
        characters.splice(at, length);
        break;
      case 1:
        characters.splice(at, 0, this.pick(inserted));
        break;
      case 2:
        characters.splice(at, 1, this.pick(inserted));
        break;
      case 3:
        characters.splice(at, 0, ...characters.slice(at, at + length));
        break;
      case 4:
        characters.length = at;
        break;
      default:
        characters.splice(this.below(characters.length + 1), 0, ...characters.splice(at, length));
    }
    return characters.join('');
  }
}
