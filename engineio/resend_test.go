package engineio_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/dokkerr/realtime/engineio"
)

func say(s string) engineio.Frame {
	return engineio.TextFrame(len(s), func(b []byte) []byte { return append(b, s...) })
}

func TestSamePollIsAnsweredWithTheSameBytes(t *testing.T) {
	base, e, _ := serve(t, nil)
	url := openPolling(t, base)
	s := <-e.opened
	s.Send(say("one"))
	for range 3 {
		if _, body := get(t, url+"&t=a"); body != "4one" {
			t.Fatalf("got %q", body)
		}
	}
	s.Send(say("two"))
	if _, body := get(t, url+"&t=a"); body != "4one" {
		t.Fatalf("the same poll got %q", body)
	}
	if _, body := get(t, url+"&t=b"); body != "4two" {
		t.Fatalf("the next poll got %q", body)
	}
}

func TestSamePostIsHandledOnce(t *testing.T) {
	base, _, _ := serve(t, nil)
	url := openPolling(t, base)
	for range 3 {
		if status, body := post(t, url+"&t=x", "4hello"); status != 200 || body != "ok" {
			t.Fatalf("%d %s", status, body)
		}
	}
	post(t, url+"&t=y", "4world")
	if _, body := get(t, url+"&t=z"); body != "4hello\x1e4world" {
		t.Fatalf("handled as %q", body)
	}
}

func TestConfirmComesWithThePongBehindWhatWasSent(t *testing.T) {
	base, e, _ := serve(t, nil)
	c := dial(t, base+"/?EIO=4&transport=websocket")
	s := <-e.opened
	read(t, c)
	confirmed := make(chan int, 4)
	write(t, c, "3") // an unasked pong confirms nothing
	write(t, c, "4echo")
	if got := read(t, c); got != "4echo" { // what stood before it has been read
		t.Fatalf("got %q", got)
	}
	for i := range 3 {
		s.Send(say("m"))
		s.Confirm(func() { confirmed <- i })
	}
	for i := range 3 {
		if got := read(t, c) + read(t, c); got != "4m2" {
			t.Fatalf("got %q", got)
		}
		if len(confirmed) > 0 {
			t.Fatalf("confirmed before pong %d", i)
		}
	}
	for i := range 3 {
		write(t, c, "3")
		if got := <-confirmed; got != i {
			t.Fatalf("pong %d confirmed %d", i, got)
		}
	}
}

// TestSendConfirmedIsOneUnit has others send and ask at once: the ping always stands right before its frame, and its pong is its own.
func TestSendConfirmedIsOneUnit(t *testing.T) {
	base, e, _ := serve(t, nil)
	url := openPolling(t, base)
	s := <-e.opened
	const units = 50
	confirmed := make(chan int, units)
	var senders sync.WaitGroup
	for i := range units {
		senders.Go(func() { s.SendConfirmed(func() { confirmed <- i }, say(fmt.Sprint("unit ", i))) })
		senders.Go(func() { s.Confirm(func() {}) })
		senders.Go(func() { s.Send(say("other")) })
	}
	senders.Wait()
	_, body := get(t, url)
	packets := strings.Split(body, "\x1e")
	if len(packets) != 4*units {
		t.Fatalf("%d packets came", len(packets))
	}
	for at, packet := range packets {
		if packet == "2" {
			post(t, url, "3")
		}
		number, isUnit := strings.CutPrefix(packet, "4unit ")
		if !isUnit {
			continue
		}
		if got := <-confirmed; packets[at-1] != "2" || fmt.Sprint(got) != number {
			t.Fatalf("unit %s stands behind %q, its pong confirmed %d", number, packets[at-1], got)
		}
	}
}

func TestSendConfirmedOverTheBoundEndsTheSession(t *testing.T) {
	base, e, _ := serve(t, &engineio.Options{MaxOutbox: 100})
	openPolling(t, base)
	(<-e.opened).SendConfirmed(func() { t.Error("confirmed") }, say(strings.Repeat("x", 200)))
	if reason := <-e.closed; reason != engineio.SlowReader {
		t.Errorf("ended with %s", reason)
	}
}
