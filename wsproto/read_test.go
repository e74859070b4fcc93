package wsproto

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func TestStreams(t *testing.T) {
	cases := streamCases()
	if len(cases) < 120 {
		t.Fatalf("%d cases, want at least 120", len(cases))
	}
	names := map[string]bool{}
	for _, c := range cases {
		if names[c.name] {
			t.Errorf("two cases are named %q", c.name)
		}
		names[c.name] = true
		t.Run(c.name, c.run)
	}
}

func (c streamCase) run(t *testing.T) {
	want := outcome{c.events, c.code, c.idle}
	check := func(slicing string, pieces [][]byte) {
		if got := readAll(c.limits, pieces); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: got %v\nwant %v", slicing, short(got), short(want))
		}
	}
	check("whole", [][]byte{c.stream})
	check("byte by byte", byteByByte(c.stream))
	for seed := range uint64(16) {
		check("sliced", cut(c.stream, rand.New(rand.NewPCG(seed, 0))))
	}
}

// short cuts long payloads, so that a failure can be read.
func short(o outcome) outcome {
	var events []event
	for _, e := range o.events {
		events = append(events, event{e.op, e.data[:min(len(e.data), 40)]})
	}
	o.events = events
	return o
}

// TestRoundTrip encodes any messages as any fragments with any control frames
// between them; they come out as they went in.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want []event
		ping := func() {
			if rapid.Bool().Draw(t, "control") {
				op := rapid.SampledFrom([]Opcode{Ping, Pong}).Draw(t, "op")
				data := string(rapid.SliceOfN(rapid.Byte(), 0, 125).Draw(t, "data"))
				stream = append(stream, whole(op, data).bytes()...)
				want = append(want, event{op, data})
			}
		}
		for range rapid.IntRange(0, 5).Draw(t, "messages") {
			op, message := Text, rapid.StringN(-1, -1, 3000).Draw(t, "text")
			if rapid.Bool().Draw(t, "binary") {
				op, message = Binary, string(rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "bytes"))
			}
			next, rest := op, message
			for range rapid.IntRange(0, 4).Draw(t, "fragments") {
				n := rapid.IntRange(0, len(rest)).Draw(t, "size")
				stream = append(stream, part(next, rest[:n]).bytes()...)
				next, rest = Continuation, rest[n:]
				ping()
			}
			stream = append(stream, whole(next, rest).bytes()...)
			want = append(want, event{op, message})
			ping()
		}
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "slicing"), 0))
		got := readAll(Reader{}, cut(stream, rnd))
		if !reflect.DeepEqual(got, outcome{want, 0, true}) {
			t.Fatalf("got %v\nwant %v", short(got), short(outcome{want, 0, true}))
		}
	})
}

func TestWholeMessageIsNotCopied(t *testing.T) {
	stream := sent(part(Text, "a"), whole(Ping, "lent"), whole(Continuation, "b"), whole(Text, "lent too"))
	var r Reader
	inside := 0
	err := r.Feed(stream, func(op Opcode, data []byte) error {
		from := uintptr(unsafe.Pointer(unsafe.SliceData(stream)))
		at := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
		if at >= from && at < from+uintptr(len(stream)) {
			inside++
			if cap(data) > len(data) {
				t.Errorf("%q can be appended to over what follows", data)
			}
		}
		return nil
	})
	if err != nil || inside != 2 {
		t.Fatalf("err %v, %d of 2 messages lent from the input", err, inside)
	}
}

func TestIdleReaderHoldsNothing(t *testing.T) {
	if size := unsafe.Sizeof(Reader{}); size > 32 {
		t.Errorf("a Reader has %d bytes, want at most 32", size)
	}
	z := squeeze(repeat("abc", 5000), 6)
	for name, stream := range map[string][]byte{
		"plain":      sent(part(Text, repeat("a", 5000)), whole(Ping, "x"), whole(Continuation, repeat("b", 5000))),
		"compressed": sent(squeezedPart(Text, z[:9]), whole(Ping, "x"), whole(Continuation, z[9:])),
	} {
		r := Reader{Deflate: true}
		for i, b := range stream {
			if err := r.Feed([]byte{b}, func(Opcode, []byte) error { return nil }); err != nil {
				t.Fatal(err)
			}
			if done := i == len(stream)-1; r.Idle() != done || (r.rest == nil) != done {
				t.Fatalf("%s: byte %d of %d: idle %v, memory %v", name, i, len(stream), r.Idle(), r.rest)
			}
		}
	}
}

func TestErrorOfEachEndsTheReader(t *testing.T) {
	stop := errors.New("stop")
	for _, frame := range []clientFrame{whole(Text, "a"), whole(Ping, "a"), closing(NormalClosure, "")} {
		for _, pieces := range [][][]byte{{sent(frame, whole(Text, "b"))}, byteByByte(sent(frame, whole(Text, "b")))} {
			var r Reader
			calls := 0
			for i, p := range pieces {
				err := r.Feed(p, func(Opcode, []byte) error { calls++; return stop })
				if calls == 1 && err != stop {
					t.Errorf("piece %d: got %v, want the error of each", i, err)
				}
			}
			if calls != 1 {
				t.Errorf("opcode %d: each was called %d times after its error", frame.op, calls-1)
			}
		}
	}
}

func TestSpentReaderRepeatsItsError(t *testing.T) {
	var r Reader
	none := func(op Opcode, data []byte) error { t.Errorf("got %d %q", op, data); return nil }
	first := r.Feed([]byte{0xff}, none)
	again := r.Feed(sent(whole(Text, "x")), none)
	if first == nil || again != first || r.Feed(nil, none) != first {
		t.Errorf("got %v, then %v", first, again)
	}
}

// TestMemoryFollowsInput declares much and sends little: what is allocated
// must follow what was sent (at most four times as much and 4 KiB).
func TestMemoryFollowsInput(t *testing.T) {
	var fragments frames
	fragments = append(fragments, part(Binary, repeat("x", 970)))
	for range 1000 {
		fragments = append(fragments, part(Continuation, repeat("x", 970)))
	}
	tests := map[string][]byte{
		"declared a million, sent none":    sent(clientFrame{op: Binary, declared: 1_000_000}),
		"declared a million, sent 10":      sent(clientFrame{op: Binary, declared: 1_000_000, payload: "0123456789"}),
		"declared a million, sent 100,000": sent(clientFrame{op: Text, declared: 1_000_000, payload: repeat("x", 100_000)}),
		"a thousand fragments":             sent(fragments...),
		"one fragment of one byte":         sent(part(Text, "x")),
	}
	for name, stream := range tests {
		for _, size := range []int{1, 7, 512, 4096, len(stream)} {
			if got, most := allocated(stream, size), uint64(4*len(stream)+4096); got > most {
				t.Errorf("%s, %d at a time: %d bytes allocated for %d, want at most %d", name, size, got, len(stream), most)
			}
		}
	}
}

// allocated returns the bytes that reading a stream, so many at a time, allocates.
func allocated(stream []byte, size int) uint64 {
	least := ^uint64(0)
	for range 3 { // others may allocate meanwhile
		input := append([]byte(nil), stream...)
		var r Reader
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for len(input) > 0 {
			n := min(size, len(input))
			if err := r.Feed(input[:n], func(Opcode, []byte) error { return nil }); err != nil {
				panic(err)
			}
			input = input[n:]
		}
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

func TestMaskIsBytewiseXOR(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "data")
		key := rapid.Uint32().Draw(t, "key")
		border := rapid.IntRange(0, len(data)).Draw(t, "border")
		got := append([]byte(nil), data...)
		mask(got[border:], mask(got[:border], key))
		for i := range data {
			if want := data[i] ^ byte(key>>(8*(i%4))); got[i] != want {
				t.Fatalf("byte %d: got %#x, want %#x", i, got[i], want)
			}
		}
	})
}
