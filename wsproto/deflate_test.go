package wsproto

import (
	"bytes"
	"compress/flate"
	"errors"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"
	"weak"

	"pgregory.net/rapid"
)

func TestDeflatedStreams(t *testing.T) {
	names := map[string]bool{}
	for _, c := range deflateCases() {
		if names[c.name] {
			t.Errorf("two cases are named %q", c.name)
		}
		names[c.name] = true
		t.Run(c.name, c.run)
	}
}

// TestDeflateChangesNothingElse reads the plain streams with Deflate: only RSV1 has another meaning.
func TestDeflateChangesNothingElse(t *testing.T) {
	for _, c := range streamCases() {
		c.limits.Deflate = true
		if c.name == "3.4 RSV1, as permessage-deflate would" { // its x is a stored block, and an empty one with the tail
			c.events, c.code, c.idle = []event{{Text, ""}}, 0, true
		}
		t.Run(c.name, c.run)
	}
}

// TestRSV1NotNegotiated: without Deflate the first byte condemns every compressed message.
func TestRSV1NotNegotiated(t *testing.T) {
	for _, op := range []Opcode{Text, Binary} {
		for _, frame := range []clientFrame{squeezed(op, "\x00"), squeezedPart(op, "\x00")} {
			want := outcome{code: ProtocolError}
			if got := readAll(Reader{}, [][]byte{frame.bytes()[:1]}); !reflect.DeepEqual(got, want) {
				t.Errorf("opcode %d: got %v, want %v", op, got, want)
			}
		}
	}
}

// TestCutShort: no compressed message without its end passes for one.
func TestCutShort(t *testing.T) {
	for name, message := range map[string]string{"text": unicodeText, "zeros": repeat("\x00", 3000)} {
		for _, level := range []int{flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
			z := squeeze(message, level)
			for n := range z {
				if _, err := inflate([]byte(z[:n]), defaultMaxMessage); err == nil {
					t.Errorf("%s, level %d: %d of %d bytes pass", name, level, n, len(z))
				}
			}
		}
	}
}

func TestInflatedEndsAtTheLimit(t *testing.T) {
	for _, n := range []int{1, 100, 32_768, 50_000, 70_000, 100_000} {
		got, err := inflate([]byte(bomb(n)), n)
		if err != nil || len(got) != n || cap(got) > n {
			t.Errorf("%d bytes became %d in a buffer of %d, %v", n, len(got), cap(got), err)
		}
	}
}

// TestBombsAllocateTheLimit: however much a message would inflate to, its buffer ends at the limit, and so the
// sum of the buffers that doubling made stays below three times as much.
func TestBombsAllocateTheLimit(t *testing.T) {
	payload := []byte(bomb(10_000_000))
	for _, limit := range []int{1000, 100_000, 1_000_000} {
		least := ^uint64(0)
		for range 5 { // others may allocate meanwhile, and the first may fill the pool
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := inflate(payload, limit)
			runtime.ReadMemStats(&after)
			if violation := (*Error)(nil); !errors.As(err, &violation) || violation.Code != MessageTooBig {
				t.Fatalf("limit %d: got %v", limit, err)
			}
			least = min(least, after.TotalAlloc-before.TotalAlloc)
		}
		if most := uint64(3 * limit); least > most {
			t.Errorf("limit %d: %d bytes allocated, want at most %d", limit, least, most)
		}
	}
}

func TestInflatersShareNothing(t *testing.T) {
	f := newInflater()
	if _, err := f.inflate([]byte(squeeze(repeat("secret", 10_000), 6)), 1_000_000); err != nil {
		t.Fatal(err)
	}
	for _, distance := range []int{2, 3, 4, 5, 7} {
		if got, err := f.inflate([]byte(farCopy(distance)), 100); err == nil {
			t.Errorf("a copy from %d bytes back, of a message with one byte, gave %q", distance, got)
		}
	}
	if got, err := f.inflate([]byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), 5); err != nil || string(got) != "Hello" {
		t.Errorf("behind broken ones: got %q, %v", got, err)
	}
}

// TestDeflatersShareNothing: what was compressed before leaves no trace in what comes out.
func TestDeflatersShareNothing(t *testing.T) {
	used := newDeflater()
	for _, message := range []string{repeat("secret", 100_000), unicodeText, "", repeat("x", 70_000)} {
		want := string(newDeflater().deflate([]byte(message)))
		if got := string(used.deflate([]byte(message))); got != want {
			t.Errorf("%.20q… became %d bytes in a used deflater, %d in a new one", message, len(got), len(want))
		}
		used.letGo()
	}
}

func TestPooledDeflaterIsSmall(t *testing.T) {
	d := newDeflater()
	for _, n := range []int{keptBuffer / 4, 1_000_000, 10} {
		if got := d.deflate(noise(n)); len(got) < n {
			t.Fatalf("%d bytes of noise became %d", n, len(got))
		}
		if d.letGo(); d.out.Cap() > keptBuffer || d.out.Len() > 0 {
			t.Errorf("behind %d bytes: %d wait in a buffer of %d", n, d.out.Len(), d.out.Cap())
		}
	}
}

// TestPooledInflaterHoldsNoMessage: neither what was sent nor what came of it can be reached from the pool.
func TestPooledInflaterHoldsNoMessage(t *testing.T) {
	for _, tail := range []string{"", "broken"} {
		payload := []byte(squeeze(unicodeText, flate.NoCompression) + tail)
		message, err := inflate(payload, defaultMaxMessage)
		if (err != nil) != (tail != "") {
			t.Fatal(err)
		}
		asSent, held := weak.Make(&payload[0]), weak.Make(unsafe.SliceData(message))
		payload, message = nil, nil
		runtime.GC() // once: twice would empty the pool
		if asSent.Value() != nil || held.Value() != nil {
			t.Errorf("held: as sent %v, inflated %v", asSent.Value() != nil, held.Value() != nil)
		}
	}
}

func TestAppendDeflated(t *testing.T) {
	for _, op := range []Opcode{Text, Binary} {
		for _, n := range []int{0, 1, 125, 126, 1000, 65536, 1_000_000} {
			message := repeat("0123456789abcde ", n/16+1)[:n]
			frame := string(AppendDeflated([]byte("before"), op, []byte(message)))
			frame, ok := strings.CutPrefix(frame, "before")
			if first := byte(0xc0) | byte(op); !ok || frame[0] != first {
				t.Errorf("%d bytes: got %.10q, want the first byte %#x", n, frame, first)
			}
			payload := unframe([]byte(frame))
			if bytes.HasSuffix(payload, []byte(deflateTail)) {
				t.Errorf("%d bytes: the tail is there", n)
			}
			if n > 1000 && len(payload) > n/10 {
				t.Errorf("%d bytes became %d", n, len(payload))
			}
			if got, err := standardInflate(payload, n); err != nil || string(got) != message {
				t.Errorf("%d bytes came back as %d, %v", n, len(got), err)
			}
		}
	}
}

// TestAppendDeflatedAtOnce compresses and reads from many goroutines.
func TestAppendDeflatedAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r := Reader{Deflate: true}
			message := repeat(string(rune('a'+i)), 1000*i)
			for range 50 {
				payload := unframe(AppendDeflated(nil, Text, []byte(message)))
				err := r.Feed(squeezed(Text, string(payload)).bytes(), func(_ Opcode, data []byte) error {
					if string(data) != message {
						t.Errorf("goroutine %d got %.20q", i, data)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestDeflateRoundTrip: what we compress is read by ourselves and by the standard library, in any fragments.
func TestDeflateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		message := rapid.SliceOfN(rapid.SampledFrom([]byte("abcdefgh\x00\xff")), 0, 5000).Draw(t, "message")
		if rapid.Bool().Draw(t, "noise") {
			message = rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(t, "bytes")
		}
		payload := unframe(AppendDeflated(nil, Binary, message))
		if got, err := standardInflate(payload, len(message)); err != nil || !bytes.Equal(got, message) {
			t.Fatalf("the standard library reads %.40q for %.40q, %v", got, message, err)
		}
		border := rapid.IntRange(0, len(payload)).Draw(t, "border")
		stream := sent(squeezedPart(Binary, string(payload[:border])), whole(Pong, ""), whole(Continuation, string(payload[border:])))
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "slicing"), 0))
		want := outcome{[]event{{Pong, ""}, {Binary, string(message)}}, 0, true}
		if got := readAll(Reader{Deflate: true}, cut(stream, rnd)); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v\nwant %v", short(got), short(want))
		}
	})
}
