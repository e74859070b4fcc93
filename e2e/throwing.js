// A page whose listener throws the first time that it is told of something bad. Its parent is told each title, and 'connect'; it
// says when the connection is to break.
import { io } from 'socket.io-client';

const [url, token] = process.argv.slice(2);
const socket = io(url, { transports: ['websocket'], auth: { token }, reconnectionDelay: 100 });
const known = new Set();

process.on('uncaughtException', () => {}); // as a browser has it
process.on('message', () => socket.io.engine.close());
socket.on('connect', () => process.send('connect'));
socket.on('notification.new', ({ title }) => {
  process.send(title);
  if (!title.startsWith('bad') || known.has(title)) return;
  known.add(title);
  throw new Error(title);
});
