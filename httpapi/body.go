package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	maxBody      = 256 << 10        // bytes
	maxDepth     = 64               // of JSON nesting
	bodyDeadline = 10 * time.Second // from the end of the headers to the body's last byte
)

// withBodyDeadline bounds how long a body may take, also one that is refused unread: net/http reads a rest before it
// takes the next request.
func withBodyDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			setReadDeadline(w, time.Now().Add(bodyDeadline))
		}
		next.ServeHTTP(w, r)
	})
}

// setReadDeadline fails on a connection that is closed, and the next read tells that.
func setReadDeadline(w http.ResponseWriter, t time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(t)
}

// withBody reads the body before anything else sees it: bounded in size, time and depth, and JSON that has one meaning.
func withBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, refused := readBody(w, r)
		if refused != nil {
			refused.write(w)
			return
		}
		one, refused := checkBody(r.Header, body)
		if refused != nil {
			refused.write(w)
			return
		}
		// net/http takes a read deadline that passes while the handler runs for a lost client.
		setReadDeadline(w, time.Time{})
		r = r.WithContext(context.WithValue(r.Context(), digestKey{}, digest(r, one)))
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json") // the one spelling that huma knows
		next.ServeHTTP(w, r)
	})
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *errorAnswer) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refusal(dokkerr.PayloadTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxBody))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, refusal(dokkerr.ValidationError, fmt.Sprintf("the body did not arrive within %v", bodyDeadline))
	case err != nil:
		return nil, refusal(dokkerr.ValidationError, "the body broke off")
	}
	return body, nil
}

// checkBody returns the body in its one form.
func checkBody(h http.Header, body []byte) ([]byte, *errorAnswer) {
	if len(body) == 0 {
		return nil, nil
	}
	if !isJSON(h) {
		return nil, refusal(dokkerr.ValidationError, "the body must be JSON as it is: Content-Type application/json, no Content-Encoding")
	}
	one, err := canonical(body)
	if err != nil {
		return nil, refusal(dokkerr.ValidationError, "the body is not JSON that can be read: "+err.Error())
	}
	return one, nil
}

func isJSON(h http.Header) bool {
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return false
	}
	written := h.Get("Content-Type")
	if written == "" {
		return true
	}
	media, params, err := mime.ParseMediaType(written)
	charset := params["charset"]
	return err == nil && media == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// canonical returns JSON in its one form: names sorted, no spaces, numbers as written. It refuses what two readers could
// take for two things: a name twice in one object, bytes that are not UTF-8.
func canonical(data []byte) ([]byte, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("it is not UTF-8")
	}
	if !json.Valid(data) {
		return nil, errors.New("syntax error")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := value(dec, 0)
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// value reads one value of valid JSON.
func value(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return object(dec, depth)
	case json.Delim('['):
		return array(dec, depth)
	}
	return t, nil
}

func object(dec *json.Decoder, depth int) (any, error) {
	members := map[string]any{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := t.(string) // where a name is due, valid JSON has nothing else
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("%.64q is there twice", name)
		}
		if members[name], err = value(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return members, err
}

func array(dec *json.Decoder, depth int) (any, error) {
	elements := []any{}
	for dec.More() {
		v, err := value(dec, depth+1)
		if err != nil {
			return nil, err
		}
		elements = append(elements, v)
	}
	_, err := dec.Token()
	return elements, err
}

type digestKey struct{}

// digest is what a repeated request has in common with the first: method, route with its id, and body.
func digest(r *http.Request, canonical []byte) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n%s", r.Method, r.URL.EscapedPath(), canonical)
	return [32]byte(h.Sum(nil))
}

// Idempotent is the part of a write's input that makes a repetition harmless. It is exported for huma, which looks into no
// other embedded type.
type Idempotent struct {
	Key string `header:"Idempotency-Key" pattern:"^[!-~]{1,255}$" patternDescription:"1 to 255 visible ASCII characters" example:"5e7c1c1b-8a9a-4a61-8df0-2f7d6b9f0c11" doc:"Names this write: the same key and body again gets the same answer and has no second effect; another body is IDEMPOTENCY_CONFLICT. Kept for 30 days."`
}

// once is the key and what it stands for. ctx is of a request that came through withBody.
func (i Idempotent) once(ctx context.Context) dokkerr.Once {
	body, _ := ctx.Value(digestKey{}).([32]byte)
	return dokkerr.Once{Key: i.Key, Body: body}
}
