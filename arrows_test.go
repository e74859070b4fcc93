package realtime_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/dokkerr/realtime"

// arrows is the table of docs/architecture.md: which of our packages each may import. They only point down.
var arrows = map[string][]string{
	"":         {},
	"eioproto": {},
	"wsproto":  {},
	"netpoll":  {},
	"engineio": {"eioproto", "wsproto", "netpoll"},
	"sioproto": {},
	"socketio": {"engineio", "sioproto"},
	"dokkerr":  {},
	"sqlite":   {"dokkerr"},
	"postgres": {"dokkerr"},
	"redis":    {},
	"stripe":   {"dokkerr"},
	"token":    {},
	"limit":    {},
	"gateway":  {"socketio", "dokkerr", "token", "limit"},
	"httpapi":  {"dokkerr", "limit"},
	"console":  {},

	// What tests and readers use beside the table.
	"netpoll/memnet":    {},
	"socketio/siotest":  {"netpoll/memnet", "eioproto", "wsproto", "engineio", "sioproto", "socketio"},
	"dokkerrtest":       {"dokkerr"},
	"token/tokentest":   {},
	"sqlite/sqlitetest": {"dokkerr", "sqlite"},
}

// anything marks the packages that may import all others: the wiring, whole-program tests and examples.
var anything = []string{"cmd/", "e2e", "examples/"}

const prometheus = "github.com/prometheus/"

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestArrowsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		name := ourName(p.ImportPath)
		allowed, known := arrows[name]
		free := slices.ContainsFunc(anything, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if !known && !free {
			t.Errorf("%s is not in the table of packages: say in docs/architecture.md and arrows_test.go what it is and what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			if reason := refuse(name, imported, allowed, free); reason != "" {
				t.Errorf("%s imports %s: %s", name, imported, reason)
			}
		}
	}
}

// refuse returns why a package may not import another, or "".
func refuse(name, imported string, allowed []string, free bool) string {
	if strings.HasPrefix(imported, prometheus) && !strings.HasPrefix(name, "cmd/") {
		return "only cmd knows Prometheus; offer a struct of hooks that cmd fills"
	}
	if free || imported != module && !strings.HasPrefix(imported, module+"/") {
		return ""
	}
	if !slices.Contains(allowed, ourName(imported)) {
		return "arrows only point down, and this one is not in the table of docs/architecture.md; let the caller declare a small interface that cmd fills"
	}
	return ""
}

func ourName(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

// TestArrowsAreRefused shows that the test above can fail.
func TestArrowsAreRefused(t *testing.T) {
	for _, arrow := range [][2]string{
		{"dokkerr", module + "/sqlite"},
		{"engineio", module + "/socketio"},
		{"eioproto", module + "/wsproto"},
		{"httpapi", module + "/gateway"},
		{"httpapi", module + "/socketio"},
		{"limit", module},
		{"socketio", "github.com/prometheus/client_golang/prometheus"},
		{"e2e", "github.com/prometheus/client_golang/prometheus"},
	} {
		free := slices.Contains(anything, arrow[0])
		if refuse(arrow[0], arrow[1], arrows[arrow[0]], free) == "" {
			t.Errorf("%s may import %s", arrow[0], arrow[1])
		}
	}
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Logf("%s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
