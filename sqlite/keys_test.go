package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/dokkerr"
)

// fewHashes has a hash for every four keys or so.
func fewHashes(_ dokkerr.ID, key string) int64 { return int64(key[len(key)-1]) }

// keyPlay does to a store what may happen to one, and knows which message each key belongs to.
type keyPlay struct {
	*testing.T
	*Store
	service *dokkerr.Service
	options *Options
	path    string
	users   []dokkerr.ID
	first   map[usedKey]dokkerr.Receipt
	used    []usedKey // the keys of first, in the order of their use
	keys    int       // made
	random  *rand.Rand
}

func newKeyPlay(t *testing.T, users int, o *Options) *keyPlay {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	p := &keyPlay{
		T: t, path: filepath.Join(t.TempDir(), "test.db"), options: o, first: map[usedKey]dokkerr.Receipt{},
		random: rand.New(rand.NewPCG(seed, 0)),
	}
	for range users {
		p.users = append(p.users, uuid.New())
	}
	p.open()
	return p
}

type usedKey struct {
	sender, recipient dokkerr.ID
	key               string
}

func (p *keyPlay) open() {
	p.Helper()
	s, err := Open(p.Context(), p.path, p.options)
	if err != nil {
		p.Fatal(err)
	}
	p.Store, p.service = s, dokkerr.NewService(s, nil)
}

func (p *keyPlay) close() {
	p.Helper()
	if err := p.Close(); err != nil {
		p.Fatal(err)
	}
}

// crash goes on with a copy of the files as they are, as after a kill.
func (p *keyPlay) crash() {
	p.Helper()
	to := filepath.Join(p.TempDir(), "test.db")
	if err := errors.Join(copyFile(p.path, to), copyFile(p.path+"-wal", to+"-wal")); err != nil {
		p.Fatal(err)
	}
	p.close()
	p.path = to
	p.open()
}

// makeKey returns a key that was not used, of somebody to somebody.
func (p *keyPlay) makeKey() usedKey {
	p.keys++
	i := p.random.IntN(len(p.users))
	return usedKey{p.users[i], p.users[(i+1)%len(p.users)], fmt.Sprintf("a key of somebody's: %06d", p.keys)}
}

func (p *keyPlay) begin(k usedKey) (end func() (dokkerr.Receipt, error)) {
	return p.service.BeginSend(p.Context(), dokkerr.Actor{User: k.sender}, dokkerr.NewMessage{
		RecipientID: k.recipient.String(), Type: "text", Content: "hello", ClientMessageID: k.key,
	})
}

// send sends some messages at once: new ones, ones that were sent before, and one of both twice.
func (p *keyPlay) send() {
	p.Helper()
	var keys []usedKey
	for range 1 + p.random.IntN(6) {
		k := p.makeKey()
		if len(p.used) > 0 && p.random.IntN(3) == 0 {
			k = p.used[p.random.IntN(len(p.used))]
		}
		keys = append(keys, k)
	}
	keys = append(keys, keys[p.random.IntN(len(keys))])
	var ends []func() (dokkerr.Receipt, error)
	for _, k := range keys {
		ends = append(ends, p.begin(k))
	}
	for i, end := range ends {
		p.check(keys[i], end)
	}
}

func (p *keyPlay) check(k usedKey, end func() (dokkerr.Receipt, error)) {
	p.Helper()
	got, err := end()
	if err != nil {
		p.Fatalf("%s: %v", k.key, err)
	}
	first, known := p.first[k]
	if known && got.MessageID != first.MessageID {
		p.Fatalf("%s was used for message %d, and again for %d", k.key, first.Seq, got.Seq)
	}
	if !known {
		p.first[k] = got
		p.used = append(p.used, k)
	}
}

// checkAll repeats every message, looks for rows of one key, and closes the store.
func (p *keyPlay) checkAll() {
	p.Helper()
	for _, k := range p.used {
		p.check(k, p.begin(k))
	}
	var twice int
	err := p.Update(context.Background(), func(lent dokkerr.Tx) error {
		return lent.(*tx).conn.row(context.Background(), `
SELECT count(*) FROM (SELECT 1 FROM event WHERE client_key IS NOT NULL GROUP BY user_b, client_key HAVING count(*) > 1)`, nil, &twice)
	})
	if err != nil || twice > 0 {
		p.Errorf("%d keys have two rows, %v", twice, err)
	}
	p.close()
}

// fail writes a message, and then what the tables refuse.
func (p *keyPlay) fail() {
	p.Helper()
	if len(p.used) == 0 {
		return
	}
	k, last := p.makeKey(), p.first[p.used[len(p.used)-1]]
	err := p.Update(context.Background(), func(tx dokkerr.Tx) error {
		e, broken := event(k.recipient), event(k.recipient)
		e.Name, e.ID, broken.ID = "message.new", uuid.New(), last.MessageID
		e.To = append(e.To, dokkerr.Recipient{User: k.sender})
		c, err := tx.ConversationOf(k.sender, k.recipient)
		if errors.Is(err, dokkerr.ErrNotFound) {
			c, err = dokkerr.ConversationState{ID: uuid.New()}, nil
		}
		e.Message = &dokkerr.MessageEntry{ConversationID: c.ID, Seq: c.Seq + 1, Key: k.key}
		tx.Append(e)
		tx.Append(broken)
		return err
	})
	if !isConstraint(err) {
		p.Fatal(err)
	}
	p.check(k, p.begin(k))
}

// erase lets a user begin anew.
func (p *keyPlay) erase() {
	p.Helper()
	gone := p.users[p.random.IntN(len(p.users))]
	if err := p.Update(context.Background(), func(tx dokkerr.Tx) error { tx.Erase(gone); return nil }); err != nil {
		p.Fatal(err)
	}
	kept := p.used[:0]
	for _, k := range p.used {
		if k.sender == gone || k.recipient == gone {
			delete(p.first, k)
		} else {
			kept = append(kept, k)
		}
	}
	p.used = kept
}

// TestKeys plays at random. Wherever a key is (in memory, on its way, in the table, in the rows alone), its message is found, however the
// process has ended; and the keys of what came to nothing or was erased are free.
func TestKeys(t *testing.T) {
	for name, hash := range map[string]func(dokkerr.ID, string) int64{"hashes": nil, "few hashes": fewHashes} {
		t.Run(name, func(t *testing.T) {
			p := newKeyPlay(t, 4, &Options{keyLimit: 8, keyHash: hash})
			for range 300 {
				switch p.random.IntN(40) {
				case 0:
					p.close()
					p.open()
				case 1:
					p.crash()
				case 2:
					p.erase()
				case 3, 4:
					p.fail()
				default:
					p.send()
				}
			}
			p.checkAll()
		})
	}
}

// TestKeysBehindTheLastEvent erases the newest events, whose numbers are given again after a restart: the keys of those that get them are
// known after the next one.
func TestKeysBehindTheLastEvent(t *testing.T) {
	p := newKeyPlay(t, 2, &Options{keyLimit: 1})
	for range 20 {
		p.send()
	}
	p.erase()
	for left := true; left; {
		err := p.Update(t.Context(), func(lent dokkerr.Tx) error {
			return lent.(*tx).conn.row(t.Context(), "SELECT EXISTS (SELECT 1 FROM event)", nil, &left)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p.crash()
	p.send()
	p.crash()
	p.checkAll()
}

// TestKeysOfAnOldFile opens a file from before message_key, with more keys than are read at once.
func TestKeysOfAnOldFile(t *testing.T) {
	p := newKeyPlay(t, 2, &Options{keyLimit: 4})
	for len(p.used) < 700 {
		p.send()
	}
	err := p.Update(t.Context(), func(lent dokkerr.Tx) error {
		for _, text := range []string{
			"DROP TABLE message_key", "DROP TABLE message_key_mark", "DELETE FROM goose_db_version WHERE version_id = 14",
			"CREATE UNIQUE INDEX event_client ON event (user_b, client_key) WHERE client_key IS NOT NULL",
		} {
			if _, err := lent.(*tx).conn.sql.ExecContext(t.Context(), text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.close()
	p.open()
	if n := len(p.writer.keys.old); n > 2*4+maxBatch {
		t.Errorf("%d keys are left for later", n)
	}
	p.checkAll()
}

// TestKeysAfterKills runs itself as a process that sends from many sides, and kills it, again and again: each key that was answered stands for
// that message ever after, and none for two.
func TestKeysAfterKills(t *testing.T) {
	const inside = "SQLITE_TEST_KEYS"
	if path := os.Getenv(inside); path != "" {
		sendUntilKilled(t, path)
		return
	}
	p := newKeyPlay(t, 2, &Options{keyLimit: 16})
	p.close()
	for range 8 {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKeysAfterKills$")
		c.Env = append(os.Environ(), inside+"="+p.path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 100 + p.random.IntN(200); n > 0 && lines.Scan(); n-- {
			p.note(lines.Text())
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			p.note(lines.Text())
		}
		_ = c.Wait() // it was killed
		p.open()
		p.checkAll()
	}
	if len(p.used) < 800 {
		t.Errorf("only %d keys were answered", len(p.used))
	}
}

// note takes what a process has printed of an answer. The end may have cut it.
func (p *keyPlay) note(line string) {
	var sender, recipient, key, message string
	if n, _ := fmt.Sscanf(line, "%s %s %s %s.", &sender, &recipient, &key, &message); n < 4 || !strings.HasSuffix(line, ".") {
		return
	}
	k := usedKey{uuid.MustParse(sender), uuid.MustParse(recipient), key}
	p.first[k] = dokkerr.Receipt{MessageID: uuid.MustParse(strings.TrimSuffix(message, "."))}
	p.used = append(p.used, k)
}

func sendUntilKilled(t *testing.T, path string) {
	p := &keyPlay{T: t, path: path, options: &Options{keyLimit: 16}}
	p.open()
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for {
				k := usedKey{uuid.New(), uuid.New(), uuid.NewString()}
				receipt, err := p.begin(k)()
				if err != nil {
					t.Error(err)
					return
				}
				fmt.Printf("%s %s %s %s.\n", k.sender, k.recipient, k.key, receipt.MessageID)
			}
		})
	}
	senders.Wait()
}
