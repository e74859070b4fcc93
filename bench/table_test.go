package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/bench/result"
)

func echoRun(peer string, round int, cpu, foreign, distance float64) result.Run {
	return result.Run{
		Scenario: "echo", Peer: peer, Round: round, Clients: 1000, Foreign: foreign, Distances: []float64{distance},
		Metrics: map[string]float64{"echo.cpu_us": cpu},
	}
}

func TestTableQuotesCleanRunsOfOnePhase(t *testing.T) {
	s := scenario{"echo", 1000, []column{{title: "CPU", metric: "echo.cpu_us", ratio: "floor", plotted: true}}}
	runs := []result.Run{
		echoRun("floor", 0, 2, 0, 150), echoRun("ours", 0, 3, 0, 150),
		echoRun("floor", 1, 4, 0, 160), echoRun("ours", 1, 5, 0, 900), // the cores moved between the two
		echoRun("floor", 2, 9, 0.5, 150), echoRun("ours", 2, 5, 0, 150), // the floor was disturbed
		echoRun("busy", 0, 7, 0.5, 150),
	}
	want := []string{
		"echo, 1000 clients, cores near",
		"| floor | 2/3 | 3 (2–4) | 1 (1–1) |",
		"| ours | 2/3 | 4 (3–5) | 1.5 |",
		"| busy * | 0/1 | 7 | – |",
	}
	got := s.table(runs)
	for _, line := range want {
		if !strings.Contains(got, line) {
			t.Errorf("no line %q in\n%s", line, got)
		}
	}

	picture := filepath.Join(t.TempDir(), "echo.svg")
	if err := s.plot(runs, picture); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if bars := strings.Count(string(svg), "<rect x="); bars != 3 {
		t.Errorf("%d bars, want one for each of 3 peers", bars)
	}
}

func TestPhase(t *testing.T) {
	for _, row := range []struct {
		distances []float64
		want      result.Phase
	}{{nil, result.Unknown}, {[]float64{150, 180}, result.Near}, {[]float64{900}, result.Far}, {[]float64{150, 900}, result.Moved}} {
		if got := (result.Run{Distances: row.distances}).Phase(); got != row.want {
			t.Errorf("%v is %q, want %q", row.distances, got, row.want)
		}
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{0.0149: "0.0149", 1.005: "1", 6.42: "6.42", 16.62: "16.6", 322.4: "322", 5030: "5030", 149_700: "150k", 1_330_000: "1.33M"} {
		if got := short(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}
