// Networks that hurt, between a client and the server: a TCP proxy that delays and cuts, and a hop that loses answers.
import { once } from 'node:events';
import { Agent, createServer as createWebServer, request } from 'node:http';
import { connect, createServer } from 'node:net';

/**
 * A TCP proxy. `judge` is asked about each chunk: judge(way, text, link), where way is 'up' (to the server) or 'down'. It answers
 * undefined to let it pass, a number to hold it and all that follows that way for so many milliseconds, 'swallow' to lose it
 * without a word, or 'cut' to lose it with the connection. The server's WebSocket frames can be read in text, the client's are masked.
 */
export class Proxy {
  judge = () => undefined;
  #links = new Set();

  static async start(target) {
    const proxy = new Proxy();
    proxy.server = createServer((socket) => proxy.#carry(socket, connect(target, '127.0.0.1')));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  #carry(client, server) {
    const link = { cut: () => [client, server].forEach((end) => end.destroy()) };
    this.#links.add(link);
    for (const end of [client, server]) {
      end.setNoDelay(true);
      end.on('error', link.cut);
      end.on('close', () => {
        link.cut();
        this.#links.delete(link);
      });
    }
    this.#forward(client, server, 'up', link);
    this.#forward(server, client, 'down', link);
  }

  /** Passes on what comes, in order, each chunk when those before it have gone. */
  #forward(from, to, way, link) {
    let last = Promise.resolve();
    const pass = async (chunk) => {
      const verdict = this.judge(way, chunk.toString('latin1'), link);
      if (verdict === 'cut') link.cut();
      if (typeof verdict === 'number') await new Promise((resolve) => setTimeout(resolve, verdict));
      if (typeof verdict !== 'string' && !to.destroyed) to.write(chunk);
    };
    from.on('data', (chunk) => (last = last.then(() => pass(chunk))));
    from.on('end', () => (last = last.then(() => to.end())));
  }

  /** Ends all connections. */
  cut() {
    for (const { cut } of this.#links) cut();
  }

  async close() {
    this.server.close();
    this.cut();
    await once(this.server, 'close');
  }
}

/**
 * An HTTP hop whose connection to the server breaks when the answer is due, and which then asks again, as proxies and browsers do:
 * the same method, URL and body. `loses(method, url)` says of which requests.
 */
export class Hop {
  loses = () => false;

  static async start(target) {
    const hop = new Hop();
    hop.agent = new Agent();
    hop.target = target;
    hop.server = createWebServer((asked, answer) => hop.#pass(asked, answer)).listen(0, '127.0.0.1');
    await once(hop.server, 'listening');
    hop.url = `http://127.0.0.1:${hop.server.address().port}`;
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

  async close() {
    this.server.close();
    this.server.closeAllConnections();
    this.agent.destroy();
    await once(this.server, 'close');
  }
}
