// Starts the built server, and speaks to it as the back end does.
import { spawn } from 'node:child_process';
import { createHmac, randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const binary = new URL('../bin/dokkerrd', import.meta.url).pathname;

/** For tests of so much at once that the product would slow it. */
export const unlimited = { LIMITS: 'events=off,messages=off,userEvents=off,userConnections=1000,keyRequests=off' };

export async function freePort() {
  for (;;) {
    const port = randomInt(10_000, 32_768); // those from there on the system gives to connections, which could take one before the server
    const probe = createServer().listen(port, '127.0.0.1');
    try {
      await once(probe, 'listening');
    } catch (error) {
      if (error.code === 'EADDRINUSE') continue;
      throw error;
    }
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

export class Server {
  secret = randomUUID() + randomUUID();
  serviceKey = randomUUID() + randomUUID();
  output = '';

  /** Starts `dokkerrd <command>` with a data folder of its own, and waits until it is ready. */
  static async start({ command = 'serve', env = {} } = {}) {
    const server = new Server();
    server.command = command;
    server.port = await freePort();
    server.url = `http://localhost:${server.port}`;
    server.folder = await mkdtemp(join(tmpdir(), 'dokkerr-'));
    server.extraEnv = env;
    await server.launch();
    return server;
  }

  async launch() {
    this.process = spawn(binary, [this.command], {
      cwd: this.folder,
      env: { ...this.environment(), ...this.extraEnv },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (text) => (this.output += text));
    await this.untilReady();
  }

  /** What a server and its tools are configured with. */
  environment() {
    return {
      PATH: process.env.PATH,
      HOME: this.folder,
      HOST: '127.0.0.1',
      PORT: String(this.port),
      JWT_SECRET: this.secret,
      SERVICE_KEYS: this.serviceKey,
      DATABASE_URL: join(this.folder, 'dokkerr.db'),
    };
  }

  async untilReady() {
    const deadline = Date.now() + 20_000;
    while (this.process.exitCode === null && Date.now() < deadline) {
      const ready = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (ready?.ok) return;
      await pause(25);
    }
    this.process.kill('SIGKILL');
    throw new Error(`the server did not become ready:\n${this.output}`);
  }

  /** Runs another command beside the server, on its data, and returns its exit code and what it printed. */
  async run(...args) {
    const tool = spawn(binary, args, { cwd: this.folder, env: this.environment(), stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    tool.stdout.on('data', (text) => (output += text));
    const [code] = await once(tool, 'close');
    return { code, output };
  }

  /** Ends the process as an operator does, and keeps the data. */
  async halt() {
    this.process.kill('SIGTERM');
    const [code] = this.process.exitCode === null ? await once(this.process, 'exit') : [this.process.exitCode];
    if (code !== 0) throw new Error(`the server ended with code ${code}:\n${this.output}`);
  }

  /** Ends the process as a power cut does, and keeps the data. */
  async kill(signal = 'SIGKILL') {
    this.process.kill(signal);
    await once(this.process, 'exit');
  }

  async stop() {
    await this.halt();
    await rm(this.folder, { recursive: true });
  }

  /** Signs a token with the server's secret. Claims that are undefined are left out. */
  token(user, claims = {}) {
    const seconds = Math.floor(Date.now() / 1000);
    const body = { id: user, role: 'boater', iat: seconds, exp: seconds + 3600, ...claims };
    const text = [{ alg: 'HS256', typ: 'JWT' }, body].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    return `${text.join('.')}.${createHmac('sha256', this.secret).update(text.join('.')).digest('base64url')}`;
  }

  /** Calls a route as the back end. */
  async call(method, path, body, { key = this.serviceKey, idempotencyKey } = {}) {
    const headers = {};
    if (key) headers['Authorization'] = `Bearer ${key}`;
    if (body) headers['Content-Type'] = 'application/json';
    if (idempotencyKey) headers['Idempotency-Key'] = idempotencyKey;
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
  }

  /** The same, for calls that must succeed. */
  async put(path, body) {
    return this.expectSuccess('PUT', path, body);
  }

  async post(path, body) {
    return this.expectSuccess('POST', path, body);
  }

  async expectSuccess(method, path, body) {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}
