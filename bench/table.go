package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/dokkerr/realtime/bench/result"
)

// column is a metric in a table.
type column struct {
	title   string
	metric  string
	ratio   string // the peer that it is compared with, run by run; "": with none
	plotted bool
}

// table is the scenario's figures in Markdown: medians, with (min–max), over
// the clean runs of each peer in the phase that has most of them, or over all
// its runs where none is clean, marked *.
func (s scenario) table(runs []result.Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d clients", s.name, s.clients)
	if phase := phaseOf(runs); phase != result.Unknown {
		fmt.Fprintf(&b, ", cores %s", phase)
	}
	b.WriteString("\n\n| peer | clean/all runs |")
	for _, c := range s.columns {
		fmt.Fprintf(&b, " %s |", c.title)
		if c.ratio != "" {
			fmt.Fprintf(&b, " × %s |", c.ratio)
		}
	}
	b.WriteString("\n|---|---|")
	for _, c := range s.columns {
		b.WriteString("---|")
		if c.ratio != "" {
			b.WriteString("---|")
		}
	}
	for _, name := range peersOf(runs) {
		fmt.Fprintf(&b, "\n%s", s.row(name, runs))
	}
	b.WriteString("\n")
	return b.String()
}

func (s scenario) row(name string, runs []result.Run) string {
	own, clean, all := quotable(name, runs)
	mark := ""
	if clean == 0 {
		mark = " *"
	}
	row := fmt.Sprintf("| %s%s | %d/%d |", name, mark, clean, all)
	for _, c := range s.columns {
		row += " " + spread(values(own, c.metric)) + " |"
		if c.ratio != "" {
			row += " " + spread(ratios(own, runs, c)) + " |"
		}
	}
	return row
}

// peersOf returns the names in the order in which they ran.
func peersOf(runs []result.Run) []string {
	var names []string
	for _, r := range runs {
		if !slices.Contains(names, r.Peer) {
			names = append(names, r.Peer)
		}
	}
	return names
}

// phaseOf returns the phase with the most clean runs.
func phaseOf(runs []result.Run) result.Phase {
	count := make(map[result.Phase]int)
	best := result.Unknown
	for _, r := range runs {
		if !r.Clean() {
			continue
		}
		if count[r.Phase()]++; count[r.Phase()] > count[best] {
			best = r.Phase()
		}
	}
	return best
}

// quotable returns the runs of a peer that the table speaks of.
func quotable(name string, runs []result.Run) (own []result.Run, clean, all int) {
	var every []result.Run
	phase := phaseOf(runs)
	for _, r := range runs {
		if r.Peer != name {
			continue
		}
		every = append(every, r)
		if r.Clean() && r.Phase() == phase {
			own = append(own, r)
		}
	}
	if len(own) == 0 {
		return every, 0, len(every)
	}
	return own, len(own), len(every)
}

func values(runs []result.Run, metric string) []float64 {
	var all []float64
	for _, r := range runs {
		if value, ok := r.Metrics[metric]; ok {
			all = append(all, value)
		}
	}
	return all
}

// ratios divides each run by the same round's run of the peer compared with, if that is as clean and the cores were as far apart.
func ratios(own, runs []result.Run, c column) []float64 {
	var all []float64
	for _, r := range own {
		i := slices.IndexFunc(runs, func(other result.Run) bool {
			return other.Peer == c.ratio && other.Round == r.Round && other.Phase() == r.Phase() && other.Clean() == r.Clean()
		})
		if i < 0 {
			continue
		}
		value, ok := r.Metrics[c.metric]
		base, known := runs[i].Metrics[c.metric]
		if ok && known && base > 0 {
			all = append(all, value/base)
		}
	}
	return all
}

// spread is a median with the extremes.
func spread(all []float64) string {
	switch len(all) {
	case 0:
		return "–"
	case 1:
		return short(all[0])
	}
	return fmt.Sprintf("%s (%s–%s)", short(median(all)), short(slices.Min(all)), short(slices.Max(all)))
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// short writes three significant digits.
func short(v float64) string {
	switch magnitude := math.Abs(v); {
	case magnitude >= 999_500:
		return fmt.Sprintf("%.2fM", v/1e6)
	case magnitude >= 9_995:
		return fmt.Sprintf("%.0fk", v/1e3)
	case magnitude >= 100:
		return fmt.Sprintf("%.0f", v)
	case magnitude >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.3g", v)
	}
}

// reportFiles prints the tables of files of raw results and plots each beside its file.
func reportFiles(files []string) error {
	if len(files) == 0 {
		return errors.New("-report wants files of raw results")
	}
	for _, file := range files {
		runs, err := readRuns(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == runs[0].Scenario })
		if i < 0 {
			return fmt.Errorf("%s: no scenario %q", file, runs[0].Scenario)
		}
		s := scenarios[i]
		s.clients = runs[0].Clients
		fmt.Printf("\n%s", s.table(runs))
		if err := s.plot(runs, strings.TrimSuffix(file, ".jsonl")+".svg"); err != nil {
			return err
		}
	}
	return nil
}

func readRuns(file string) ([]result.Run, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var runs []result.Run
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var r result.Run
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	if lines.Err() == nil && len(runs) == 0 {
		return nil, errors.New("no runs")
	}
	return runs, lines.Err()
}
