// Engine.IO by hand: long-polling by fetch, WebSocket by ws. Both transports have the same methods, and
// answer the server's pings while a packet is waited for.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';

export const separator = '\x1e';
export const patience = 8000;

/** One request and the whole answer. */
export async function request(url, options) {
  const response = await fetch(url, { signal: AbortSignal.timeout(patience), ...options });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** What must not take longer than anything here should. */
export async function soon(promise, what, limit = patience) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limit} ms for ${what}`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function opening(packet) {
  assert.equal(packet[0], '0', `the first packet is ${packet}`);
  return JSON.parse(packet.slice(1));
}

export class Polling {
  static transport = 'polling';
  #received = [];

  static async open(host, query = 'EIO=4') {
    const { status, body } = await request(host.at(`${query}&transport=polling`));
    assert.equal(status, 200, body);
    const session = new Polling();
    session.host = host;
    session.opening = opening(body);
    session.sid = session.opening.sid;
    session.url = host.at(`${query}&transport=polling&sid=${session.sid}`);
    return session;
  }

  get(options) {
    return request(this.url, options);
  }

  post(body, options) {
    return request(this.url, { method: 'POST', body, headers: { 'Content-Type': 'text/plain;charset=UTF-8' }, ...options });
  }

  /** Sends packets, in one body. A Buffer is a binary message. */
  async send(...packets) {
    const body = packets.map((packet) => (Buffer.isBuffer(packet) ? `b${packet.toString('base64')}` : packet)).join(separator);
    return this.post(body);
  }

  /** The next packet that is no ping. */
  async next() {
    while (this.#received.length === 0) {
      const { status, body } = await this.get();
      if (status !== 200) throw new Error(`a GET was answered ${status} ${body}`);
      for (const packet of body.split(separator)) {
        if (packet === '2') await this.post('3');
        else this.#received.push(packet[0] === 'b' ? Buffer.from(packet.slice(1), 'base64') : packet);
      }
    }
    return this.#received.shift();
  }

  /** Waits until the session is gone, and returns what its last GET said: '1' or '6', or nothing. */
  async ended() {
    const deadline = Date.now() + patience;
    for (let last; ; ) {
      assert.ok(Date.now() < deadline, 'the session does not end');
      const { status, body } = await this.get();
      if (status !== 200) {
        assert.equal(body, '{"code":1,"message":"Session ID unknown"}');
        return last;
      }
      last = body.split(separator).findLast((packet) => packet === '1' || packet === '6');
      if (body.split(separator).includes('2') && last === undefined) await this.post('3');
    }
  }

  async close() {
    await this.post('1').catch(() => {});
  }
}

export class Streaming {
  static transport = 'websocket';
  #received = [];
  #wake = () => {};

  static async open(host, query = 'EIO=4', options) {
    const session = new Streaming(host, `${query}&transport=websocket`, options);
    session.opening = opening(await session.next());
    session.sid = session.opening.sid;
    return session;
  }

  /** Any WebSocket, of a session or for its upgrade. */
  constructor(host, query, options) {
    this.host = host;
    this.socket = new WebSocket(host.at(query).replace('http', 'ws'), { perMessageDeflate: false, ...options });
    this.socket.on('message', (data, isBinary) => this.#take(isBinary ? data : String(data)));
    this.socket.on('error', (error) => (this.error = error));
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.gone = true;
        this.#wake();
      });
    });
    this.connected = new Promise((resolve) => {
      this.socket.on('open', () => resolve(true));
      this.closed.then(() => resolve(false));
    });
  }

  #take(packet) {
    this.#received.push(packet);
    this.#wake();
  }

  async send(...packets) {
    await this.connected;
    for (const packet of packets) this.socket.send(packet);
  }

  /** The next packet, pings too. */
  async nextOfAll() {
    while (this.#received.length === 0) {
      if (this.gone) throw new Error(`closed${this.error ? `: ${this.error.message}` : ''}`);
      await soon(new Promise((resolve) => (this.#wake = resolve)), 'a packet');
    }
    return this.#received.shift();
  }

  /** The next packet that is no ping. */
  async next() {
    for (;;) {
      const packet = await this.nextOfAll();
      if (packet !== '2') return packet;
      this.socket.send('3');
    }
  }

  /** Waits until the connection is closed, and returns the close code: 1005 if there was none. */
  async ended() {
    const { code } = await soon(this.closed, 'the end of a WebSocket');
    return code;
  }

  close() {
    this.socket.close();
    return this.closed;
  }
}

export const transports = [Polling, Streaming];
