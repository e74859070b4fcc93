package attacks

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/token/tokentest"
)

// The list has these rows: are attacks, R-01 to R-37 the lines of what the official server
// answers.
func numbers() (all []string) {
	for _, part := range []struct {
		letter      string
		first, last int
	}{{"A", 1, 37}, {"A", 40, 54}, {"A", 60, 97}, {"R", 1, 37}} {
		for n := part.first; n <= part.last; n++ {
			all = append(all, fmt.Sprintf("%s-%02d", part.letter, n))
		}
	}
	return all
}

// notApplicable is the rows that nothing can be sent for, each with the reason.
var notApplicable = map[string]string{
	"A-16": "the service asks no client for an acknowledgement; the library's is bounded in time and number: TestTooManyAcks of socketio",
	"A-20": "one node: nothing comes by a message queue",
	"A-29": "the service opens no WebSocket; that of tests is held by floor_test.go",
	"A-33": "the service opens no WebSocket",
	"A-67": "no PostgreSQL in this build; floor_test.go holds the driver's version",
	"A-68": "no Redis in this build; floor_test.go holds the client's version",
	"A-69": "nothing to send: floor_test.go holds the toolchain's version",
	"A-80": "the service asks no client for an acknowledgement; the library's is bounded in time and number: TestTooManyAcks of socketio",
}

// everything is the whole table.
func everything(t *testing.T) (all []attack) {
	for _, table := range [][]attack{
		protocol(), webSockets(), tokens(t), stack(), further(), reference(), slow(), floods(), encrypted(), slowEncrypted(), addresses(),
		issuerTokens(t, &tokentest.Issuer{}, tokentest.NewKey(t, "key-1", "ES256")),
	} {
		all = append(all, table...)
	}
	return all
}

// TestEveryRowIsRunOrListed is that no row of the list is forgotten, here or in docs/security.md.
func TestEveryRowIsRunOrListed(t *testing.T) {
	run := map[string]bool{}
	for _, a := range everything(t) {
		for row := range strings.FieldsSeq(a.row) {
			run[row] = true
		}
	}
	known := numbers()
	for _, row := range known {
		if places := count(run[row], notApplicable[row] != ""); places != 1 {
			t.Errorf("%s is in %d of: run, not applicable", row, places)
		}
	}
	for row := range run {
		if !slices.Contains(known, row) {
			t.Errorf("%s is no row of the list", row)
		}
	}
	t.Logf("%d rows: %d run by %d attacks, %d not applicable", len(known), len(run), len(everything(t)), len(notApplicable))
	tellsEveryRow(t, known)
}

func count(all ...bool) (n int) {
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}

// tellsEveryRow is that the page has the table too.
func tellsEveryRow(t *testing.T, known []string) {
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range known {
		_, line, _ := strings.Cut(string(page), "\n| "+row+" |")
		line, _, _ = strings.Cut(line, "\n")
		if applies := !strings.Contains(line, "does not apply"); line == "" || applies == (notApplicable[row] != "") {
			t.Errorf("docs/security.md says of %s: %q", row, line)
		}
	}
}
