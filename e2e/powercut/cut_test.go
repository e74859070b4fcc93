package powercut

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	cuts = flag.Int("cuts", 10, "how often the power is cut")
	seed = flag.Uint64("seed", 0, "seed of the cuts; 0: a new one")
)

// lifetime is how many messages are acknowledged in a life, at least, before its end.
const lifetime = 300

// TestFullLosesNothing cuts the power of the store as it is.
func TestFullLosesNothing(t *testing.T) {
	acked, lost := torment(t, build(t, ""))
	t.Logf("%d acknowledged over %d cuts", acked, *cuts)
	if lost > 0 {
		t.Errorf("%d of %d acknowledged messages were lost", lost, acked)
	}
}

// TestNormalLoses shows that the test above can fail: the same store with synchronous=NORMAL.
func TestNormalLoses(t *testing.T) {
	acked, lost := torment(t, build(t, "NORMAL"))
	t.Logf("%d of %d acknowledged messages were lost over %d cuts", lost, acked, *cuts)
	if lost == 0 {
		t.Error("nothing was lost: the file system does not forget")
	}
}

// build builds the writer, with another synchronous setting if one is given.
func build(t *testing.T, synchronous string) string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-o", filepath.Join(dir, "writer")}
	if synchronous != "" {
		args = append(args, "-overlay", overlay(t, dir, synchronous))
	}
	if out, err := exec.CommandContext(t.Context(), "go", append(args, "./writer")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "writer")
}

func overlay(t *testing.T, dir, synchronous string) string {
	t.Helper()
	source, err := filepath.Abs("../../sqlite/open.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(source)
	if err != nil || strings.Count(string(text), "synchronous(FULL)") != 1 {
		t.Fatalf("%s: %v, or it says synchronous(FULL) not once", source, err)
	}
	mutant := filepath.Join(dir, "open.go")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{source: mutant}})
	err = errors.Join(err,
		os.WriteFile(mutant, []byte(strings.Replace(string(text), "FULL", synchronous, 1)), 0o600),
		os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "overlay.json")
}

// torment lets the writer live and die on one disk, and counts what was acknowledged and is gone.
func torment(t *testing.T, writer string) (acked, lost int) {
	t.Helper()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 0))
	d, names := newDisk(), slices.Sorted(maps.Keys(policies))
	keys := map[string]bool{}
	for n := range *cuts {
		for _, key := range live(t, d, writer, n, r) {
			keys[key] = true
			acked++
		}
		d.on(policies[names[n%len(names)]], r)
		there := list(t, d, writer)
		for key := range keys {
			if !there[key] {
				lost++
				delete(keys, key) // lost once
			}
		}
	}
	return acked, lost
}

// live runs the writer until its power is cut, and returns what it had acknowledged.
func live(t *testing.T, d *disk, writer string, n int, r *rand.Rand) (acked []string) {
	t.Helper()
	dir, unmount := mounted(t, d)
	defer unmount()
	c := exec.CommandContext(t.Context(), writer, filepath.Join(dir, "test.db"), fmt.Sprint(n))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	end := lifetime + r.IntN(lifetime)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		acked = append(acked, lines.Text())
		if len(acked) == end {
			d.cut() // what was printed before this is on disk; what is printed later is counted too
			time.AfterFunc(50*time.Millisecond, func() { _ = c.Process.Kill() })
		}
	}
	if err := c.Wait(); err == nil || len(acked) < end {
		t.Fatalf("the writer ended by itself: %v", err)
	}
	return acked
}

// list opens the store after the cut, which checks the file, and returns the keys in it.
func list(t *testing.T, d *disk, writer string) map[string]bool {
	t.Helper()
	dir, unmount := mounted(t, d)
	defer unmount()
	out, err := exec.CommandContext(t.Context(), writer, "-list", filepath.Join(dir, "test.db")).Output()
	if err != nil {
		var exit *exec.ExitError
		errors.As(err, &exit)
		t.Fatalf("%v\n%s", err, exit.Stderr)
	}
	there := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		there[strings.TrimSpace(line)] = true
	}
	return there
}

func mounted(t *testing.T, d *disk) (dir string, unmount func()) {
	t.Helper()
	dir = t.TempDir()
	server, err := d.mount(dir)
	if err != nil {
		t.Fatalf("cannot mount, for which one must be root and have /dev/fuse: %v", err)
	}
	return dir, func() {
		if err := server.Unmount(); err != nil {
			t.Error(err)
		}
	}
}
