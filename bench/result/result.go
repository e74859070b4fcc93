// Package result is what a run of the load generator reports, as one JSON line.
package result

// CleanShare is how much of one CPU everything but the server and the
// generator may have used in a clean run.
const CleanShare = 0.10

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
}

// Clean tells whether the run had the machine nearly to itself and lost nothing.
func (r Run) Clean() bool { return r.Foreign <= CleanShare && r.Lost == 0 && r.Uneven == 0 }
