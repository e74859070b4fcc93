package gateway

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/socketio"
)

func TestLiveSocketGetsWhatIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		r := &recorder{}
		attached(t, d, r, "phone", 0)
		synctest.Wait()
		reads := l.reads
		for p := range dokkerr.Position(3) {
			l.publish(d, l.commit(10*p+7, "")) // positions have holes (R9)
		}
		tag := userTag(ben)
		wantOffsets(t, r, []string{tag + ".7", tag + ".17", tag + ".27"})
		if l.reads != reads {
			t.Errorf("a live socket read the store %d times", l.reads-reads)
		}
	})
}

func TestOwnSessionIsSkippedAndItsCursorAdvances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		l.publish(d, l.commit(1, "phone"))
		phone, laptop := &recorder{}, &recorder{}
		own, other := attached(t, d, phone, "phone", 0), attached(t, d, laptop, "laptop", 0)
		synctest.Wait()
		l.publish(d, l.commit(2, "phone"))
		l.publish(d, l.commit(3, ""))
		wantOffsets(t, phone, l.behind(2, ""))
		wantOffsets(t, laptop, l.behind(0, ""))
		for _, s := range []*subscription{own, other} {
			if live, cursor := s.rest(); !live || cursor != 3 {
				t.Errorf("live %v at %d, want live at 3", live, cursor)
			}
		}
	})
}

func TestPassingEventIsDroppedForAFullSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		roomy, full := &recorder{}, &recorder{room: 1, waiting: 1}
		attached(t, d, roomy, "phone", 0)
		attached(t, d, full, "laptop", 0)
		d.publish(&dokkerr.Event{Name: "offer", To: []dokkerr.Recipient{{User: ben}}})
		if told, offsets := roomy.taken(); !slices.Equal(told, []string{"offer"}) || len(offsets) > 0 {
			t.Errorf("told %v with offsets %v", told, offsets)
		}
		if told, _ := full.taken(); len(told) > 0 {
			t.Errorf("a full socket was told %v", told)
		}
	})
}

func TestFeedIsDroppedWithItsLastSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		d := startFeeds(t, l)
		one, two := &recorder{}, &recorder{}
		a, b := attached(t, d, one, "phone", 0), attached(t, d, two, "laptop", 0)
		synctest.Wait()
		d.detach(a)
		l.publish(d, l.commit(1, ""))
		d.detach(b)
		if len(d.byUser) != 0 {
			t.Error("the feed outlived its sockets")
		}
		l.publish(d, l.commit(2, ""))
		back := &recorder{}
		attached(t, d, back, "phone", 1)
		synctest.Wait()
		l.publish(d, l.commit(3, ""))
		wantOffsets(t, one, nil)
		wantOffsets(t, two, l.behind(0, "")[:1])
		wantOffsets(t, back, l.behind(1, ""))
	})
}

// TestDevicesShareAnEvent: what waits for several sockets of a user is one text.
func TestDevicesShareAnEvent(t *testing.T) {
	n := socketio.NewServer(nil).Of("/")
	e := &outgoing{name: "offer", data: []byte(`{}`)}
	encode := func() {
		if _, err := e.encode(n, "b.1"); err != nil {
			t.Fatal(err)
		}
	}
	encode()
	if allocations := testing.AllocsPerRun(10, encode); allocations > 0 {
		t.Errorf("%v allocations for another socket", allocations)
	}
}
