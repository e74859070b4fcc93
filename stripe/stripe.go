// Package stripe turns what the payment provider tells into changes of payments: an HTTP handler for its webhook, and
// what it takes to ask which events never came.
package stripe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	maxBody      = 256 << 10       // bytes
	bodyDeadline = 5 * time.Second // from the end of the headers to the body's last byte
	answerWithin = time.Second     // from then on
	retryAfter   = "1"             // seconds
)

// Payments is who hears of events.
type Payments interface {
	Hear(ctx context.Context, in dokkerr.ProviderEvent) (dokkerr.ProviderEvent, error)
}

// Options configures a handler.
type Options struct {
	Secrets  [][]byte         // of the endpoint; two while they are exchanged
	Now      func() time.Time // nil: time.Now
	Logger   *slog.Logger     // nil: slog.Default()
	Panicked func()           // is told of a panic; nil: nobody
}

type handler struct {
	payments Payments // these five are fixed at birth
	secrets  [][]byte
	now      func() time.Time
	log      *slog.Logger
	panicked func()
}

// New returns the handler of the webhook (contract §5). It answers 200 once what was told is committed: applied, parked,
// of no interest, or known already. Other answers have the contract's form: 401 for a signature that is wrong, 409 for an
// id that came with another body, 503 when the outcome is not known within a second and the provider must send it again.
// Requests may run at once. It panics without a secret.
func New(payments Payments, o Options) http.Handler {
	if len(o.Secrets) == 0 {
		panic("stripe: no secret")
	}
	h := &handler{payments: payments, secrets: o.Secrets, now: o.Now, log: o.Logger, panicked: o.Panicked}
	if h.now == nil {
		h.now = time.Now
	}
	if h.log == nil {
		h.log = slog.Default()
	}
	if h.panicked == nil {
		h.panicked = func() {}
	}
	return withBody(http.TimeoutHandler(h, answerWithin, form(dokkerr.StorageUnavailable, "the outcome is not known yet")))
}

// withBody reads the body before the time for the answer runs: how long that takes is the sender's.
func withBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, dokkerr.NotFound, "not by this method; allowed: POST")
			return
		}
		body, err := readBody(w, r)
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			refuse(w, http.StatusRequestEntityTooLarge, dokkerr.PayloadTooLarge, "the body is larger than 262144 bytes")
		case err != nil:
			refuse(w, http.StatusBadRequest, dokkerr.ValidationError, "the body broke off, or took too long")
		default:
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		}
	})
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	// These fail on a connection that is closed, and reading tells that. The second is for net/http, which takes a deadline
	// that passes while the handler runs for a lost client.
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(bodyDeadline))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		_ = c.SetReadDeadline(time.Time{})
	}
	return body, err
}

// ServeHTTP takes a request whose body is in memory.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.catch(w)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, dokkerr.ValidationError, "the body broke off")
		return
	}
	s, err := parseSignature(r.Header.Values("Stripe-Signature"))
	if err == nil {
		err = s.verify(h.secrets, body, h.now())
	}
	if err != nil {
		h.log.Warn("webhook refused", "peer", r.RemoteAddr, "error", err)
		refuse(w, http.StatusUnauthorized, dokkerr.AuthError, err.Error())
		return
	}
	told, err := parseEvent(body)
	if err != nil {
		h.log.Warn("webhook refused", "peer", r.RemoteAddr, "error", err)
		refuse(w, http.StatusBadRequest, dokkerr.ValidationError, err.Error())
		return
	}
	heard, err := h.payments.Hear(r.Context(), told)
	h.answer(w, told, heard, err)
}

func (h *handler) answer(w http.ResponseWriter, told, heard dokkerr.ProviderEvent, err error) {
	log := h.log.With("event", told.ID, "type", told.Type)
	var e *dokkerr.Error
	switch {
	case errors.As(err, &e) && e.Code == dokkerr.IdempotencyConflict:
		log.Error("ALARM: the provider's event came again with another body: who else knows the secret?")
		refuse(w, http.StatusConflict, e.Code, e.Message)
	case err != nil:
		log.Error("webhook not stored", "error", err)
		unavailable(w)
	default:
		if heard.Outcome == dokkerr.Parked {
			log.Error("webhook parked: correct what does not fit, and let the provider send it again", "reason", heard.Reason)
		} else {
			log.Info("webhook", "outcome", heard.Outcome)
		}
		write(w, http.StatusOK, `{"outcome":"`+string(heard.Outcome)+`"}`)
	}
}

// catch is deferred, and answers a panic as it does a store that fails. http.TimeoutHandler, which runs the handler, would lose the
// stack, and the whole panic after its time.
func (h *handler) catch(w http.ResponseWriter) {
	if cause := recover(); cause != nil {
		h.log.Error("panic in a webhook", "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		h.panicked()
		unavailable(w)
	}
}

func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", retryAfter)
	refuse(w, http.StatusServiceUnavailable, dokkerr.StorageUnavailable, "the event was not stored; send it again")
}

func refuse(w http.ResponseWriter, status int, code dokkerr.Code, message string) {
	write(w, status, form(code, message))
}

// form is the contract's form of an error. The messages are this package's own, and have nothing to escape.
func form(code dokkerr.Code, message string) string {
	return `{"error":{"code":` + strconv.Quote(string(code)) + `,"message":` + strconv.Quote(message) + `}}`
}

func write(w http.ResponseWriter, status int, text string) {
	w.WriteHeader(status)
	// Of an error here only the connection knows, and it is gone.
	_, _ = io.WriteString(w, text+"\n")
}

// Listed is an event as the provider's list has it.
type Listed struct {
	ID, Type string
	Created  time.Time
}

// ReadList reads pages of the provider's list of events, {"data": [...]} each, one after the other.
func ReadList(r io.Reader) (list []Listed, err error) {
	for dec := json.NewDecoder(r); ; {
		var page struct {
			Data []event `json:"data"`
		}
		if err := dec.Decode(&page); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		for _, e := range page.Data {
			list = append(list, Listed{ID: e.ID, Type: e.Type, Created: time.Unix(e.Created, 0).UTC()})
		}
	}
}
