package engineio

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// AdmitError is the answer to a handshake that Options.Admit refuses.
type AdmitError struct {
	Status     int           // 403, or 503 to have the client come back; 0: 403
	Message    string        // of {"code":4,"message":...}; "": Forbidden
	RetryAfter time.Duration // sent as Retry-After, in seconds, unless 0
}

func (e *AdmitError) Error() string { return "engineio: handshake refused: " + e.Message }

// refusal is an answer to a request that cannot be served (wire.md §1).
type refusal struct {
	status     int
	code       int
	message    string
	retryAfter time.Duration
	header     [2]string // one more header
}

var (
	unknownTransport   = &refusal{status: http.StatusBadRequest, code: 0, message: "Transport unknown"}
	unknownSession     = &refusal{status: http.StatusBadRequest, code: 1, message: "Session ID unknown"}
	badHandshakeMethod = &refusal{status: http.StatusBadRequest, code: 2, message: "Bad handshake method"}
	badRequest         = &refusal{status: http.StatusBadRequest, code: 3, message: "Bad request"}
	forbidden          = &refusal{status: http.StatusForbidden, code: 4, message: "Forbidden"}
	unsupportedVersion = &refusal{status: http.StatusBadRequest, code: 5, message: "Unsupported protocol version"}
	methodNotAllowed   = &refusal{status: http.StatusMethodNotAllowed, code: 3, message: "Bad request", header: [2]string{"Allow", "GET, POST"}}
	tooLarge           = &refusal{status: http.StatusRequestEntityTooLarge, code: 3, message: "Bad request"}
	upgradeRequired    = &refusal{status: http.StatusUpgradeRequired, code: 3, message: "Bad request", header: [2]string{"Sec-WebSocket-Version", "13"}}
	shuttingDown       = &refusal{status: http.StatusServiceUnavailable, code: 4, message: "Server is shutting down", retryAfter: time.Second}
)

func refuseAdmission(err error) *refusal {
	var admit *AdmitError
	if !errors.As(err, &admit) {
		return forbidden
	}
	return &refusal{
		status:     cmp.Or(admit.Status, http.StatusForbidden),
		code:       forbidden.code,
		message:    cmp.Or(admit.Message, forbidden.message),
		retryAfter: admit.RetryAfter,
	}
}

func (f *refusal) write(w http.ResponseWriter) {
	body, err := json.Marshal(struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{f.code, f.message})
	if err != nil {
		http.Error(w, f.message, f.status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if f.header[0] != "" {
		h.Set(f.header[0], f.header[1])
	}
	if f.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retryAfter.Seconds()))))
	}
	w.WriteHeader(f.status)
	w.Write(body) // a client that is gone needs no answer
}
