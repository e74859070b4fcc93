// A TCP connection by hand, for what no HTTP or WebSocket client would send.
import { connect } from 'node:net';
import { cutFrame, op } from './frames.js';
import { patience, soon } from './wire.js';

export const webSocketKey = 'dGhlIHNhbXBsZSBub25jZQ==';

export const upgradeHeaders = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', webSocketKey],
];

/** The bytes of a request. A header given replaces one of the same name; one that is null is left out. */
export function requestBytes(host, { method = 'GET', target, upgrade = false, headers = [], body }) {
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const usual = [['Host', host.address], ...(upgrade ? upgradeHeaders : []), ...(body === undefined ? [] : [['Content-Length', Buffer.byteLength(body)]])];
  const lines = [...usual.filter(([name]) => !given.has(name.toLowerCase())), ...headers].filter(([, value]) => value !== null);
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1'),
    Buffer.from(body ?? ''),
  ]);
}

export class Wire {
  #bytes = Buffer.alloc(0);
  #wake = () => {};

  static async dial(host) {
    const [, address, port] = /^(.*):(\d+)$/.exec(host.address);
    const wire = new Wire();
    wire.socket = connect(Number(port), address);
    wire.socket.setNoDelay();
    wire.socket.on('data', (bytes) => wire.#take(bytes));
    wire.socket.on('error', () => {}); // a reset is an end like any other
    wire.closed = new Promise((resolve) => wire.socket.on('close', () => resolve((wire.gone = true))));
    wire.closed.then(() => wire.#wake());
    await new Promise((resolve) => wire.socket.on('connect', resolve));
    return wire;
  }

  #take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    this.#wake();
  }

  write(...pieces) {
    if (!this.gone) this.socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
  }

  /** Waits for more bytes, and returns false when there will be none. */
  async #more(limit) {
    if (this.gone) return false;
    await soon(new Promise((resolve) => (this.#wake = resolve)), 'bytes', limit);
    return true;
  }

  /** The next answer: {status, headers, body}. Without any, null. */
  async answer(limit = patience) {
    for (;;) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end >= 0) return this.#body(end, limit);
      if (!(await this.#more(limit))) return null;
    }
  }

  async #body(end, limit) {
    const [first, ...lines] = this.#bytes.subarray(0, end).toString('latin1').split('\r\n');
    const headers = new Headers(lines.map((line) => /^([^:]*):\s*(.*)$/.exec(line).slice(1)));
    const status = Number(first.split(' ')[1]);
    const length = status === 101 || status === 204 ? 0 : headers.get('content-length');
    const from = end + 4;
    while (length === null ? !this.gone : this.#bytes.length < from + Number(length)) {
      if (!(await this.#more(limit))) break;
    }
    const to = length === null ? this.#bytes.length : from + Number(length);
    const body = this.#bytes.subarray(from, to).toString();
    this.#bytes = this.#bytes.subarray(to);
    return { status, headers, body };
  }

  /** The next frame; null when the connection has ended. */
  async frame(limit = patience) {
    for (;;) {
      const found = cutFrame(this.#bytes);
      if (found) {
        this.#bytes = found.rest;
        return found;
      }
      if (!(await this.#more(limit))) return null;
    }
  }

  /** The code of the close frame that comes, 1005 for none in it, or null when the connection ends without. */
  async closeCode(limit = patience) {
    for (let next = await this.frame(limit); next; next = await this.frame(limit)) {
      if (next.opcode === op.close) return next.payload.length >= 2 ? next.payload.readUInt16BE() : 1005;
    }
    return null;
  }

  end() {
    this.socket.destroy();
  }
}
