package limit_test

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dokkerr/realtime/limit"
)

func TestNetworks(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"2001:db8:1:2::1", "2001:db8:1:2::1%eth0", true},
		{"::1", "::2", true},
		{"0.0.0.0", "::", false},
	} {
		a, b := limit.NetworkOf(netip.MustParseAddr(c.a)), limit.NetworkOf(netip.MustParseAddr(c.b))
		if (a == b) != c.same {
			t.Errorf("%s and %s: the same %v, want %v", c.a, c.b, a == b, c.same)
		}
	}
}

var (
	far   = netip.MustParseAddr("192.0.2.1")
	other = netip.MustParseAddr("192.0.2.2")
	near  = netip.MustParseAddr("127.0.0.1")
)

// admitted tells whether a visitor is let in, and how long one that is not should wait.
func admitted(a *limit.Admission, from netip.Addr) (*limit.Visit, time.Duration) {
	v, wait, _ := a.Admit(context.Background(), from, time.Now())
	return v, wait
}

func TestArrivalsOfOneNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := limit.NewAdmission(limit.AdmissionOptions{Arrivals: limit.Rate{PerSecond: 2, Burst: 3}})
		for range 3 {
			if v, _ := admitted(a, far); v == nil {
				t.Fatal("refused within the burst")
			}
		}
		_, wait := admitted(a, far)
		if wait != 500*time.Millisecond {
			t.Fatalf("the fourth: wait %v", wait)
		}
		if v, _ := admitted(a, other); v == nil {
			t.Error("another network was refused")
		}
		time.Sleep(wait)
		if v, _ := admitted(a, far); v == nil {
			t.Error("refused after the wait it named")
		}
		for range 1000 {
			if v, _ := admitted(a, near); v == nil {
				t.Fatal("this machine was refused")
			}
		}
	})
}

func TestVisitorsOfOneNetwork(t *testing.T) {
	a := limit.NewAdmission(limit.AdmissionOptions{Visitors: 3, Unknown: 2})
	first, _ := admitted(a, far)
	second, _ := admitted(a, far)
	if v, wait := admitted(a, far); v != nil || wait == 0 {
		t.Fatal("three who are unknown were let in")
	}
	first.Known()
	first.Known()
	third, _ := admitted(a, far)
	if third == nil {
		t.Fatal("refused although one is known now")
	}
	second.Known()
	if v, _ := admitted(a, far); v != nil {
		t.Fatal("four were let in")
	}
	if v, _ := admitted(a, other); v == nil {
		t.Error("another network was refused")
	}
	third.End()
	for range 3 { // each end makes room for one
		v, _ := admitted(a, far)
		if v == nil {
			t.Fatal("refused after one has left")
		}
		v.End()
	}
}

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(2, 2*time.Second)
		ctx := context.Background()
		for range 2 {
			if !g.Enter(ctx) {
				t.Fatal("refused while there was room")
			}
		}
		began := time.Now()
		if g.Enter(ctx) || time.Since(began) != 2*time.Second {
			t.Errorf("a third was let in, or turned away after %v", time.Since(began))
		}
		time.AfterFunc(time.Second, g.Leave)
		if began = time.Now(); !g.Enter(ctx) || time.Since(began) != time.Second {
			t.Errorf("who waited was not let in, after %v", time.Since(began))
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if g.Enter(ended) {
			t.Error("somebody who has gone was let in")
		}
		for range 2 * 16 {
			go g.Enter(ended)
		}
		a := limit.NewAdmission(limit.AdmissionOptions{Gate: g})
		if v, wait, _ := a.Admit(ctx, near, time.Now()); v != nil || wait == 0 {
			t.Error("the admission does not wait behind its gate")
		}
	})
}

// A crowd that waits is bounded: who comes then is turned away at once.
func TestGateBoundsWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(1, time.Second)
		ctx := context.Background()
		g.Enter(ctx)
		for range 16 {
			go g.Enter(ctx)
		}
		synctest.Wait()
		began := time.Now()
		if g.Enter(ctx) || time.Since(began) != 0 {
			t.Errorf("turned away after %v", time.Since(began))
		}
		time.Sleep(2 * time.Second)
	})
}

// What a million strangers leave behind fits in 64 MiB (S-04).
func TestAdmissionForgets(t *testing.T) {
	a := limit.NewAdmission(limit.AdmissionOptions{Arrivals: limit.Rate{PerSecond: 20, Burst: 100}, Visitors: 500})
	before := heap()
	var from [16]byte
	for i := range 1_000_000 {
		from[0], from[5], from[6], from[7] = 0x20, byte(i>>16), byte(i>>8), byte(i)
		v, _ := admitted(a, netip.AddrFrom16(from))
		v.End()
	}
	if grown := (heap() - before) >> 20; grown > 64 {
		t.Errorf("%d MiB for a million networks", grown)
	}
	runtime.KeepAlive(a)
}

func BenchmarkAdmission(b *testing.B) {
	for _, from := range []netip.Addr{far, near} {
		b.Run(fmt.Sprint(from), func(b *testing.B) {
			a := limit.NewAdmission(limit.AdmissionOptions{Arrivals: limit.Unlimited, Visitors: 500, Unknown: 50})
			b.ReportAllocs()
			for b.Loop() {
				v, _ := admitted(a, from)
				v.Known()
				v.End()
			}
		})
	}
}
