import { io, type Socket } from 'socket.io-client';
import type { ClientToServer, Refusal, Reply, Requests, ServerToClient } from '../contract';

export type Link =
  | { state: 'connecting' }
  | { state: 'online'; transport: string }
  | { state: 'offline' }
  | { state: 'refused'; message: string };

/** Long enough after a drop on purpose for the other person to do something that will be missed. */
const pauseAfterDrop = 4000;
const usualDelay = 1000;

/** The stock client with one person's token, and a word for how it is connected. */
export class Connection {
  readonly socket: Socket<ServerToClient, ClientToServer>;
  link: Link = { state: 'connecting' };

  constructor(
    token: string,
    private readonly changed: () => void,
  ) {
    this.socket = io({ auth: { token }, withCredentials: true, forceNew: true, retries: 3, ackTimeout: 5000 });
    this.socket.on('connect', () => this.onConnect());
    this.socket.on('disconnect', () => this.become({ state: 'offline' }));
    this.socket.on('connect_error', (refusal) => this.onConnectError(refusal));
  }

  /** Asks, waits for the answer, and throws what the server refuses. The stock client asks again after a drop. */
  async ask<Event extends keyof Requests>(
    event: Event,
    payload: Requests[Event]['payload'],
  ): Promise<Requests[Event]['result']> {
    const emit = this.socket.emitWithAck.bind(this.socket) as (event: string, payload: object) => Promise<unknown>;
    const reply = (await emit(event, payload)) as Reply<Requests[Event]['result']>;
    if ('error' in reply) throw new Refused(reply.error);
    return reply;
  }

  /** Cuts the transport, as a tunnel would. The stock client comes back by itself. */
  drop(): void {
    this.socket.io.reconnectionDelay(pauseAfterDrop);
    this.socket.io.randomizationFactor(0);
    this.socket.io.engine.close();
  }

  private onConnect(): void {
    this.socket.io.reconnectionDelay(usualDelay);
    this.socket.io.randomizationFactor(0.5);
    const engine = this.socket.io.engine;
    engine.once('upgrade', () => this.become({ state: 'online', transport: engine.transport.name }));
    this.become({ state: 'online', transport: engine.transport.name });
  }

  private onConnectError(refusal: Error): void {
    // An inactive socket does not try again: the server has said no to the token.
    this.become(this.socket.active ? { state: 'offline' } : { state: 'refused', message: refusal.message });
  }

  private become(link: Link): void {
    this.link = link;
    this.changed();
  }
}

/** An answer of the form {error}. */
export class Refused extends Error {
  constructor(refusal: Refusal) {
    super(refusal.message);
  }
}
