// Networks that hurt, between a client and the server: a TCP proxy that delays, holds and cuts, and a hop that loses answers.
import { once } from 'node:events';
import { Agent, createServer as createWebServer, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** One connection through the proxy. What comes is passed on in order, each chunk behind those before it, and so is the end. */
class Link {
  #released = Promise.resolve();

  constructor(proxy, client, server) {
    this.proxy = proxy;
    this.ends = [client, server];
    this.#forward(client, server, 'up');
    this.#forward(server, client, 'down');
  }

  #forward(from, to, way) {
    let last = Promise.resolve();
    const behind = (work) => (last = last.then(work));
    from.setNoDelay(true);
    from.on('data', async (chunk) => {
      from.pause(); // so that a slow line slows who sends
      await behind(() => this.#pass(to, way, chunk));
      from.resume();
    });
    from.on('end', () => behind(() => this.#released.then(() => to.end())));
    from.on('error', () => {}); // its close follows
    from.on('close', () => behind(() => this.#released.then(() => to.destroy())));
  }

  async #pass(to, way, chunk) {
    await this.#released;
    const verdict = this.proxy.judge(way, chunk.toString('latin1'), this);
    if (verdict === 'cut') this.cut();
    if (typeof verdict === 'number') await pause(verdict);
    if (typeof verdict !== 'string') await this.#write(to, chunk, way === 'down' ? this.proxy.bytesPerSecond : Infinity);
  }

  async #write(to, chunk, speed) {
    const tenth = Math.min(chunk.length, Math.ceil(speed / 10));
    for (let at = 0; at < chunk.length && !to.destroyed; at += tenth) {
      to.write(chunk.subarray(at, at + tenth));
      if (speed < Infinity) await pause(100);
    }
  }

  /** Keeps what is on its way, in both directions, until the returned function is called. */
  hold() {
    let release;
    this.#released = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  cut() {
    for (const end of this.ends) end.destroy();
  }
}

/**
 * A TCP proxy, until the test ends. `judge` is asked about each chunk: judge(way, text, link), where way is 'up' (to the server) or
 * 'down'. It answers undefined to let it pass, a number to hold it and all that follows that way for so many milliseconds, 'swallow' to
 * lose it without a word, or 'cut' to lose it with the connection. The server's WebSocket frames can be read in text, the client's are
 * masked.
 */
export class Proxy {
  judge = () => undefined;
  bytesPerSecond = Infinity; // towards the client
  #whole = true;
  #links = new Set();

  static async start(t, target) {
    const proxy = new Proxy();
    proxy.server = createServer((client) => proxy.#carry(client, target)).listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    t.after(() => {
      proxy.cut();
      proxy.server.close();
    });
    return proxy;
  }

  #carry(client, target) {
    if (!this.#whole) return client.destroy();
    const link = new Link(this, client, connect(target, '127.0.0.1'));
    this.#links.add(link);
    Promise.all(link.ends.map((end) => new Promise((closed) => end.once('close', closed)))).then(() => this.#links.delete(link));
  }

  /** Ends all connections, and lets none begin until mend. */
  cut() {
    this.#whole = false;
    for (const link of this.#links) link.cut();
  }

  mend() {
    this.#whole = true;
  }

  /** Keeps what is on its way on the connections of now until the returned function is called. */
  hold() {
    const releases = [...this.#links].map((link) => link.hold());
    return () => releases.forEach((release) => release());
  }

  /** The next connection that would bring this text to the client dies of it. Returns a promise of that. */
  cutBefore(text) {
    const { judge } = this;
    return new Promise((resolve) => {
      this.judge = (way, chunk, link) => {
        if (way === 'up' || !chunk.includes(text)) return judge(way, chunk, link);
        this.judge = judge;
        resolve();
        return 'cut';
      };
    });
  }
}

/**
 * An HTTP hop whose connection to the server breaks when the answer is due, and which then asks again, as proxies and browsers do:
 * the same method, URL and body. `loses(method, url)` says of which requests.
 */
export class Hop {
  loses = () => false;

  static async start(t, target) {
    const hop = new Hop();
    hop.agent = new Agent();
    hop.target = target;
    hop.server = createWebServer((asked, answer) => hop.#pass(asked, answer)).listen(0, '127.0.0.1');
    await once(hop.server, 'listening');
    hop.url = `http://127.0.0.1:${hop.server.address().port}`;
    t.after(() => hop.#close());
    return hop;
  }

  async #pass(asked, answer) {
    try {
      const body = Buffer.concat(await asked.toArray());
      if (this.loses(asked.method, asked.url)) await this.#ask(asked, body);
      const { status, headers, content } = await this.#ask(asked, body);
      answer.writeHead(status, headers).end(content);
    } catch {
      answer.destroy(); // the client or the server has left
    }
  }

  /** Resolves with the whole answer. Who left is not asked for any longer. */
  #ask({ method, url, headers, socket }, body) {
    return new Promise((resolve, reject) => {
      const { agent, target: port } = this;
      const asking = request({ host: '127.0.0.1', port, method, path: url, headers, agent }, async (answer) => {
        const content = Buffer.concat(await answer.toArray());
        resolve({ status: answer.statusCode, headers: answer.headers, content });
      });
      asking.on('error', reject);
      socket.once('close', () => asking.destroy());
      asking.end(body);
    });
  }

  async #close() {
    this.server.close();
    this.server.closeAllConnections();
    this.agent.destroy();
    await once(this.server, 'close');
  }
}
