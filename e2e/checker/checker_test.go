package checker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// good is a history of two devices in one conversation, a stranger in another, and nothing wrong.
func good() History {
	h := History{
		Final:   map[string][]Message{"ab": {}, "c": {}},
		Members: map[string][]string{"ab": {"a", "b"}, "c": {"c"}},
	}
	for i := range 6 {
		from, to := "a", "b"
		if i%2 == 1 {
			from, to = to, from
		}
		m := Message{ID: fmt.Sprint("id", i), Key: fmt.Sprint("key", i), Seq: int64(i) + 1, Body: fmt.Sprint("body", i)}
		h.Final["ab"] = append(h.Final["ab"], m)
		h.Events = append(h.Events,
			Event{Kind: Called, Device: from, Conversation: "ab", Key: m.Key},
			Event{Kind: Called, Device: from, Conversation: "ab", Key: m.Key}, // sent again
			Event{Kind: Acked, Device: from, Conversation: "ab", Key: m.Key, ID: m.ID, Seq: m.Seq},
			Event{Kind: Delivered, Device: to, Conversation: "ab", ID: m.ID, Seq: m.Seq, Body: m.Body},
			Event{Kind: Delivered, Device: to, Conversation: "ab", ID: m.ID, Seq: m.Seq, Body: m.Body}, // a repetition
			Event{Kind: Read, Device: from, Conversation: "ab", User: to, Seq: m.Seq},
		)
	}
	return h
}

func TestGood(t *testing.T) {
	r := Check(good())
	if len(r.Violations) > 0 || r.Acked != 6 || r.Delivered != 12 || r.Repeated != 6 {
		t.Errorf("%+v", r)
	}
}

// TestEveryViolation breaks the good history in each way, and wants it named.
func TestEveryViolation(t *testing.T) {
	const each = 6 // events of a message
	for rule, spoil := range map[string]func(h *History){
		"lost":        func(h *History) { h.Final["ab"] = h.Final["ab"][:5] },
		"gap":         func(h *History) { h.Final["ab"][5].Seq = 7 },
		"id twice":    func(h *History) { h.Final["ab"][5].ID = "id4" },
		"key twice":   func(h *History) { h.Final["ab"][5].Key = "key4" },
		"moved":       func(h *History) { h.Events[2].Seq = 3 },
		"two answers": func(h *History) { e := h.Events[2]; e.ID = "id1"; h.Events = append(h.Events, e) },
		"ack of nothing": func(h *History) {
			h.Events = append([]Event{{Kind: Acked, Device: "a", Conversation: "ab", Key: "key0", ID: "id0", Seq: 1}}, h.Events...)
		},
		"order": func(h *History) { // message 0 is sent after message 1 was acknowledged
			h.Events = append(append(append([]Event{}, h.Events[each:2*each]...), h.Events[:each]...), h.Events[2*each:]...)
		},
		"from nowhere": func(h *History) {
			h.Final["ab"] = append(h.Final["ab"], Message{ID: "id6", Key: "key6", Seq: 7})
		},
		"missing": func(h *History) { // the last message, twice delivered, is not
			h.Events = h.Events[:5*each+3]
		},
		"backwards": func(h *History) { // b gets message 2 before message 0
			h.Events[3], h.Events[2*each+3] = h.Events[2*each+3], h.Events[3]
			h.Events[4], h.Events[2*each+4] = h.Events[2*each+4], h.Events[4]
		},
		"ghost":     func(h *History) { e := h.Events[3]; e.ID = "id9"; h.Events = append(h.Events, e) },
		"changed":   func(h *History) { h.Events[4].Body = "other" },
		"stranger":  func(h *History) { e := h.Events[3]; e.Device = "c"; h.Events = append(h.Events, e) },
		"read back": func(h *History) { e := h.Events[5]; h.Events = append(h.Events, h.Events[2*each+5], e) },
	} {
		h := good()
		spoil(&h)
		named := false
		for _, v := range Check(h).Violations {
			named = named || strings.HasPrefix(v, rule+": ")
		}
		if !named {
			t.Errorf("%s is not noticed: %q", rule, Check(h).Violations)
		}
	}
}

// TestUnackedMayBeMissing: what was never acknowledged may be there or not.
func TestUnackedMayBeMissing(t *testing.T) {
	h := good()
	h.Events = append(h.Events, Event{Kind: Called, Device: "a", Conversation: "ab", Key: "key6"})
	if r := Check(h); len(r.Violations) > 0 {
		t.Errorf("%q", r.Violations)
	}
}

// TestReloaded: a new page begins again where a page has confirmed, and not before nor in another order.
func TestReloaded(t *testing.T) {
	h := good()
	again := h.Events[3] // the first message, told again
	again.ID, again.Seq, again.Body = "id1", 2, "body1"
	h.Events = append(h.Events, Event{Kind: Reloaded, Device: "b"}, again, Event{Kind: Read, Device: "b", Conversation: "ab", User: "a", Seq: 1})
	if r := Check(h); len(r.Violations) > 0 {
		t.Errorf("%q", r.Violations)
	}
	h.Events = slices.DeleteFunc(h.Events, func(e Event) bool { return e.Kind == Reloaded })
	if r := Check(h); len(r.Violations) != 2 {
		t.Errorf("without a new page: %q", r.Violations)
	}
}
