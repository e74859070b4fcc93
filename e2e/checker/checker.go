// Package checker judges a history of sends and deliveries: nothing acknowledged is lost, nothing is there twice, nothing
// goes backwards.
package checker

import (
	"fmt"
	"maps"
)

// Kind is what happened.
type Kind int

// The kinds of events, and which of their fields they have beside Device and Conversation.
const (
	Called    Kind = iota // a send was begun, or begun again: Key
	Acked                 // it was acknowledged: Key, ID, Seq
	Delivered             // a message came: ID, Seq, Body
	Read                  // a read mark came: User, Seq
	Reloaded              // its page is a new one, which may see again what no page had confirmed
)

// Event is one line of a history: what one device did or saw.
type Event struct {
	Kind         Kind
	Device       string
	Conversation string
	Key          string
	ID           string
	Seq          int64
	Body         string
	User         string
}

// Message is one of a conversation as it stands at the end. Its key is known by its body.
type Message struct {
	ID   string
	Key  string
	Seq  int64
	Body string
}

// History is all that happened, in the order in which it was seen, and how it ended after a quiet time.
type History struct {
	Events  []Event
	Final   map[string][]Message // by conversation, ascending by seq
	Members map[string][]string  // by conversation: the devices that are in it from its first message on
}

// Report is a judgement.
type Report struct {
	Acked, Delivered, Repeated int
	Violations                 []string
}

// Check takes time in proportion to the history.
func Check(h History) Report {
	c := newCheck()
	c.final(h.Final)
	c.members(h.Members)
	for _, e := range h.Events {
		c.event(e)
	}
	c.complete(h)
	return c.report
}

type send struct {
	device string
	floor  int64 // the highest seq that was acknowledged when it was begun
	acked  *Event
}

type place struct {
	conversation string
	seq          int64
}

type view struct{ device, conversation string }

type reader struct{ device, conversation, user string }

type check struct {
	report   Report
	byID     map[string]Message
	places   map[string]place   // by id
	byKey    map[string]Message // of the end
	sends    map[string]*send   // by key
	highest  map[string]int64   // acknowledged, by conversation
	inside   map[view]bool
	last     map[view]int64            // seq of the last first delivery
	seen     map[view]map[string]Event // by id
	readUpTo map[reader]int64
}

func newCheck() *check {
	return &check{
		byID: map[string]Message{}, places: map[string]place{}, byKey: map[string]Message{}, sends: map[string]*send{},
		highest: map[string]int64{}, inside: map[view]bool{}, last: map[view]int64{}, seen: map[view]map[string]Event{},
		readUpTo: map[reader]int64{},
	}
}

func (c *check) violation(rule, format string, args ...any) {
	c.report.Violations = append(c.report.Violations, rule+": "+fmt.Sprintf(format, args...))
}

// final checks the end by itself: ids and keys once, seqs from 1 without a gap.
func (c *check) final(conversations map[string][]Message) {
	for name, messages := range conversations {
		for i, m := range messages {
			if m.Seq != int64(i)+1 {
				c.violation("gap", "%s: seq %d in place %d", name, m.Seq, i+1)
			}
			if _, twice := c.byID[m.ID]; twice {
				c.violation("id twice", "%s", m.ID)
			}
			if _, twice := c.byKey[m.Key]; twice {
				c.violation("key twice", "%s", m.Key)
			}
			c.byID[m.ID], c.byKey[m.Key], c.places[m.ID] = m, m, place{name, m.Seq}
		}
	}
}

func (c *check) members(conversations map[string][]string) {
	for name, devices := range conversations {
		for _, device := range devices {
			c.inside[view{device, name}] = true
		}
	}
}

func (c *check) event(e Event) {
	switch e.Kind {
	case Called:
		if c.sends[e.Key] == nil {
			c.sends[e.Key] = &send{device: e.Device, floor: c.highest[e.Conversation]}
		}
	case Acked:
		c.acked(e)
	case Delivered:
		c.delivered(e)
	case Read:
		who := reader{e.Device, e.Conversation, e.User}
		if e.Seq < c.readUpTo[who] {
			c.violation("read back", "%s saw %s at %d after %d", e.Device, e.User, e.Seq, c.readUpTo[who])
		}
		c.readUpTo[who] = e.Seq
	case Reloaded:
		c.reloaded(e.Device)
	}
}

// reloaded lets a device begin again, further back.
func (c *check) reloaded(device string) {
	maps.DeleteFunc(c.last, func(v view, _ int64) bool { return v.device == device })
	maps.DeleteFunc(c.readUpTo, func(r reader, _ int64) bool { return r.device == device })
}

func (c *check) acked(e Event) {
	c.report.Acked++
	s := c.sends[e.Key]
	if s == nil {
		c.violation("ack of nothing", "%s", e.Key)
		return
	}
	if s.acked != nil && (s.acked.ID != e.ID || s.acked.Seq != e.Seq) {
		c.violation("two answers", "%s: %s at %d, then %s at %d", e.Key, s.acked.ID, s.acked.Seq, e.ID, e.Seq)
	}
	s.acked = &e
	m, ok := c.byKey[e.Key]
	switch {
	case !ok:
		c.violation("lost", "%s was acknowledged as %s at %d", e.Key, e.ID, e.Seq)
	case m.ID != e.ID || c.places[m.ID] != (place{e.Conversation, e.Seq}):
		c.violation("moved", "%s was acknowledged as %s at %d, and is %s at %d", e.Key, e.ID, e.Seq, m.ID, m.Seq)
	}
	c.highest[e.Conversation] = max(c.highest[e.Conversation], e.Seq)
}

func (c *check) delivered(e Event) {
	c.report.Delivered++
	who := view{e.Device, e.Conversation}
	if !c.inside[who] {
		c.violation("stranger", "%s got %s of %s", e.Device, e.ID, e.Conversation)
	}
	if m, ok := c.byID[e.ID]; !ok {
		c.violation("ghost", "%s got %s at %d, which is not there", e.Device, e.ID, e.Seq)
	} else if c.places[m.ID] != (place{e.Conversation, e.Seq}) || m.Body != e.Body {
		c.violation("changed", "%s got %s at %d, which is at %d, or with another text", e.Device, e.ID, e.Seq, m.Seq)
	}
	if c.seen[who] == nil {
		c.seen[who] = map[string]Event{}
	}
	if _, again := c.seen[who][e.ID]; again {
		c.report.Repeated++
		return
	}
	c.seen[who][e.ID] = e
	if e.Seq <= c.last[who] {
		c.violation("backwards", "%s got seq %d of %s after %d", e.Device, e.Seq, e.Conversation, c.last[who])
	}
	c.last[who] = e.Seq
}

// complete checks that the order of sends is that of the end, and that each member has all: by delivery, or by the answer
// to its own send.
func (c *check) complete(h History) {
	for name, messages := range h.Final {
		for _, m := range messages {
			s := c.sends[m.Key]
			if s == nil {
				c.violation("from nowhere", "%s was never sent", m.Key)
				continue
			}
			if m.Seq <= s.floor {
				c.violation("order", "%s is at %d, though %d was acknowledged before it was sent", m.Key, m.Seq, s.floor)
			}
			for _, device := range h.Members[name] {
				_, got := c.seen[view{device, name}][m.ID]
				if !got && (s.device != device || s.acked == nil) {
					c.violation("missing", "%s has not got %s at %d of %s", device, m.ID, m.Seq, name)
				}
			}
		}
	}
}
