// The official server with its recovery on, as far as its guide goes: each user has a room. Its parent is told {port}.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { connectionStateRecovery: {} });

io.use((socket, next) => {
  socket.data.user = JSON.parse(Buffer.from(socket.handshake.auth.token.split('.')[1], 'base64url')).id;
  next();
});

io.on('connection', (socket) => {
  socket.join(`user:${socket.data.user}`);
  socket.on('message.new', ({ recipientId, content }, ack) => {
    io.to(`user:${recipientId}`).emit('message.new', { senderId: socket.data.user, content });
    ack({ seq: 1 });
  });
});

http.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send({ port: http.address().port }));
process.on('disconnect', () => process.exit());
