package sqlite

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
	"github.com/dokkerr/realtime/dokkerrtest"
)

// TestFiles checks that only the owner can read what is kept, also beside the file, and that any path will do.
func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a dir? with #1 50%")
	s := openTest(t, filepath.Join(dir, "test.db"), nil)
	if err := add(t, s, uuid.New()); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range append([]string{"."}, names(files)...) {
		info, err := os.Stat(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			t.Errorf("%s has mode %o", f, mode)
		}
	}
}

func names(files []os.DirEntry) (list []string) {
	for _, f := range files {
		list = append(list, f.Name())
	}
	return list
}

// TestSettings asks SQLite for what Open promises.
func TestSettings(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), nil)
	for i, c := range s.conns {
		for setting, want := range map[string][2]string{
			"journal_mode": {"wal", "wal"}, "synchronous": {"2", ""}, "foreign_keys": {"1", ""},
			"busy_timeout": {"5000", "5000"}, "secure_delete": {"1", ""}, "query_only": {"0", "1"},
		} {
			var got string
			if err := c.sql.QueryRowContext(t.Context(), "PRAGMA "+setting).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if want := want[min(i, 1)]; want != "" && got != want {
				t.Errorf("connection %d: %s is %s, want %s", i, setting, got, want)
			}
		}
	}
	if len(s.conns) != 1+readerCount {
		t.Errorf("%d connections", len(s.conns))
	}
	if _, err := s.conns[1].sql.ExecContext(t.Context(), "DELETE FROM event"); err == nil {
		t.Error("a reader can write")
	}
}

func TestVersion(t *testing.T) {
	for version, ok := range map[string]bool{
		"3.51.2": false, "3.51.3": true, "3.54.1": true, "4.0.0": true, "3.9.100": false, "3.51": false, "": false,
	} {
		if err := checkVersion(version); (err == nil) != ok {
			t.Errorf("%q: %v", version, err)
		}
	}
}

func TestOpenFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), path, nil); err == nil {
		t.Error("opened a text file", s.Close())
	}
	if s, err := Open(t.Context(), filepath.Join(path, "below a file"), nil); err == nil {
		t.Error("opened below a file", s.Close())
	}
}

// TestSecondStore: one process, and one store in it, has the file at a time.
func TestSecondStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	first := openTest(t, path, nil)
	if s, err := Open(t.Context(), path, nil); err == nil {
		t.Error("two stores on one file", s.Close())
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openTest(t, path, nil)
}

// TestSecondProcess runs itself as a process that has the file open: nobody else gets it (delivery R10), until that is killed.
func TestSecondProcess(t *testing.T) {
	const inside = "SQLITE_TEST_SECOND_PROCESS"
	if path := os.Getenv(inside); path != "" {
		openTest(t, path, nil)
		fmt.Println("opened")
		select {}
	}
	path := filepath.Join(t.TempDir(), "test.db")
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSecondProcess$", "-test.v")
	c.Env = append(os.Environ(), inside+"="+path)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "opened" {
	}
	if s, err := Open(t.Context(), path, nil); err == nil {
		t.Error("two processes have one file", s.Close())
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil {
		t.Error("it ended by itself")
	}
	openTest(t, path, nil)
}

// TestRestart closes and opens: what was stored and what goes on from it is the same.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	clock := dokkerrtest.NewClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	s := openTest(t, path, &Options{Now: clock.Now})
	asha, ben := uuid.New(), uuid.New()
	in := dokkerr.NewMessage{RecipientID: ben.String(), Type: "text", Content: "Ahoi", ClientMessageID: "0123456789abcdef"}
	service := dokkerr.NewService(s, nil)
	first, err := service.Send(t.Context(), dokkerr.Actor{User: asha, Session: "a"}, in)
	if err != nil {
		t.Fatal(err)
	}
	before, err := service.Inbox(t.Context(), ben, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	service = dokkerr.NewService(openTest(t, path, &Options{Now: clock.Now}), nil)
	again, err := service.Send(t.Context(), dokkerr.Actor{User: asha, Session: "b"}, in)
	if err != nil || again != first {
		t.Errorf("the same key gave %+v, %v; first %+v", again, err, first)
	}
	in.ClientMessageID = ""
	next, err := service.Send(t.Context(), dokkerr.Actor{User: asha, Session: "b"}, in)
	if err != nil || next.Seq != 2 || next.ConversationID != first.ConversationID {
		t.Errorf("next is %+v, %v", next, err)
	}
	after, err := service.Inbox(t.Context(), ben, 0, 10)
	if err != nil || len(after) != 2 || string(after[0].Data) != string(before[0].Data) ||
		after[0].Position != before[0].Position || after[1].Position != before[0].Position+1 {
		t.Errorf("inbox %+v, before %+v, %v", after, before, err)
	}
}

// TestRolledBackFile puts an old copy of the file in place: no position is given twice (delivery R6).
func TestRolledBackFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	clock := dokkerrtest.NewClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	user := uuid.New()
	write := func(n int) dokkerr.Position {
		t.Helper()
		clock.Advance(time.Second)
		s := openTest(t, path, &Options{Now: clock.Now})
		for range n {
			if err := add(t, s, user); err != nil {
				t.Fatal(err)
			}
		}
		head := headOf(t, s, user)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return head
	}
	write(10)
	backup, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lost := write(100)
	if err := os.WriteFile(path, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	if head := write(1); head <= lost {
		t.Errorf("position %d was given before, up to %d", head, lost)
	}
}

// TestPlans lets SQLite explain every query: none walks through a table, or sorts what could be long.
func TestPlans(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "test.db"), nil)
	walk := regexp.MustCompile(`SCAN (event|user|conversation|booking|payment|answer|provider_event|revocation|block)\b`)
	for _, query := range []string{
		selectUser, selectHead, selectInbox, conversationByID, conversationByUsers, messageByID, messageByKey,
		lowestMessages, highestMessages, selectConversations, selectContacts, selectNotification, selectNotifications,
		countUnread, bookingByID, bookingsOfUser, paymentByID, paymentsOfBooking, selectProviderEvent, selectLastAttempt, selectRevocations, trimRevocations, selectBlocked, countBlocks, deleteBlocks, deleteBlocksOf, passing, selectExpired, selectTrimmed, resolveUser, resolveListing, resolveBooking,
		moveBoater, moveOwner, moveRevocations, inboxA, inboxB, putUsed, deleteConversations, deleteConfirmed,
	} {
		plan, err := explain(t, s, query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if walk.MatchString(plan) {
			t.Errorf("%s\nwalks:\n%s", query, plan)
		}
		if query == resolveUser && !strings.Contains(plan, "INDEX user_seen") {
			t.Errorf("looks at those who were not seen:\n%s", plan)
		}
		if query == selectInbox && strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("sorts:\n%s", plan)
		}
	}
}

func explain(t *testing.T, s *Store, query string) (string, error) {
	var plan strings.Builder
	args := make([]any, paramCount(query))
	rows, err := s.conns[1].sql.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return "", err
		}
		plan.WriteString(detail + "\n")
	}
	return plan.String(), rows.Err()
}

var numbered = regexp.MustCompile(`\?[1-9]`)

// paramCount counts ?, or finds the highest of ?1, ?2, ...
func paramCount(query string) int {
	if all := numbered.FindAllString(query, -1); all != nil {
		return int(slices.Max(all)[1] - '0')
	}
	return strings.Count(query, "?")
}
