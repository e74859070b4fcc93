package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dokkerr/realtime/e2e/machine"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dokkerrd": main})
}

// TestScripts runs the commands as an operator does. Each script has a free PORT and knows two more words: `ready`
// waits until the server wants work, and `stopping` until it does not any more.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PORT", fmt.Sprint(machine.FreePorts(e.T().(testing.TB), 1)[0]))
			e.Setenv("SECRET", "0123456789abcdef0123456789abcdef")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready":    func(ts *testscript.TestScript, _ bool, _ []string) { await(ts, http.StatusOK) },
			"stopping": func(ts *testscript.TestScript, _ bool, _ []string) { await(ts, http.StatusServiceUnavailable) },
			"poll":     poll,
		},
	})
}

// await asks /readyz until it has that status.
func await(ts *testscript.TestScript, status int) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		answer, err := http.Get("http://127.0.0.1:" + ts.Getenv("PORT") + "/readyz")
		if err != nil {
			continue
		}
		answer.Body.Close()
		if answer.StatusCode == status {
			return
		}
	}
	ts.Fatalf("/readyz does not answer %d", status)
}

// poll opens a session and leaves it without a poll, so that the server has something to wait for when it stops.
func poll(ts *testscript.TestScript, _ bool, _ []string) {
	answer, err := http.Get("http://127.0.0.1:" + ts.Getenv("PORT") + "/socket.io/?EIO=4&transport=polling")
	ts.Check(err)
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		ts.Fatalf("handshake: %s", answer.Status)
	}
}
