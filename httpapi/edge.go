package httpapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

const handlerDeadline = 15 * time.Second

// withHeaders keeps what the API says out of caches, frames and other pages.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// withDeadline ends the request's context; the service heeds it.
func withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), handlerDeadline)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// withLog gives each request an id and writes one line about it: never a header, a query or a body. A panic ends
// with INTERNAL_ERROR for this request alone; an answer that has begun is cut off.
func withLog(log *slog.Logger, panicked func(), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := request{id: rand.Text(), log: log, panicked: panicked, start: time.Now()}
		w.Header().Set("X-Request-Id", req.id)
		answer := &recorder{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, &req))
		defer req.end(answer, r)
		next.ServeHTTP(answer, r)
	})
}

type requestKey struct{}

// request is what the log knows of a request.
type request struct {
	id       string
	log      *slog.Logger
	panicked func()
	start    time.Time
}

// requestOf is what the log knows; ctx is of a request that came through withLog.
func requestOf(ctx context.Context) *request { return ctx.Value(requestKey{}).(*request) }

// end runs deferred, so that it can recover.
func (q *request) end(answer *recorder, r *http.Request) {
	p := recover()
	cut := p != nil && answer.status != 0
	if p == http.ErrAbortHandler {
		panic(p)
	} else if p != nil {
		q.panicked()
		q.log.Error("panic in a request", "request", q.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if answer.status == 0 {
			q.internal().write(answer)
		}
	}
	q.log.Log(r.Context(), levelOf(answer.status), "request", "request", q.id, "peer", r.RemoteAddr, "method", r.Method,
		"path", clip(r.URL.Path), "status", answer.status, "took", time.Since(q.start))
	if cut {
		panic(http.ErrAbortHandler)
	}
}

func (q *request) internal() *errorAnswer {
	return refusal(dokkerr.InternalError, "internal error; the log says more under request "+q.id)
}

// clip keeps a stranger's path from filling the log.
func clip(path string) string { return path[:min(len(path), 128)] }

func levelOf(status int) slog.Level {
	switch {
	case status == http.StatusInternalServerError:
		return slog.LevelError
	case status > http.StatusInternalServerError:
		return slog.LevelWarn
	case status >= http.StatusBadRequest:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// recorder remembers the status that was sent.
type recorder struct {
	http.ResponseWriter
	status int // 0: nothing was sent
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
