package dokkerr_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

func (w *world) blocks(t *testing.T, by, other dokkerr.Actor) {
	t.Helper()
	if _, err := w.Block(t.Context(), by, other.User.String()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) unblocks(t *testing.T, by, other dokkerr.Actor) {
	t.Helper()
	if _, err := w.Unblock(t.Context(), by, other.User.String()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) sendRefused(t *testing.T, from, to dokkerr.Actor) {
	t.Helper()
	_, err := w.Send(t.Context(), from, text(to, "ahoy"))
	refused(t, err, dokkerr.Forbidden, "")
}

// A block stops messages both ways, also the first one ever; who takes theirs back leaves the other's.
func TestBlockedUsersDoNotWrite(t *testing.T) {
	w := newWorld(t)
	cleo := newActor()
	w.blocks(t, w.asha, w.ben)
	w.blocks(t, w.asha, w.ben) // again is the same
	w.sendRefused(t, w.ben, w.asha)
	w.sendRefused(t, w.asha, w.ben)
	w.send(t, w.asha, cleo, "to another")
	w.unblocks(t, w.asha, w.ben)
	w.send(t, w.ben, w.asha, "one")
	w.blocks(t, w.ben, w.asha)
	w.blocks(t, w.asha, w.ben)
	w.unblocks(t, w.asha, w.ben)
	w.sendRefused(t, w.asha, w.ben)
	w.unblocks(t, w.ben, w.asha)
	w.unblocks(t, w.ben, w.asha)
	if r := w.send(t, w.asha, w.ben, "two"); r.Seq != 2 {
		t.Errorf("seq %d: what was refused counted", r.Seq)
	}
}

// What was sent before the block is answered as it was.
func TestARetryOverABlock(t *testing.T) {
	w := newWorld(t)
	m := text(w.ben, "ahoy")
	m.ClientMessageID = "a key of asha's own"
	first, err := w.Send(t.Context(), w.asha, m)
	if err != nil {
		t.Fatal(err)
	}
	w.blocks(t, w.ben, w.asha)
	if again, err := w.Send(t.Context(), w.asha, m); err != nil || again != first {
		t.Errorf("%+v, %v; want %+v", again, err, first)
	}
}

// Of reading only the reader's own sockets hear, typing says that nobody is to be told, and neither is the other's contact.
func TestBlockedUsersHearNothingOfEachOther(t *testing.T) {
	w := newWorld(t)
	r := w.send(t, w.asha, w.ben, "ahoy")
	w.book(t, "pending")
	w.blocks(t, w.asha, w.ben)
	w.told()
	if _, err := w.Read(t.Context(), w.ben, r.MessageID.String()); err != nil {
		t.Fatal(err)
	}
	reaches(t, w.told()[0], w.ben.User)
	for _, by := range []dokkerr.Actor{w.asha, w.ben} {
		target, err := w.Typing(t.Context(), by, r.ConversationID.String(), "")
		if err != nil || !target.Blocked {
			t.Errorf("typing: %+v, %v", target, err)
		}
		if contacts, err := w.Contacts(t.Context(), by.User); err != nil || len(contacts) != 0 {
			t.Errorf("contacts %v, %v", contacts, err)
		}
	}
	w.unblocks(t, w.asha, w.ben)
	if contacts, err := w.Contacts(t.Context(), w.ben.User); err != nil || !slices.Equal(contacts, []dokkerr.ID{w.asha.User}) {
		t.Errorf("contacts %v, %v", contacts, err)
	}
}

// Whom the service has never seen is blocked like anybody; what names nobody is refused.
func TestWhoCanBeBlocked(t *testing.T) {
	w := newWorld(t)
	stranger := uuid.New()
	for _, do := range []func(id string) (dokkerr.ID, error){
		func(id string) (dokkerr.ID, error) { return w.Block(t.Context(), w.asha, id) },
		func(id string) (dokkerr.ID, error) { return w.Unblock(t.Context(), w.asha, id) },
	} {
		if got, err := do(stranger.String()); err != nil || got != stranger {
			t.Errorf("%v, %v", got, err)
		}
		_, err := do(w.asha.User.String())
		refused(t, err, dokkerr.ValidationError, "userId")
		_, err = do(stranger.String()[:8])
		refused(t, err, dokkerr.NotFound, "")
		_, err = do("nobody")
		refused(t, err, dokkerr.ValidationError, "userId")
	}
}

func TestBlocksAreBounded(t *testing.T) {
	w := newWorld(t)
	for n := range 1000 {
		if _, err := w.Block(t.Context(), w.asha, fmt.Sprintf("%08x-0000-4000-8000-000000000000", n)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Block(t.Context(), w.asha, w.ben.User.String())
	refused(t, err, dokkerr.Conflict, "")
}
