// A wire between client and server, on which things go wrong.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** One connection over the wire. Each direction waits for the one who reads, and ends behind what came before its end. */
class Strand {
  released = Promise.resolve();
  #held = false;
  #free = () => {};

  constructor(wire, near, far) {
    this.wire = wire;
    this.ends = [near, far];
    this.#lead(near, far, () => Infinity, () => false);
    this.#lead(far, near, () => wire.bytesPerSecond, (bytes) => wire.dooms(bytes));
  }

  #lead(from, to, speed, doomed) {
    let passed = Promise.resolve();
    const behind = async (end) => {
      await passed;
      await this.released;
      end();
    };
    from.on('data', async (bytes) => {
      if (doomed(bytes)) return this.cut();
      from.pause();
      passed = this.#pass(to, bytes, speed());
      await passed;
      if (!this.#held) from.resume();
    });
    from.on('end', () => behind(() => to.end()));
    from.on('error', () => {}); // its close follows
    from.on('close', () => {
      this.wire.strands.delete(this);
      behind(() => to.destroy());
    });
  }

  async #pass(to, bytes, speed) {
    const tenth = Math.min(bytes.length, Math.ceil(speed / 10));
    for (let at = 0; at < bytes.length && !to.destroyed; at += tenth) {
      to.write(bytes.subarray(at, at + tenth));
      if (speed < Infinity) await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  hold() {
    this.#held = true;
    this.released = new Promise((resolve) => {
      this.#free = resolve;
    });
    for (const end of this.ends) end.pause();
  }

  release() {
    this.#held = false;
    this.#free();
    for (const end of this.ends) end.resume();
  }

  cut() {
    for (const end of this.ends) end.destroy();
  }
}

export class Wire {
  strands = new Set();
  whole = true;
  bytesPerSecond = Infinity; // towards the client
  #last; // what the next connection that would bring it to the client dies of

  /** Lays a wire to a port, until the test ends. */
  static async lay(t, port) {
    const wire = new Wire();
    wire.proxy = createServer((near) => {
      if (!wire.whole) return near.destroy();
      wire.strands.add(new Strand(wire, near, connect(port, '127.0.0.1')));
    });
    wire.proxy.listen(0, '127.0.0.1');
    await once(wire.proxy, 'listening');
    wire.url = `http://localhost:${wire.proxy.address().port}`;
    t.after(() => {
      wire.cut();
      wire.proxy.close();
    });
    return wire;
  }

  /** Ends all connections, and lets none begin. */
  cut() {
    this.whole = false;
    for (const strand of this.strands) strand.cut();
  }

  mend() {
    this.whole = true;
  }

  /** Keeps what is on its way on the connections of now, in both directions, until they are released. */
  hold() {
    const held = [...this.strands];
    for (const strand of held) strand.hold();
    return () => held.forEach((strand) => strand.release());
  }

  /** The next connection that would bring this text to the client dies of it. Returns a promise of that. */
  cutBefore(text) {
    return new Promise((resolve) => {
      this.#last = { text, resolve };
    });
  }

  dooms(bytes) {
    const last = this.#last;
    if (!last || !bytes.includes(last.text)) return false;
    this.#last = undefined;
    last.resolve();
    return true;
  }
}
