// Package result is what a run of the load generator reports, as one JSON line.
package result

const (
	// CleanShare is how much of one CPU everything but the server and the
	// generator may have used in a clean run.
	CleanShare = 0.10
	// nearDistance is below what cores with a common cache need, in nanoseconds,
	// and above what they need without.
	nearDistance = 400
)

// Run is one scenario driven once against one server.
type Run struct {
	Time     string `json:"time"` // RFC 3339
	Scenario string `json:"scenario"`
	Peer     string `json:"peer"`
	Version  string `json:"version,omitempty"`
	Round    int    `json:"round"`
	Clients  int    `json:"clients"`
	Pinned   bool   `json:"pinned"`

	// Metrics are figures by name, `<window>.<what>_<unit>`: see docs/performance.md.
	Metrics map[string]float64 `json:"metrics"`
	Lost    int64              `json:"lost"`    // messages that were due and did not come
	Uneven  int                `json:"uneven"`  // clients that got another number of messages than they were due
	Foreign float64            `json:"foreign"` // of one CPU, used by everything else, in the worst window

	// Distances are how long a cache line took from core to core and back,
	// between the windows, in nanoseconds; nil when not measured.
	Distances []float64 `json:"distances,omitempty"`
}

// Phase tells how far apart the two cores were. Virtual cores move on their
// host, and where they share no cache a delivery costs twice as much or more:
// only runs of one phase can be compared.
type Phase string

// The phases.
const (
	Near    Phase = "near"
	Far     Phase = "far"
	Moved   Phase = "moved" // during the run
	Unknown Phase = ""      // not measured
)

// Phase returns where the cores were during the run.
func (r Run) Phase() Phase {
	if len(r.Distances) == 0 {
		return Unknown
	}
	near := 0
	for _, d := range r.Distances {
		if d < nearDistance {
			near++
		}
	}
	switch near {
	case len(r.Distances):
		return Near
	case 0:
		return Far
	default:
		return Moved
	}
}

// Clean tells whether the run had the machine nearly to itself, on cores that
// stayed where they were, and lost nothing.
func (r Run) Clean() bool {
	return r.Foreign <= CleanShare && r.Phase() != Moved && r.Lost == 0 && r.Uneven == 0
}
