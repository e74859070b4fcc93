package main

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"
)

// withRequestID names each request in its answer and, at level debug, in the log: never with its query, which holds the session's
// id, nor a header. A WebSocket's answer is the engine's own and has no name.
func withRequestID(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, start := rand.Text(), time.Now()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r)
		log.Debug("request", "request", id, "peer", r.RemoteAddr, "method", r.Method, "path", "/socket.io/", "took", time.Since(start))
	})
}
