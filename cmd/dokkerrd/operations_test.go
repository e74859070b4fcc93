package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/operations.md lists every setting and every limit, with what each is by default, in the order of the code or not.
func TestOperationsDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	settings, numbers := tableOf(t, string(text), "## Settings"), tableOf(t, string(text), "## Limits")
	for _, s := range slices.Concat(common, tokens, own) {
		written, listed := settings[s.name]
		if !listed {
			t.Errorf("%s is not in the document", s.name)
		}
		if s.fallback != "" && written != "`"+s.fallback+"`" {
			t.Errorf("%s is %s by default, the document says %s", s.name, s.fallback, written)
		}
		delete(settings, s.name)
	}
	for _, s := range new(limits).settings() {
		if written := numbers[s.name]; written != "`"+s.fallback+"`" {
			t.Errorf("%s is %s by default, the document says %q", s.name, s.fallback, written)
		}
		delete(numbers, s.name)
	}
	for name := range settings {
		t.Errorf("%s is in the document, and no setting", name)
	}
	for name := range numbers {
		t.Errorf("%s is in the document, and no limit", name)
	}
}

var documented = regexp.MustCompile("(?m)^\\| `([A-Za-z_]+)` \\| ([^|]*) \\|")

// tableOf returns the first two columns of the table below a heading.
func tableOf(t *testing.T, text, heading string) map[string]string {
	t.Helper()
	_, after, found := strings.Cut(text, heading+"\n")
	if !found {
		t.Fatalf("no %q", heading)
	}
	section, _, _ := strings.Cut(after, "\n## ")
	rows := map[string]string{}
	for _, row := range documented.FindAllStringSubmatch(section, -1) {
		rows[row[1]] = strings.TrimSpace(row[2])
	}
	return rows
}
