// The stock clients of three generations behind one face.
import { once } from 'node:events';
import { io as io4 } from 'socket.io-client';
import { io as io3 } from 'sio3';
import io2 from 'sio2';
import { soon } from './wire.js';

export const versions = { 4.8: io4, 3.1: io3, 2.5: io2 };

export const ways = {
  polling: ['polling'],
  websocket: ['websocket'],
  upgrade: ['polling', 'websocket'],
};

/** The older client has no auth payload: its token is in the query, and its refusals come as `error`. */
export const isOld = (version) => version === '2.5';

export class Client {
  /** Begins to connect. */
  constructor(host, { version, way, namespace = '/', token, query, ...options }) {
    this.version = version;
    this.way = way;
    const auth = isOld(version) ? { query: { ...query, token } } : { auth: { token }, query };
    this.socket = versions[version](host.url + namespace, {
      forceNew: true,
      transports: ways[way],
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      ...(token === undefined ? { query } : auth),
      ...options,
    });
  }

  /** Waits until it is connected, on the transport that it is to end up with. */
  async connected() {
    if (!this.socket.connected) await this.next('connect');
    await this.upgraded();
    return this;
  }

  async upgraded() {
    const { engine } = this.socket.io;
    if (this.way === 'upgrade' && engine.transport.name !== 'websocket') {
      await soon(new Promise((resolve) => engine.once('upgrade', resolve)), 'the upgrade');
    }
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  /** The arguments of the next event. */
  next(event) {
    return soon(new Promise((resolve) => this.socket.once(event, (...args) => resolve(args))), event);
  }

  /** What the server says when it refuses the socket. */
  async refused() {
    const [error] = await this.next(isOld(this.version) ? 'error' : 'connect_error');
    return isOld(this.version) ? error : error.message;
  }

  emit(...event) {
    this.socket.emit(...event);
  }

  /** The arguments of the acknowledgement. */
  ask(...event) {
    return soon(new Promise((resolve) => this.socket.emit(...event, (...args) => resolve(args))), `the answer to ${event[0]}`);
  }

  /** Answers the events of that name by f. */
  answer(event, f) {
    this.socket.on(event, (...args) => args.pop()(...f(...args)));
  }

  /** Everything that arrived before has been seen once this returns. */
  async settle() {
    await this.ask('message-with-ack');
  }

  /** No connection comes about by itself. */
  async staysAway() {
    const back = once(this.socket, 'connect').then(() => true);
    const late = new Promise((resolve) => setTimeout(resolve, 200, false));
    return !(await Promise.race([back, late]));
  }

  /** Begins the upgrade of a client that was told not to. The generations name the way differently. */
  probe(moved) {
    const { engine } = this.socket.io;
    engine.once('upgrade', moved);
    (engine._probe ?? engine.probe).call(engine, 'websocket');
  }

  /** From here on the client keeps back what shows the server that it lives: its pongs, the older one its pings. */
  stopHeartbeat() {
    const { engine } = this.socket.io;
    if (isOld(this.version)) {
      clearTimeout(engine.pingIntervalTimer);
      clearTimeout(engine.pingTimeoutTimer); // nor does it give up by itself
      return;
    }
    const name = engine._sendPacket ? '_sendPacket' : 'sendPacket';
    const send = engine[name];
    engine[name] = (type, ...rest) => (type === 'pong' ? undefined : send.call(engine, type, ...rest));
  }

  close() {
    this.socket.disconnect();
  }
}

/** The value with a Buffer for whatever a client gives in its place. */
export function bytes(value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(bytes);
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, bytes(v)]));
  return value;
}
