package main

import (
	"fmt"
	"html"
	"os"
	"slices"
	"strings"

	"github.com/dokkerr/realtime/bench/result"
)

// Sizes of a plot, in pixels.
const (
	plotWidth   = 720
	labelWidth  = 130
	barsWidth   = 430
	rowHeight   = 24
	barHeight   = 14
	titleHeight = 34
)

// plot writes bars of the plotted columns, medians with whiskers from the least to the most.
func (s scenario) plot(runs []result.Run, file string) error {
	if len(runs) == 0 {
		return nil
	}
	var body strings.Builder
	y := 10
	for _, c := range s.columns {
		if c.plotted {
			y = s.panel(&body, c, runs, y)
		}
	}
	picture := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" font-size="13">
<rect width="100%%" height="100%%" fill="#fff"/>
%s</svg>
`, plotWidth, y+10, plotWidth, y+10, body.String())
	return os.WriteFile(file, []byte(picture), 0o644)
}

// panel draws one column below y and returns where it ends.
func (s scenario) panel(b *strings.Builder, c column, runs []result.Run, y int) int {
	names := peersOf(runs)
	most := 0.0
	for _, name := range names {
		own, _, _ := quotable(name, runs)
		most = max(most, slices.Max(append(values(own, c.metric), 0)))
	}
	title := fmt.Sprintf("%s, %d clients: %s (less is better)", s.name, s.clients, c.title)
	fmt.Fprintf(b, `<text x="10" y="%d" font-weight="600" fill="#1b2a38">%s</text>`+"\n", y+18, html.EscapeString(title))
	y += titleHeight
	for _, name := range names {
		own, _, _ := quotable(name, runs)
		if all := values(own, c.metric); len(all) > 0 && most > 0 {
			bar(b, name, all, barsWidth/most, y)
			y += rowHeight
		}
	}
	return y + 12
}

func bar(b *strings.Builder, name string, all []float64, scale float64, y int) {
	fill := "#a9b8c6"
	if strings.HasPrefix(name, "ours") {
		fill = "#0b7285"
	}
	middle := float64(y) + barHeight/2
	least, most := labelWidth+slices.Min(all)*scale, labelWidth+slices.Max(all)*scale
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" fill="#1b2a38">%s</text>`, labelWidth-10, y+12, html.EscapeString(name))
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, labelWidth, y, median(all)*scale, barHeight, fill)
	fmt.Fprintf(b, `<path d="M%.1f %.1fH%.1f" stroke="#1b2a38"/>`, least, middle, most)
	fmt.Fprintf(b, `<text x="%.1f" y="%d" fill="#1b2a38">%s</text>`+"\n", most+8, y+12, spread(all))
}
