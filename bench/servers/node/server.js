// The official Socket.IO server with the behaviour of examples/conformance -mode bench.
// node server.js <port> <secret> <ws|uws>
import { createRequire } from 'node:module';
import jwt from 'jsonwebtoken';
import { Server } from 'socket.io';

const [port, secret, engine] = process.argv.slice(2);
const io = new Server({ transports: ['polling', 'websocket'] });

io.use((socket, next) => {
  jwt.verify(socket.handshake.auth.token, secret, { algorithms: ['HS256'] }, (err, claims) => {
    if (err) return next(new Error('Invalid token'));
    socket.data.user = claims.sub;
    next();
  });
});

io.on('connection', (socket) => {
  socket.join([`user:${socket.data.user}`, 'bench']);
  socket.on('bench.broadcast', (m) => io.to('bench').emit('booking.updated', m));
  socket.on('bench.echo', (m, ack) => ack(m));
  socket.on('message.new', (m, ack) => {
    io.to(`user:${m.to}`).emit('message.new', m);
    ack({ ok: true });
  });
});

if (engine === 'uws') {
  const { App } = createRequire(import.meta.url)('@btc-vision/uwebsockets.js');
  const app = App();
  io.attachApp(app);
  app.listen('127.0.0.1', Number(port), (listening) => {
    if (!listening) throw new Error(`cannot listen on ${port}`);
  });
} else {
  const { createServer } = await import('node:http');
  const server = createServer();
  io.attach(server);
  server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
}
