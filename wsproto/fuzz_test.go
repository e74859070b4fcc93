package wsproto

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// FuzzReader: no stream makes a Reader panic, the slicing makes no difference, no
// message breaks the limits, and no buffer is more than double what arrived.
func FuzzReader(f *testing.F) {
	for _, c := range slices.Concat(streamCases(), deflateCases()) {
		if len(c.stream) < 4096 {
			f.Add(c.stream, uint64(1), uint16(c.limits.MaxMessage), uint16(c.limits.MaxFragments), c.limits.Deflate)
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64, maxMessage, maxFragments uint16, deflate bool) {
		limits := Reader{MaxMessage: int(maxMessage), MaxFragments: int(maxFragments), Deflate: deflate}
		want := readAll(limits, [][]byte{stream})
		for _, e := range want.events {
			if len(e.data) > limits.maxMessage() && !e.op.control() || len(e.data) > maxControl && e.op.control() {
				t.Errorf("opcode %d of %d bytes got through", e.op, len(e.data))
			}
		}
		sliced := cut(stream, rand.New(rand.NewPCG(seed, 0)))
		for name, pieces := range map[string][][]byte{"bytes": byteByByte(stream), "pieces": sliced} {
			if got := readAll(limits, pieces); !reflect.DeepEqual(got, want) {
				t.Errorf("in %s %v, whole %v", name, short(got), short(want))
			}
		}
		checkBuffers(t, limits, sliced)
	})
}

// checkBuffers: what waits is in a buffer no more than double its size, and no
// bigger than the limit, nor than the frame if that is the whole message.
func checkBuffers(t *testing.T, r Reader, pieces [][]byte) {
	for _, p := range pieces {
		err := r.Feed(append([]byte(nil), p...), func(Opcode, []byte) error { return nil })
		if err != nil || r.rest == nil {
			continue
		}
		s, most := r.rest, min(max(firstBuffer, 2*len(r.rest.message)), r.maxMessage())
		if s.fragments == 1 && s.frame.fin && !s.frame.op.control() {
			most = min(most, len(s.message)+s.left)
		}
		if cap(s.message) > most {
			t.Errorf("a buffer of %d bytes for %d", cap(s.message), len(s.message))
		}
	}
}

// FuzzInflate: no compressed message makes a Reader panic; it inflates to what the standard library makes of
// it, or is refused if that refuses it; its buffer ends at the limit, and is no more than double what it holds.
func FuzzInflate(f *testing.F) {
	for _, payload := range []string{"", "\x00", "\x01", "\x03\x00\x00", "\xf2\x48\xcd\xc9\xc9\x07\x00", "\x00\x05\x00\xfa\xffHello\x00",
		squeeze(unicodeText, flate.BestCompression), squeeze(unicodeText, flate.HuffmanOnly), squeezeFinal(unicodeText) + "\x00",
		bomb(100_000), farCopy(1), farCopy(7)} {
		f.Add([]byte(payload), uint16(2000))
	}
	f.Fuzz(func(t *testing.T, payload []byte, limit uint16) {
		got, err := inflate(payload, int(limit))
		want, failed := standardInflate(payload, int(limit))
		switch tooBig := len(want) > int(limit); {
		case err == nil && (failed != nil || tooBig || !bytes.Equal(got, want)):
			t.Errorf("inflated to %.100q, the standard library to %.100q, %v", got, want, failed)
		case err != nil && failed == nil && !tooBig:
			t.Errorf("refused with %v, the standard library inflates to %.100q", err, want)
		}
		if most := min(max(firstBuffer, 2*len(got)), int(limit)); cap(got) > most {
			t.Errorf("a buffer of %d bytes for %d, limit %d", cap(got), len(got), limit)
		}
	})
}

// FuzzDeflate: what is compressed comes back, by our own reading and the standard library's.
func FuzzDeflate(f *testing.F) {
	f.Add([]byte(unicodeText))
	f.Add([]byte(""))
	f.Add(noise(300))
	f.Fuzz(func(t *testing.T, message []byte) {
		payload := unframe(AppendDeflated(nil, Binary, message))
		for name, inflate := range map[string]func([]byte, int) ([]byte, error){"we": inflate, "the standard library": standardInflate} {
			if got, err := inflate(payload, len(message)); err != nil || !bytes.Equal(got, message) {
				t.Errorf("%s read %.100q for %.100q, %v", name, got, message, err)
			}
		}
	})
}

// FuzzHandshake: no request makes CheckHandshake panic, every refusal has one of
// its statuses, and what is accepted is answered well.
func FuzzHandshake(f *testing.F) {
	f.Add("GET", "Upgrade", "websocket", "13", sampleKey)
	f.Add("POST", "keep-alive, Upgrade", "h2c", "8", "")
	f.Add("GET", "b"+strings.Repeat(" ", 32_000)+"x", `"`, "13", sampleKey+"\n"+sampleKey)
	f.Fuzz(func(t *testing.T, method, connection, upgrade, version, key string) {
		r := handshake(func(r *http.Request) {
			r.Method = method
			r.Header["Connection"] = strings.Split(connection, "\n")
			r.Header["Upgrade"] = strings.Split(upgrade, "\n")
			r.Header["Sec-Websocket-Version"] = strings.Split(version, "\n")
			r.Header["Sec-Websocket-Key"] = strings.Split(key, "\n")
		})
		err := CheckHandshake(r)
		if refused := (*HandshakeError)(nil); errors.As(err, &refused) {
			if s := refused.Status; s != 400 && s != 405 && s != 426 {
				t.Errorf("status %d", s)
			}
			return
		}
		if err != nil || method != http.MethodGet || version != "13" || len(key) != keyLength {
			t.Errorf("accepted %q %q %q, %v", method, version, key, err)
		}
		answer := string(AppendSwitching(nil, key))
		if _, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil); err != nil || strings.Count(answer, "\r\n") != 5 {
			t.Errorf("answered with %q, %v", answer, err)
		}
	})
}
