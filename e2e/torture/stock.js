// A process of stock clients. Each line that it reads is for one device: {device, open: {url, token, transports}} or
// {device, send}. Each line that it writes is of one: {device, recovered} on every connect, {device, message}, {device, ack},
// or {device, refused}. A Socket sends again what was not answered, by the client's own retries.
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const sockets = new Map();

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

function open(device, { url, token, transports }) {
  const socket = io(url, {
    forceNew: true, transports, auth: { token }, retries: 1e6, ackTimeout: 5000, reconnectionDelay: 20, reconnectionDelayMax: 200,
  });
  socket.on('connect', () => tell({ device, recovered: socket.recovered }));
  socket.on('connect_error', ({ message }) => socket.active || tell({ device, refused: message }));
  socket.on('message.new', (message) => tell({ device, message }));
  sockets.set(device, socket);
}

function send(device, payload) {
  sockets.get(device).emit('message.new', payload, (error, answer) => {
    if (error) tell({ device, refused: error.message });
    else tell({ device, ack: [answer] });
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const { device, ...order } = JSON.parse(line);
  if (order.open) open(device, order.open);
  else send(device, order.send);
}
process.exit();
