// Compiled, never run: what the types must allow, and what they must not.
import { io, type Socket } from 'socket.io-client';
import type { ClientToServer, Credentials, Refusal, Reply, Requests, ServerToClient } from '@dokkerr/realtime';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => undefined;

const auth: Credentials = { token: 'a.b.c', deviceId: 'tablet' };
const socket: Socket<ServerToClient, ClientToServer> = io('http://localhost:5174', { auth });

// From the server.
socket.on('message.new', (message, position) => {
  same<typeof message.seq, number>(true);
  same<typeof position, string | undefined>(true);
  // @ts-expect-error there is no such key
  message.body;
});
socket.on('payment.completed', ({ status }) => same<typeof status, 'completed' | 'refunded' | 'partially_refunded' | 'disputed'>(true));
socket.on('booking.cancelled', ({ reason }) => same<typeof reason, string>(true));
socket.on('presence.update', ({ lastSeen }) => same<typeof lastSeen, string | undefined>(true));
socket.on('error', (refusal) => same<typeof refusal, Refusal>(true));
socket.on('sync.gap', () => undefined);
// @ts-expect-error what is not durable has no position
socket.on('message.typing', (sign, position) => undefined);
// @ts-expect-error there is no such event
socket.on('message.sent', () => undefined);

// From the client.
const recipientId = '0b9c3a52';
socket.emit('message.new', { recipientId, content: 'Ahoy', type: 'text' }, (reply) => {
  // @ts-expect-error it may have been refused
  reply.seq;
  if ('error' in reply) same<typeof reply.error.code, Refusal['code']>(true);
  else same<typeof reply.seq, number>(true);
});
socket.volatile.emit('message.typing', { recipientId });
socket.emit('message.typing', { conversationId: recipientId }, (reply) => same<typeof reply, Reply<Requests['message.typing']['result']>>(true));
// @ts-expect-error one of the two, not both
socket.emit('message.typing', { conversationId: recipientId, recipientId });
// @ts-expect-error one of the two
socket.emit('message.typing', {});
// @ts-expect-error content is missing
socket.emit('message.new', { recipientId, type: 'text' }, () => undefined);
// @ts-expect-error there is no such type
socket.emit('message.new', { recipientId, content: 'Ahoy', type: 'image' }, () => undefined);
// @ts-expect-error the server sets the sender
socket.emit('message.new', { recipientId, content: 'Ahoy', type: 'text', senderId: recipientId }, () => undefined);
// @ts-expect-error a number
socket.emit('conversation.list', { limit: '5' }, () => undefined);
// @ts-expect-error nothing else is asked for
socket.emit('booking.list', { userId: recipientId }, () => undefined);
// @ts-expect-error only the server sends it
socket.emit('booking.updated', { bookingId: recipientId }, () => undefined);

export async function asks(): Promise<void> {
  const page = await socket.emitWithAck('notification.list', { limit: 10 });
  if (!('error' in page)) page.notifications.forEach(({ readAt }) => same<typeof readAt, string | undefined>(true));
  const answer = await socket.emitWithAck('sync', { since: '0' });
  if ('events' in answer) same<typeof answer.hasMore, boolean>(true);
  if ('gap' in answer) same<typeof answer.oldest, string>(true);
  // @ts-expect-error there is no such event
  await socket.emitWithAck('user.list', {});
}

// An application's own events.
interface Weather {
  wind: number;
}
const own: Socket<ServerToClient & { 'dock.weather': (weather: Weather, position: string) => void }, ClientToServer> = io();
own.on('dock.weather', ({ wind }) => same<typeof wind, number>(true));
own.on('message.new', ({ content }) => same<typeof content, string>(true));
