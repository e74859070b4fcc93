package attacks

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dokkerr/realtime/e2e/machine"
)

const (
	fewFiles     = 256 // that the server may have open
	reservedFor  = 64  // of them, that no connection gets
	crowdBeyond  = 400 // connections more than it can have
	triedAtOnce  = 20
	serverItself = 32 // at most, of its own: listeners, the store, the log
)

// TestDescriptorsRunOut fills a server that may open few files. Who comes too late is answered 503 and when to come back; who is there
// goes on, with what the store and the log need; and when somebody leaves there is room again.
func TestDescriptorsRunOut(t *testing.T) {
	s := serve(t, withFiles(t, machine.Build(t), fewFiles), "JWT_SECRET="+secret, "LIMITS=userConnections=1000")
	birds := s.chat(t)
	crowd := s.fill(t)
	if n := len(crowd); n < fewFiles-reservedFor-serverItself || n > fewFiles-reservedFor {
		t.Errorf("%d connections were let in", n)
	}
	mark := birds.mark()
	s.refusesCrowd(t)
	now, err := s.usage()
	if err != nil {
		t.Fatal("the metrics of a full server: ", err)
	}
	if now.descriptors > fewFiles-reservedFor+2 {
		t.Errorf("%d descriptors are in use", now.descriptors)
	}
	for _, o := range crowd[:10] {
		if err := assertAlive(o); err != nil {
			t.Errorf("a client of a full server: %v", err)
		}
	}
	for deadline := time.Now().Add(patience); birds.mark() < mark+8 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if n := birds.mark() - mark; n < 8 {
		t.Errorf("%d messages were acknowledged by a full server", n)
	}
	if _, err := s.enter(); !errors.Is(err, errFull) {
		t.Errorf("it was not full meanwhile: %v", err)
	}
	for _, o := range crowd[len(crowd)/2:] {
		o.close()
	}
	s.letsInAgain(t)
	for _, o := range crowd[:len(crowd)/2] {
		o.close()
	}
	birds.stopped(t)
	if n := strings.Count(s.output.String(), "no file descriptors are left"); n != 1 {
		t.Errorf("the log tells %d times", n)
	}
	if err := s.checkLog(); err != nil {
		t.Error(err)
	}
}

// withFiles returns a program that runs the binary with a limit of open files.
func withFiles(t *testing.T, binary string, files int) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "limited")
	text := fmt.Sprintf("#!/bin/sh\nulimit -n %d\nexec '%s' \"$@\"\n", files, binary)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return script
}

// errFull is a connection that was turned away as it should.
var errFull = errors.New("turned away")

// enter logs somebody in over a WebSocket, or returns errFull.
func (s *server) enter() (session, error) {
	w, err := s.dial()
	if err != nil {
		return nil, err
	}
	// Who is turned away is answered before it has asked, and may find the connection reset when it does.
	if err := w.write(request{query: websocket, upgrade: true}.text(s.address)); err != nil {
		return nil, err
	}
	got, err := w.answer()
	if err != nil {
		return nil, err
	}
	if got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") == "2" && got.body == "" {
		return nil, errors.Join(errFull, w.Close())
	}
	if err := switched(got); err != nil {
		return nil, err
	}
	opening, err := w.frame()
	if err != nil {
		return nil, err
	}
	o := &streaming{w, s.sidOf(string(opening.payload))}
	_, err = connect(o, map[string]any{"token": s.person().token})
	return o, err
}

// fill opens connections until one is turned away.
func (s *server) fill(t *testing.T) (crowd []session) {
	t.Helper()
	for range fewFiles {
		o, err := s.enter()
		if errors.Is(err, errFull) {
			return crowd
		}
		if err != nil {
			t.Fatalf("connection %d: %v", len(crowd), err)
		}
		crowd = append(crowd, o)
	}
	t.Fatalf("%d connections, and none was turned away", len(crowd))
	return nil
}

// refusesCrowd has many come to a full server.
func (s *server) refusesCrowd(t *testing.T) {
	t.Helper()
	var all sync.WaitGroup
	for range triedAtOnce {
		all.Go(func() {
			for range crowdBeyond / triedAtOnce {
				if _, err := s.enter(); !errors.Is(err, errFull) {
					t.Errorf("a full server answered %v", err)
				}
			}
		})
	}
	all.Wait()
}

// letsInAgain waits until the server has noticed who left.
func (s *server) letsInAgain(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		o, err := s.enter()
		if err == nil {
			o.close()
			return
		}
		if !errors.Is(err, errFull) || time.Now().After(deadline) {
			t.Fatalf("after half have left: %v", err)
		}
	}
}
