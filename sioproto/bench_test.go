package sioproto_test

import (
	"strings"
	"testing"

	"github.com/dokkerr/realtime/sioproto"
)

// ordinary is a chat message as a stock client sends it.
const ordinary = `{"recipientId":"7c9e6679-7425-40de-944b-e07fc1f90ae7","content":"At nine?","type":"text","clientMessageId":"a1b2c3d4e5","n":12}`

var inputs = []struct{ name, text string }{
	{"150B", `2["message",` + ordinary + `]`},
	{"2kB", `2["message"` + strings.Repeat(","+ordinary, 15) + `]`},
}

func BenchmarkParseAndSplitEvent(b *testing.B) {
	for _, in := range inputs {
		b.Run(in.name, func(b *testing.B) {
			text := []byte(in.text)
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				p, err := sioproto.Parse(text, sioproto.Limits{})
				if err != nil {
					b.Fatal(err)
				}
				if _, _, err = sioproto.SplitEvent(p.Data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkElements(b *testing.B) {
	text := []byte(inputs[1].text)
	p, err := sioproto.Parse(text, sioproto.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	_, args, err := sioproto.SplitEvent(p.Data)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(args)))
	for b.Loop() {
		for range sioproto.Elements(args) {
		}
	}
}

func BenchmarkAppendString(b *testing.B) {
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	b.SetBytes(int64(len(ordinary)))
	for b.Loop() {
		dst = sioproto.AppendString(dst[:0], ordinary)
	}
}
