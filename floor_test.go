package realtime_test

import (
	"encoding/json"
	"go/version"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floor is, for each module with a published hole, the first version without it.
var floor = map[string]string{
	"golang.org/x/net":                   "v0.56.0",
	"golang.org/x/crypto":                "v0.52.0",
	"github.com/gorilla/websocket":       "v1.5.3",
	"github.com/golang-jwt/jwt/v5":       "v5.2.2",
	"github.com/jackc/pgx/v5":            "v5.9.2",
	"github.com/redis/go-redis/v9":       "v9.7.3",
	"github.com/klauspost/compress":      "v1.18.7",
	"github.com/lestrrat-go/jwx/v2":      "v2.0.21",
	"github.com/go-jose/go-jose/v4":      "v4.1.4",
	"github.com/quic-go/quic-go":         "v0.59.1",
	"github.com/quic-go/webtransport-go": "v0.11.1",
	"github.com/mattn/go-sqlite3":        "v1.14.53",
	"modernc.org/sqlite":                 "v1.61.1", // carries SQLite 3.54.1; before 3.51.3 a WAL could be corrupted
}

// shut is modules with a hole and no version without it.
var shut = map[string]string{
	"github.com/jackc/pgproto3/v2":  "CVE-2026-32286 is open: use pgx v5",
	"github.com/jackc/pgx/v4":       "needs pgproto3 v2: use pgx v5",
	"github.com/golang-jwt/jwt":     "CVE-2024-51744 and older: use jwt v5",
	"github.com/golang-jwt/jwt/v4":  "CVE-2024-51744: use jwt v5",
	"github.com/dgrijalva/jwt-go":   "CVE-2020-26160: use golang-jwt v5",
	"github.com/lestrrat-go/jwx":    "CVE-2024-28122: use v3",
	"github.com/go-jose/go-jose/v3": "use v4",
}

const toolchainFloor = "go1.26.6"

func TestToolchainFloor(t *testing.T) {
	if version.Compare(runtime.Version(), toolchainFloor) < 0 {
		t.Errorf("built with %s: versions before %s have published holes", runtime.Version(), toolchainFloor)
	}
}

func TestModuleFloor(t *testing.T) {
	for path, v := range required(t) {
		if reason := tooOld(path, v); reason != "" {
			t.Errorf("%s %s: %s", path, v, reason)
		}
	}
}

// TestModulesBelowTheFloorAreFound shows that the test above can fail.
func TestModulesBelowTheFloorAreFound(t *testing.T) {
	for path, v := range map[string]string{
		"github.com/golang-jwt/jwt/v5": "v5.2.1",
		"golang.org/x/net":             "v0.9.0",
		"modernc.org/sqlite":           "v1.9.99",
		"github.com/jackc/pgx/v4":      "v4.18.3",
	} {
		if tooOld(path, v) == "" {
			t.Errorf("%s %s passes", path, v)
		}
	}
	for path, v := range map[string]string{"golang.org/x/net": "v0.56.0", "modernc.org/sqlite": "v1.100.0", "example.com/any": "v0.0.1"} {
		if reason := tooOld(path, v); reason != "" {
			t.Errorf("%s %s: %s", path, v, reason)
		}
	}
}

// tooOld returns why a module must not be in the build, or "".
func tooOld(path, v string) string {
	if reason, ok := shut[path]; ok {
		return reason
	}
	least, ok := floor[path]
	if ok && slices.Compare(numbers(v), numbers(least)) < 0 {
		return "has a published hole; use " + least + " or later"
	}
	return ""
}

// numbers splits v1.2.3 and leaves out what follows a hyphen.
func numbers(v string) []int {
	v, _, _ = strings.Cut(strings.TrimPrefix(v, "v"), "-")
	var ns []int
	for part := range strings.SplitSeq(v, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil // below every floor
		}
		ns = append(ns, n)
	}
	return ns
}

// required is what go.mod names: with a pruned module graph, everything that is built.
func required(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	versions := make(map[string]string, len(mod.Require))
	for _, r := range mod.Require {
		versions[r.Path] = r.Version
	}
	if len(versions) == 0 {
		t.Fatal("go.mod names no module")
	}
	return versions
}
