// Command mutants shows that the tests have teeth: it breaks the product in one way after the other and runs the tests that must
// notice. It fails if one does not, and if an edit no longer fits the source.
//
//	go run ./e2e/mutants          # all
//	go run ./e2e/mutants -run gap # those whose name matches
//
// Nothing is copied and nothing in the tree changes: the go command reads the edited files through an overlay, also where a
// test builds a program.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
)

// mutant is one way to break the product.
type mutant struct {
	name  string
	edits []edit
	tests []test // each must notice
}

// edit replaces a text that is in a file once.
type edit struct{ file, old, new string }

// test is what runs: in a directory, on a package, by the names of tests.
type test struct{ dir, pkg, run, flags string }

func (t test) String() string {
	return strings.TrimSpace(strings.Join([]string{t.dir, t.pkg, t.run, t.flags}, " "))
}

func main() {
	which := flag.String("run", "", "only mutants whose name matches this expression")
	flag.Parse()
	wanted, err := regexp.Compile(*which)
	if err == nil {
		err = run(wanted)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// run breaks and tests, and prints a table of who caught what.
func run(wanted *regexp.Regexp) error {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return err
	}
	h := hunt{root: strings.TrimSpace(string(root)), sound: map[test]bool{}}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	var failed error
	for _, m := range mutants {
		if !wanted.MatchString(m.name) {
			continue
		}
		begin := time.Now()
		caught, err := h.catch(m)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", m.name, err))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", m.name, cmp.Or(caught, "SURVIVED"), time.Since(begin).Round(100*time.Millisecond))
	}
	return errors.Join(table.Flush(), failed)
}

// hunt remembers which tests pass where nothing is broken.
type hunt struct {
	root  string
	sound map[test]bool
}

// catch returns who noticed, or what went wrong.
func (h hunt) catch(m mutant) (caught string, err error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	overlay, err := h.overlay(m, dir)
	if err != nil {
		return "", err
	}
	var names []string
	for _, t := range m.tests {
		name, err := h.notice(t, overlay)
		if err != nil {
			return "", fmt.Errorf("%s: %w", t, err)
		}
		names = append(names, name)
	}
	return strings.Join(names, ", "), nil
}

// overlay writes the edited files, and the list of them that the go command reads.
func (h hunt) overlay(m mutant, dir string) (string, error) {
	edited := map[string]string{} // text by file
	for _, e := range m.edits {
		text, ok := edited[e.file]
		if !ok {
			read, err := os.ReadFile(filepath.Join(h.root, e.file))
			if err != nil {
				return "", err
			}
			text = string(read)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return "", fmt.Errorf("the edit does not apply: %s has its text %d times; bring e2e/mutants/table.go up to date", e.file, n)
		}
		edited[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	replace := map[string]string{}
	for file, text := range edited {
		mutated := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(mutated, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(h.root, file)] = mutated
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

var errSurvived = errors.New("the mutant survived: the test has no teeth")

// failures finds the test that failed, which is the first named: subtests come behind.
var failures = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|^(panic: test timed out)|^(panic: .{0,40}|fatal error: .{0,40})`)

// notice returns the name of the test that fails where the overlay lies over the source.
func (h hunt) notice(t test, overlay string) (string, error) {
	if !h.sound[t] {
		if out, err := h.goTest(t, ""); err != nil {
			return "", fmt.Errorf("it fails where nothing is broken: %w\n%s", err, out)
		}
		h.sound[t] = true
	}
	out, err := h.goTest(t, overlay)
	found := failures.FindStringSubmatch(string(out))
	switch {
	case err == nil:
		return "", errSurvived
	case found == nil:
		return "", fmt.Errorf("it does not build, or does not end: %w\n%s", err, out)
	}
	return cmp.Or(found[1], found[2], found[3]), nil
}

func (h hunt) goTest(t test, overlay string) ([]byte, error) {
	args := []string{"test", t.pkg, "-count=1", "-timeout=2m", "-run", t.run}
	c := exec.Command("go", append(args, strings.Fields(t.flags)...)...)
	c.Dir = filepath.Join(h.root, t.dir)
	c.Env = os.Environ()
	if overlay != "" {
		c.Env = append(c.Env, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay))
	}
	return c.CombinedOutput()
}
