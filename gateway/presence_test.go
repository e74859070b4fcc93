package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

var cleo = uuid.MustParse("c1e00000-0000-4000-8000-000000000003")

// town is three users, of whom asha knows both others, and what they were told.
type town struct {
	*presence
	mu    sync.Mutex
	heard []string
	asked int
	fail  error
}

// ear is a socket in the town.
type ear struct {
	town *town
	user dokkerr.ID
}

func (e *ear) greet(u presenceUpdate) { e.town.note(nameOf(e.user)+"'s new socket", u) }

func (tn *town) note(who string, u presenceUpdate) {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	state := "offline"
	if u.Online {
		state = "online"
	}
	tn.heard = append(tn.heard, fmt.Sprintf("%s: %s %s", who, nameOf(u.UserID), state))
}

func nameOf(user dokkerr.ID) string {
	return map[dokkerr.ID]string{asha: "asha", ben: "ben", cleo: "cleo"}[user]
}

func startTown(t *testing.T) *town {
	tn := &town{}
	contacts := func(_ context.Context, user dokkerr.ID) ([]dokkerr.ID, error) {
		tn.mu.Lock()
		defer tn.mu.Unlock()
		tn.asked++
		if user == asha {
			return []dokkerr.ID{ben, cleo}, tn.fail
		}
		return []dokkerr.ID{asha}, tn.fail
	}
	tell := func(to dokkerr.ID, u presenceUpdate) { tn.note(nameOf(to), u) }
	tn.presence = newPresence(contacts, tell, 10*time.Second, time.Second, slog.New(slog.DiscardHandler))
	t.Cleanup(tn.close)
	return tn
}

func (tn *town) come(user dokkerr.ID) *ear {
	e := &ear{tn, user}
	tn.connected(user, e)
	synctest.Wait()
	return e
}

func (tn *town) leave(e *ear) {
	tn.disconnected(e.user, e)
	synctest.Wait()
}

// hears checks what was told since the last check.
func (tn *town) hears(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	tn.mu.Lock()
	defer tn.mu.Unlock()
	if !slices.Equal(tn.heard, want) {
		t.Errorf("heard %q, want %q", tn.heard, want)
	}
	tn.heard = nil
}

func TestOnlineIsToldAtTheFirstSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := startTown(t)
		tn.come(ben)
		tn.hears(t)
		tn.come(asha)
		tn.hears(t, "ben: asha online", "asha's new socket: ben online")
		tn.come(asha)
		tn.hears(t, "asha's new socket: ben online")
		tn.come(cleo)
		tn.hears(t, "asha: cleo online", "cleo's new socket: asha online")
	})
}

func TestOfflineIsToldAfterTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := startTown(t)
		tn.come(ben)
		phone, laptop := tn.come(asha), tn.come(asha)
		tn.hears(t, "ben: asha online", "asha's new socket: ben online", "asha's new socket: ben online")
		tn.leave(phone)
		time.Sleep(time.Minute)
		tn.hears(t)
		left := time.Now()
		tn.leave(laptop)
		time.Sleep(10*time.Second - time.Nanosecond)
		tn.hears(t)
		if p := tn.of(asha); !p.Online {
			t.Error("offline within the grace")
		}
		time.Sleep(time.Nanosecond)
		tn.hears(t, "ben: asha offline")
		if p := tn.of(asha); p.Online || !p.LastSeen.Equal(left) {
			t.Errorf("after the grace: %+v, want last seen %v", p, left)
		}
		tn.come(asha)
		tn.hears(t, "ben: asha online", "asha's new socket: ben online")
	})
}

func TestReconnectWithinTheGraceIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := startTown(t)
		tn.come(ben)
		socket := tn.come(asha)
		tn.hears(t, "ben: asha online", "asha's new socket: ben online")
		for range 5 {
			tn.leave(socket)
			time.Sleep(9 * time.Second)
			socket = tn.come(asha)
			tn.hears(t, "asha's new socket: ben online")
		}
		time.Sleep(time.Minute)
		tn.hears(t)
	})
}

func TestIntroduceTellsBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := startTown(t)
		tn.introduce(asha) // nobody is there
		tn.come(ben)
		tn.come(asha)
		tn.hears(t, "ben: asha online", "asha's new socket: ben online")
		tn.introduce(asha)
		tn.hears(t, "ben: asha online", "asha: ben online")
	})
}

func TestPresenceSurvivesAnUnreadableStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := startTown(t)
		tn.fail = errors.New("disk on fire")
		tn.come(ben)
		tn.leave(tn.come(asha))
		tn.hears(t)
		tn.mu.Lock()
		tn.fail = nil
		tn.mu.Unlock()
		time.Sleep(10 * time.Second)
		tn.hears(t, "ben: asha offline")
	})
}

func TestOldDeparturesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := startTown(t)
		first := &ear{tn, asha}
		tn.connected(asha, first)
		tn.disconnected(asha, first)
		time.Sleep(time.Minute)
		for range maxGone {
			e := &ear{tn, uuid.New()}
			tn.connected(e.user, e)
			tn.disconnected(e.user, e)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if p := tn.of(asha); !p.LastSeen.IsZero() {
			t.Errorf("still remembered: %+v", p)
		}
		if n := len(tn.byUser); n != maxGone {
			t.Errorf("%d users are remembered, want %d", n, maxGone)
		}
	})
}

func TestCloseWaitsForTheTelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finished := false
		contacts := func(ctx context.Context, _ dokkerr.ID) ([]dokkerr.ID, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			finished = true
			return nil, ctx.Err()
		}
		p := newPresence(contacts, nil, time.Second, time.Hour, slog.New(slog.DiscardHandler))
		p.connected(asha, &ear{})
		synctest.Wait()
		p.close()
		if !finished {
			t.Error("close returned before the goroutine")
		}
	})
}

func TestUnknownUserIsOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := startTown(t)
		if p := tn.of(uuid.New()); p != (Presence{}) {
			t.Errorf("%+v", p)
		}
	})
}
