// Package realtime is the root of Dokkerr Realtime. It holds no code: the server is cmd/dokkerrd, the Socket.IO library is
// socketio, and its tests here keep the house in order.
package realtime
