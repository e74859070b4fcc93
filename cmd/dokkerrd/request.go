package main

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// requests watches what is asked of the routes that are not httpapi's, which watches its own.
type requests struct {
	log      *slog.Logger // fixed at birth
	panicked func()       // fixed at birth
}

// watch names each request in its answer and, at level debug, in the log: never with its query, which holds the session's id, nor a
// header. A panic ends with INTERNAL_ERROR for this request alone. A WebSocket's answer is the engine's own and has no name.
func (q requests) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, start := rand.Text(), time.Now()
		w.Header().Set("X-Request-Id", id)
		answer := &begun{ResponseWriter: w}
		defer func() {
			if cause := recover(); cause != nil {
				q.fail(answer, id, cause)
			}
			q.log.Debug("request", "request", id, "peer", r.RemoteAddr, "method", r.Method, "route", r.Pattern, "took", time.Since(start))
		}()
		next.ServeHTTP(answer, r)
	})
}

// fail runs deferred, so that the stack is that of the panic. An answer that has begun is cut off.
func (q requests) fail(answer *begun, id string, cause any) {
	if cause != http.ErrAbortHandler {
		q.log.Error("panic in a request", "request", id, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		q.panicked()
	}
	if cause == http.ErrAbortHandler || answer.has {
		panic(http.ErrAbortHandler)
	}
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(http.StatusInternalServerError)
	// Of an error only the connection knows, and it is gone.
	_, _ = io.WriteString(answer, `{"error":{"code":"INTERNAL_ERROR","message":"internal error; the log says more under request `+id+`"}}`+"\n")
}

// begun knows whether an answer has begun.
type begun struct {
	http.ResponseWriter
	has bool
}

// WriteHeader implements http.ResponseWriter.
func (b *begun) WriteHeader(status int) {
	b.has = true
	b.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (b *begun) Write(p []byte) (int, error) {
	b.has = true
	return b.ResponseWriter.Write(p)
}

// Hijack implements http.Hijacker.
func (b *begun) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	b.has = true
	return http.NewResponseController(b.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach the connection.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }
