package socketio

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s set[int]
		model := make(map[int]bool)
		for range rapid.IntRange(0, 200).Draw(t, "changes") {
			v := rapid.IntRange(0, 30).Draw(t, "v")
			if rapid.Bool().Draw(t, "add") {
				if s.add(v) == model[v] {
					t.Fatalf("add(%d) tells the contrary", v)
				}
				model[v] = true
			} else {
				if s.remove(v) != model[v] {
					t.Fatalf("remove(%d) tells the contrary", v)
				}
				delete(model, v)
			}
			got := slices.Sorted(slices.Values(s.members))
			want := make([]int, 0, len(model))
			for v := range model {
				want = append(want, v)
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	})
}

func TestSetOfAFewNeedsNoIndex(t *testing.T) {
	var s set[int]
	for i := range few {
		s.add(i)
	}
	if s.index != nil {
		t.Error("a few members have an index")
	}
	s.add(few)
	if s.index == nil {
		t.Error("many members have none")
	}
	for i := range few {
		s.remove(i)
	}
	if s.index != nil || !slices.Equal(s.members, []int{few}) {
		t.Error("one member is left with an index")
	}
}
