package sioproto_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/sioproto"
)

// Sequences of messages, one a line, 't' before a text and 'b' before a binary message.
var (
	completeSequences = map[string]string{ // and what they assemble to
		`t2["x"]`: `2["x"]`,
		"t51-[\"x\",{\"_placeholder\":true,\"num\":0}]\nbabc":                               `51-["x",{"_placeholder":true,"num":0}] abc`,
		"t52-/a,7[\"x\",{\"_placeholder\":true,\"num\":1}]\nb1\nb2\nt2[\"y\"]":              `52-/a,7["x",{"_placeholder":true,"num":1}] 1 2; 2["y"]`,
		"t61-3[{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]\nb\nt1": `61-3[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}] ; 1`,
		"t51-[\"x\"]\nbnever referenced":                                                    `51-["x"] never referenced`,
		"t51-\nbx":                                                                          `51- x`,
		"t51-[\"x\"]\nb1\nt51-[\"y\"]\nb2":                                                  `51-["x"] 1; 51-["y"] 2`,
		"t510-[\"x\"]" + strings.Repeat("\nb.", 10):                                         `510-["x"]` + strings.Repeat(" .", 10),
	}
	brokenSequences = []string{
		"bnobody announced",
		"t2[\"x\"]\nbnobody announced",
		"t51-[\"x\"]\nb1\nb2",
		"t51-[\"x\"]\nt2[\"y\"]",
		"t52-[\"x\"]\nb1\nt2[\"y\"]",
		"t52-[\"x\"]\nb1\nt51-[\"y\"]",
		"t51-[\"x\",{\"_placeholder\":true,\"num\":1}]",
		"t4{}",
		"t",
		"t511-[\"x\"]",
	}
)

func TestAssembler(t *testing.T) {
	for sequence, want := range completeSequences {
		var a sioproto.Assembler
		got, err := assemble(&a, sequence)
		if err != nil || strings.Join(got, "; ") != want {
			t.Errorf("%q assembles to %q, %v, want %q", sequence, got, err, want)
		}
		if a.Pending() {
			t.Errorf("%q leaves attachments due", sequence)
		}
	}
}

func TestAssemblerMalformed(t *testing.T) {
	for _, sequence := range brokenSequences {
		var a sioproto.Assembler
		if got, err := assemble(&a, sequence); !errors.Is(err, sioproto.ErrMalformed) {
			t.Errorf("%q assembles to %q, %v, want ErrMalformed", sequence, got, err)
		}
		if a.Pending() {
			t.Errorf("%q leaves attachments due", sequence)
		}
	}
}

func TestAssemblerCopiesWhatItKeeps(t *testing.T) {
	var a sioproto.Assembler
	text, first, second := []byte(`52-["x",1]`), []byte("abc"), []byte("def")
	if _, complete, err := a.Text(text); complete || err != nil || !a.Pending() {
		t.Fatalf("header: complete %t, %v, pending %t", complete, err, a.Pending())
	}
	clear(text)
	if _, _, complete, err := a.Binary(first); complete || err != nil || !a.Pending() {
		t.Fatalf("first attachment: complete %t, %v, pending %t", complete, err, a.Pending())
	}
	clear(first)
	p, attachments, complete, err := a.Binary(second)
	if !complete || err != nil || a.Pending() {
		t.Fatalf("last attachment: complete %t, %v, pending %t", complete, err, a.Pending())
	}
	clear(second)
	if string(p.Data) != `["x",1]` || string(attachments[0]) != "abc" || string(attachments[1]) != "def" {
		t.Errorf("assembled %q with %q", p.Data, attachments)
	}
}

func TestAssemblerKeepsMaxBytes(t *testing.T) {
	header := `51-["x",{"_placeholder":true,"num":0}]`
	twice := `51-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`
	for _, c := range []struct {
		text   string
		binary int
		most   int
		want   bool
	}{
		{header, 100, len(header) + 100, true},
		{header, 100, len(header) + 96, false},
		{`51-["x"]`, 100, 105, true},
		{`51-["x"]`, 100, 104, false},
		{twice, 100, len(twice) + 200, true},
		{twice, 100, len(twice) + 100, false}, // sent once, placed twice
		{header, 0, len(header), true},
		{header, 0, len(header) - 1, false},
		{header, 999_900, 0, true},
		{header, 1_000_000, 0, false},
	} {
		a := sioproto.Assembler{MaxBytes: c.most}
		_, err := assemble(&a, "t"+c.text+"\nb"+strings.Repeat("x", c.binary))
		if (err == nil) != c.want || err != nil && !errors.Is(err, sioproto.ErrMalformed) {
			t.Errorf("%s with %d bytes in %d: %v, want accepted %t", c.text, c.binary, c.most, err, c.want)
		}
	}
}

func FuzzAssembler(f *testing.F) {
	for sequence := range completeSequences {
		f.Add(sequence)
	}
	for _, sequence := range brokenSequences {
		f.Add(sequence)
	}
	const most = 200
	f.Fuzz(func(t *testing.T, sequence string) {
		a := sioproto.Assembler{MaxBytes: most}
		var kept []string // attachments of the packet under way
		for line := range strings.SplitSeq(sequence, "\n") {
			p, attachments, complete, err := feed(&a, line)
			if err != nil {
				if !errors.Is(err, sioproto.ErrMalformed) || a.Pending() {
					t.Fatalf("after %v, pending %t", err, a.Pending())
				}
				return
			}
			if !strings.HasPrefix(line, "t") {
				kept = append(kept, line[min(1, len(line)):])
			}
			if size := len(strings.Join(kept, "")); size > most {
				t.Fatalf("%d bytes kept", size)
			}
			if complete == a.Pending() {
				t.Fatalf("complete and pending are %t", complete)
			}
			if !complete {
				continue
			}
			if got := string(bytes.Join(attachments, nil)); len(attachments) != p.Attachments || got != strings.Join(kept, "") {
				t.Fatalf("%+v has attachments %q, sent were %q", p, attachments, kept)
			}
			kept = nil
		}
	})
}

// assemble feeds a sequence and returns each packet as Append writes it, followed by its attachments.
func assemble(a *sioproto.Assembler, sequence string) ([]string, error) {
	var packets []string
	for line := range strings.SplitSeq(sequence, "\n") {
		p, attachments, complete, err := feed(a, line)
		if err != nil {
			return packets, err
		}
		if complete {
			parts := append([][]byte{sioproto.Append(nil, p)}, attachments...)
			packets = append(packets, string(bytes.Join(parts, []byte(" "))))
		}
	}
	return packets, nil
}

// feed hands over one message: text after a 't', else binary after its first byte.
func feed(a *sioproto.Assembler, line string) (p sioproto.Packet, attachments [][]byte, complete bool, err error) {
	if text, ok := strings.CutPrefix(line, "t"); ok {
		p, complete, err = a.Text([]byte(text))
		return p, nil, complete, err
	}
	return a.Binary([]byte(line[min(1, len(line)):]))
}
