package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// exchange commits messages between two users, in both directions, and something for each alone.
func exchange(t testing.TB, s *dokkerr.Service, a, b dokkerr.ID, messages int) {
	t.Helper()
	for n := range messages {
		from, to := a, b
		if n%2 == 1 {
			from, to = to, from
		}
		in := dokkerr.NewMessage{RecipientID: to.String(), Type: "text", Content: "Ahoi", ClientMessageID: uuid.NewString()}
		if _, err := s.Send(t.Context(), dokkerr.Actor{User: from}, in); err != nil {
			t.Fatal(err)
		}
	}
	for _, user := range []dokkerr.ID{a, b} {
		_, err := s.Notify(t.Context(), dokkerr.Once{}, dokkerr.NotificationNew{UserID: user.String(), Type: "t", Title: "T"})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// count asks the file for a number, beside the store.
func count(t testing.TB, path, query string, args ...any) (n int) {
	t.Helper()
	db, err := openPool(path, 1, "mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// waitForSweep returns when nothing is left to delete of who was erased.
func waitForSweep(t testing.TB, path string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); count(t, path, "SELECT count(*) FROM erasing") > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the erasure does not end")
		}
	}
}

// TestEraseLeavesNothing looks into the file itself.
func TestEraseLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := openTest(t, path, nil)
	service := dokkerr.NewService(s, nil)
	asha, ben, cleo := uuid.New(), uuid.New(), uuid.New()
	exchange(t, service, asha, ben, 200)
	exchange(t, service, cleo, asha, 100)
	exchange(t, service, ben, cleo, 10)
	for _, pair := range [][2]dokkerr.ID{{asha, ben}, {cleo, asha}} {
		if _, err := service.Block(t.Context(), dokkerr.Actor{User: pair[0]}, pair[1].String()); err != nil {
			t.Fatal(err)
		}
	}
	if err := service.Record(t.Context(), dokkerr.Device{User: asha, Name: "phone"}, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := service.Erase(t.Context(), dokkerr.Once{}, asha.String()); err != nil {
		t.Fatal(err)
	}
	waitForSweep(t, path)
	for table, want := range map[string]int{"event": 10 + 2*3 - 2, "conversation": 1, "block": 0, "confirmed": 0, "erasing": 0} {
		if n := count(t, path, "SELECT count(*) FROM "+table); n != want { //nolint:gosec // a constant
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
	if n := count(t, path, "SELECT count(*) FROM event WHERE data LIKE '%' || ? || '%'", asha.String()); n != 0 {
		t.Errorf("%d events still name who was erased", n)
	}
}

// TestEraseGoesOnAfterAKill runs itself as a process that erases a user and is killed, again and again, in the midst of it. From the
// erasure's answer on nobody is shown anything, each start goes on where the last one was killed, and no position comes twice.
func TestEraseGoesOnAfterAKill(t *testing.T) {
	const inside, messages = "SQLITE_TEST_ERASE", 600
	if path := os.Getenv(inside); path != "" {
		eraseUntilKilled(t, path, uuid.MustParse(os.Getenv(inside+"_USER")))
		return
	}
	path := filepath.Join(t.TempDir(), "test.db")
	asha, ben := uuid.New(), uuid.New()
	s := openTest(t, path, nil)
	exchange(t, dokkerr.NewService(s, nil), asha, ben, messages)
	head := headOf(t, s, ben)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	kills, left := 0, messages
	for ; left > 0 && kills < 50; kills++ {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEraseGoesOnAfterAKill$", "-test.v")
		c.Env = append(os.Environ(), inside+"="+path, inside+"_USER="+asha.String())
		out, err := c.CombinedOutput()
		if err == nil || c.ProcessState.Exited() {
			t.Fatalf("%v\n%s", err, out)
		}
		if !strings.Contains(string(out), "erased") {
			t.Fatalf("killed before it was answered\n%s", out)
		}
		s := openTest(t, path, &Options{rest: never})
		if inbox := inboxOf(t, s, ben); len(inbox) != 1 {
			t.Fatalf("after %d kills ben's inbox holds %d events", kills+1, len(inbox))
		}
		if got := headOf(t, s, ben); got != head {
			t.Fatalf("after %d kills ben's head is %d, was %d", kills+1, got, head)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		now := count(t, path, "SELECT count(*) FROM event WHERE name = 'message.new'")
		if now > left {
			t.Errorf("%d messages, there were %d", now, left)
		}
		left = now
	}
	if left > 0 || kills < 3 {
		t.Errorf("%d messages are left after %d kills", left, kills)
	}
	service := dokkerr.NewService(openTest(t, path, nil), nil)
	waitForSweep(t, path)
	if n := count(t, path, "SELECT count(*) FROM conversation"); n != 0 {
		t.Errorf("%d conversations are left", n)
	}
	exchange(t, service, asha, ben, 2)
	inbox, err := service.Inbox(t.Context(), ben, 0, 10)
	if err != nil || len(inbox) != 4 || inbox[1].Position <= head {
		t.Errorf("ben's inbox is %+v, %v; his head was %d", inbox, err, head)
	}
}

// eraseUntilKilled erases a user, or goes on to, and is killed after two slices: at once, or about when the third is committed.
func eraseUntilKilled(t *testing.T, path string, user dokkerr.ID) {
	slices := 0
	answered := make(chan struct{})
	s := openTest(t, path, &Options{rest: func(time.Duration) time.Duration {
		switch slices++; {
		case slices < 3:
			return 0
		case slices > 3:
			return time.Hour
		case rand.N(2) == 0:
			<-answered
			kill()
		}
		go func() {
			<-answered
			time.Sleep(rand.N(2 * time.Millisecond))
			kill()
		}()
		return 0
	}})
	err := s.View(t.Context(), func(r dokkerr.Reader) error {
		past, err := r.Past(user)
		if err == nil && past == 0 {
			err = dokkerr.ErrNotFound
		}
		return err
	})
	if errors.Is(err, dokkerr.ErrNotFound) {
		_, err = dokkerr.NewService(s, nil).Erase(context.Background(), dokkerr.Once{}, user.String())
	}
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("erased")
	close(answered)
	waitForSweep(t, path)
	kill()
}

// kill ends this process as kill -9 does.
func kill() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {}
}
