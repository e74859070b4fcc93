package gateway

import (
	"testing"

	"github.com/google/uuid"
)

func TestPID(t *testing.T) {
	key, other := []byte("the key of the store"), []byte("the key of another store")
	want := pid{user: ben, session: newSessionID(), began: 1 << 50, socket: "abcdefghijklmnopqrst"}
	text := want.sign(key)
	if got, ok := readPID(key, text); !ok || got != want || len(text) > maxPID {
		t.Errorf("%+v is read as %+v, %v", want, got, ok)
	}
	if _, ok := readPID(other, text); ok {
		t.Error("a pid of another key is taken")
	}
	for i := range text {
		for _, c := range "A_z0" {
			changed := text[:i] + string(c) + text[i+1:]
			if _, ok := readPID(key, changed); ok && changed != text {
				t.Fatalf("changed at %d it is taken", i)
			}
		}
	}
}

// The base64 decoder skips line breaks; a pid has one spelling.
func TestPIDHasNoLineBreaks(t *testing.T) {
	key := []byte("the key of the store")
	shorter := pid{user: ben, session: newSessionID(), socket: "s"}
	text := shorter.sign(key)
	for i := range text {
		for _, c := range []string{"\r", "\n"} {
			if _, ok := readPID(key, text[:i]+c+text[i:]); ok {
				t.Fatalf("with %q at %d it is taken", c, i)
			}
		}
	}
}

func FuzzReadPID(f *testing.F) {
	key := []byte("key")
	good := pid{user: uuid.New(), socket: "s"}
	f.Add(good.sign(key))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := readPID(key, text); ok && p.sign(key) != text {
			t.Errorf("%q is read as %+v", text, p)
		}
	})
}
