// The stock client, with a memory of what it was told.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { io as stock } from 'socket.io-client';

export const transports = {
  polling: ['polling'],
  websocket: ['websocket'],
  upgrade: ['polling', 'websocket'],
};

const patience = 8000;

const durable = new Set([
  'message.new', 'message.read',
  'booking.created', 'booking.updated', 'booking.cancelled',
  'payment.processing', 'payment.completed', 'payment.failed',
  'notification.new', 'dock.inspected',
]);

/** A client of the package, or of another build of it (`io`). */
export class Client {
  /** Everything the socket was told, in order: {name, args, taken}. */
  events = [];
  #wake = () => {};

  constructor(url, { io = stock, ...options }) {
    this.socket = io(url, { forceNew: true, reconnectionDelay: 100, ...options });
    this.socket.onAny((name, ...args) => {
      this.events.push({ name, args, taken: false });
      this.#wake();
    });
  }

  /** Connects, and waits for the upgrade when there is one to wait for. */
  static async connect(url, options) {
    const client = new Client(url, options);
    await client.connected();
    if (options.transports?.length === 2) await client.upgraded();
    return client;
  }

  async connected() {
    if (this.socket.connected) return;
    await new Promise((resolve, reject) => {
      this.socket.once('connect', resolve);
      this.socket.once('connect_error', (error) => this.socket.active || reject(error));
    });
  }

  async upgraded() {
    const { engine } = this.socket.io;
    if (engine.transport.name !== 'websocket') await new Promise((resolve) => engine.once('upgrade', resolve));
  }

  /** The error with which the server refuses this socket. */
  async refused() {
    const [error] = await once(this.socket, 'connect_error');
    return error;
  }

  ask(name, ...payload) {
    return this.socket.timeout(patience).emitWithAck(name, ...payload);
  }

  emit(name, ...payload) {
    this.socket.emit(name, ...payload);
  }

  /** The payload of the next event of that name, as soon as it is there. Each event is given once. */
  next(name, where) {
    return this.nextWithin(patience, name, where);
  }

  async nextWithin(milliseconds, name, where = () => true) {
    const deadline = Date.now() + milliseconds;
    for (;;) {
      const found = this.events.find((event) => !event.taken && event.name === name && where(event.args[0]));
      if (found) {
        found.taken = true;
        return found.args[0];
      }
      await this.#news(deadline, name);
    }
  }

  async #news(deadline, name) {
    await new Promise((resolve, reject) => {
      const told = this.events.map((event) => event.name).join(', ');
      const timer = setTimeout(() => reject(new Error(`no ${name}; told: ${told || 'nothing'}`)), deadline - Date.now());
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The names of what was told and nobody asked next() for. */
  untaken() {
    return this.events.filter((event) => !event.taken && event.name !== 'presence.update').map((event) => event.name);
  }

  /** The payloads of the events of that name that it was told, in order. */
  told(name) {
    return this.events.filter((event) => event.name === name).map(({ args }) => args[0]);
  }

  /** The titles of the notifications it was told, in order. */
  titles() {
    return this.told('notification.new').map(({ title }) => title);
  }

  /** The texts of the messages it was told, in order. */
  contents() {
    return this.told('message.new').map(({ content }) => content);
  }

  /** It is told exactly these notifications, the last of them now. */
  async hears(titles) {
    await this.next('notification.new', ({ title }) => title === titles.at(-1));
    assert.deepEqual(this.titles(), titles);
  }

  /** Loses the connection without a word: with what is on its way where the client has hold of it. */
  drop() {
    const { engine } = this.socket.io;
    if (engine.transport.ws) engine.transport.ws._socket.destroy();
    else engine.close();
  }

  close() {
    this.socket.disconnect();
  }

  /** Durable events, and only they, end with a position: of one user, and rising. */
  checkPositions() {
    let last = { tag: undefined, number: 0n };
    for (const { name, args } of this.events) {
      assert.ok(args[0] !== null && typeof args[0] === 'object', `${name} carries an object`);
      assert.equal(args.length, durable.has(name) ? 2 : 1, `${name} has ${args.length} arguments`);
      if (!durable.has(name)) continue;
      assert.match(args[1], /^[^.\s]+\.(0|[1-9]\d{0,18})$/, `${name} ends with a position`);
      const [tag, number] = args[1].split('.');
      assert.ok(BigInt(number) > last.number, `${name}: ${number} comes after ${last.number}`);
      assert.equal(tag, last.tag ?? tag, `${name} is of the same user`);
      last = { tag, number: BigInt(number) };
    }
  }
}
