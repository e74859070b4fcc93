package wsproto

import (
	"strings"
	"testing"
	"time"
)

func TestNegotiateDeflate(t *testing.T) {
	const both, window = acceptDeflate, acceptWindow
	tests := []struct {
		name  string
		offer string // fields end at \n
		want  string // "": declined
	}{
		{"nothing", "", ""},
		{"an empty list", " , ,\t,", ""},
		{"no parameters", "permessage-deflate", both},
		{"as browsers offer it", "permessage-deflate; client_max_window_bits", both},
		{"both ways without context", "permessage-deflate; server_no_context_takeover; client_no_context_takeover", both},
		{"the server without context", "permessage-deflate;server_no_context_takeover", both},
		{"the client's window", "permessage-deflate; client_max_window_bits=8", both},
		{"the client's window of 15", "permessage-deflate; client_max_window_bits=15", both},
		{"the server's window of 15", "permessage-deflate; server_max_window_bits=15", window},
		{"all four", "permessage-deflate; server_max_window_bits=15; client_max_window_bits=10; server_no_context_takeover; client_no_context_takeover", window},
		{"value in quotes", `permessage-deflate; client_max_window_bits="10"`, both},
		{"value in quotes, escaped", `permessage-deflate; server_max_window_bits="1\5"`, window},
		{"space wherever it may be", "\t permessage-deflate \t; client_max_window_bits = 9 \t; server_no_context_takeover ,", both},
		{"empty elements", ",, permessage-deflate ,,", both},

		{"the server's window of 14", "permessage-deflate; server_max_window_bits=14", ""},
		{"the server's window of 8", "permessage-deflate; server_max_window_bits=8", ""},
		{"the server's window of 99", "permessage-deflate; server_max_window_bits=99", ""},
		{"the server's window of 16", "permessage-deflate; server_max_window_bits=16", ""},
		{"the server's window without value", "permessage-deflate; server_max_window_bits", ""},
		{"the server's window of 015", "permessage-deflate; server_max_window_bits=015", ""},
		{"the server's window of +15", "permessage-deflate; server_max_window_bits=+15", ""},
		{"the client's window of 7", "permessage-deflate; client_max_window_bits=7", ""},
		{"the client's window of 16", "permessage-deflate; client_max_window_bits=16", ""},
		{"the client's window of 08", "permessage-deflate; client_max_window_bits=08", ""},
		{"the client's window of -8", "permessage-deflate; client_max_window_bits=-8", ""},
		{"the client's window of 1e1", "permessage-deflate; client_max_window_bits=1e1", ""},
		{"the client's window of nothing", "permessage-deflate; client_max_window_bits=", ""},
		{"the client's window of empty quotes", `permessage-deflate; client_max_window_bits=""`, ""},
		{"a switch with a value", "permessage-deflate; server_no_context_takeover=1", ""},
		{"a switch that is true", "permessage-deflate; client_no_context_takeover=true", ""},
		{"a parameter nobody knows", "permessage-deflate; fast", ""},
		{"a parameter of objects", "permessage-deflate; __proto__=1", ""},
		{"a parameter in another case", "permessage-deflate; Client_Max_Window_Bits", ""},
		{"a parameter twice", "permessage-deflate; client_max_window_bits; client_max_window_bits", ""},
		{"a parameter twice, with different values", "permessage-deflate; client_max_window_bits=9; client_max_window_bits=10", ""},
		{"a switch twice", "permessage-deflate; server_no_context_takeover; server_no_context_takeover", ""},
		{"the server's window twice", "permessage-deflate; server_max_window_bits=15; server_max_window_bits=15", ""},

		{"another extension", "x-webkit-deflate-frame", ""},
		{"a name of objects", "constructor", ""},
		{"the name in another case", "PerMessage-Deflate", ""},
		{"a longer name", "permessage-deflate2", ""},
		{"the name in quotes", `"permessage-deflate"`, ""},
		{"the name with a value", "permessage-deflate=1", ""},

		{"the second offer", "permessage-deflate; server_max_window_bits=10, permessage-deflate", both},
		{"the first of two", "permessage-deflate; server_max_window_bits=15, permessage-deflate", window},
		{"the first of two, the second bad", "permessage-deflate, permessage-deflate; server_max_window_bits=99", both},
		{"behind a value that is no token", `foo; a="b,c\";d"; e, permessage-deflate`, ""},
		{"behind another extension with values", `foo; a=b; c="d", permessage-deflate`, both},
		{"in the second field", "foo; a\npermessage-deflate; client_max_window_bits", both},
		{"in the second field, the first empty", "\npermessage-deflate", both},

		{"a semicolon too many", "permessage-deflate;", ""},
		{"two semicolons", "permessage-deflate;; client_max_window_bits", ""},
		{"no name", "; client_max_window_bits", ""},
		{"two names", "permessage-deflate permessage-deflate", ""},
		{"a space inside the name", "permessage- deflate", ""},
		{"an equals sign alone", "=", ""},
		{"two equals signs", "permessage-deflate; client_max_window_bits==9", ""},
		{"quotes that do not end", `permessage-deflate; client_max_window_bits="9`, ""},
		{"quotes that end escaped", `permessage-deflate; client_max_window_bits="9\"`, ""},
		{"quotes that end with a backslash", `permessage-deflate; client_max_window_bits="9\`, ""},
		{"quotes around a space", `permessage-deflate; client_max_window_bits=" 9"`, ""},
		{"more behind the quotes", `permessage-deflate; client_max_window_bits="9"0`, ""},
		{"quotes alone", `"`, ""},
		{"quoted garbage", `permessage-deflate; server_max_window_bits="\"\\;,=constructor"`, ""},
		{"control characters", "permessage-deflate; client_max_window_bits=9\x00", ""},
		{"a line end", "permessage-deflate; client_max_window_bits=9\r", ""},
		{"letters beyond ASCII", "permessage-deflate; ä", ""},
		{"good, then broken", `permessage-deflate, "`, ""},
		{"good, then broken in another field", "permessage-deflate\nfoo;", ""},
		{"broken, then good in another field", "foo;\npermessage-deflate", ""},
	}
	for _, test := range tests {
		got, ok := NegotiateDeflate(strings.Split(test.offer, "\n"))
		if got != test.want || ok != (got != "") {
			t.Errorf("%s: %q is answered %q, %v, want %q", test.name, test.offer, got, ok, test.want)
		}
	}
	if got, ok := NegotiateDeflate(nil); got != "" || ok {
		t.Errorf("no field is answered %q, %v", got, ok)
	}
}

// TestNegotiateDeflateIsLinear gives half a megabyte of each kind; what is linear takes milliseconds.
func TestNegotiateDeflateIsLinear(t *testing.T) {
	const n = 1 << 19
	tests := map[string][]string{
		"spaces":          {"permessage-deflate" + repeat(" ", n) + "x"},
		"spaces in value": {"permessage-deflate; a=" + repeat(" \t", n/2) + ","},
		"commas":          {repeat(",", n)},
		"commas, spaces":  {repeat(", ", n/2)},
		"semicolons":      {"permessage-deflate" + repeat(";", n)},
		"quotes":          {"a;b=" + repeat(`"`, n)},
		"open quotes":     {repeat(`a;b="c",`, n/8) + `a;b="` + repeat("c", n)},
		"backslashes":     {`a;b="` + repeat(`\`, n)},
		"escaped":         {`a;b="` + repeat(`\c`, n/2) + `"`},
		"one name":        {repeat("constructor", n/11)},
		"many parameters": {"permessage-deflate" + repeat("; a=b", n/5)},
		"many offers":     {repeat("permessage-deflate; server_max_window_bits=99,", n/46)},
		"many fields":     make([]string, n),
	}
	for name, values := range tests {
		start := time.Now()
		got, _ := NegotiateDeflate(values)
		if d := time.Since(start); d > time.Second || got != "" {
			t.Errorf("%s: %q after %v", name, got, d)
		}
	}
}

func TestAppendSwitchingWith(t *testing.T) {
	plain := string(AppendSwitching(nil, sampleKey))
	if got := string(AppendSwitchingWith(nil, sampleKey, "")); got != plain {
		t.Errorf("without extensions %q, want %q", got, plain)
	}
	got := string(AppendSwitchingWith([]byte("before"), sampleKey, acceptDeflate))
	want := "before" + strings.TrimSuffix(plain, "\r\n") + "Sec-WebSocket-Extensions: " + acceptDeflate + "\r\n\r\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzNegotiateDeflate: no header makes it panic; it answers one of three; a field with what
// breaks the grammar declines the others; empty fields change nothing.
func FuzzNegotiateDeflate(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits", "permessage-deflate")
	f.Add(`permessage-deflate; server_max_window_bits="1\5"`, "foo; a=b, permessage-deflate")
	f.Add(`constructor; "__proto__`, ", ,\t")
	f.Fuzz(func(t *testing.T, one, two string) {
		got, ok := NegotiateDeflate([]string{one, two})
		if ok != (got != "") || ok && got != acceptDeflate && got != acceptWindow {
			t.Errorf("answered %q, %v", got, ok)
		}
		if ok && !strings.Contains(one+two, deflateName) {
			t.Errorf("accepted what was not offered: %q", got)
		}
		if spread, _ := NegotiateDeflate([]string{"", one, " , ", two}); spread != got {
			t.Errorf("with empty fields %q, without %q", spread, got)
		}
		if broken, ok := NegotiateDeflate([]string{one, two, ";"}); ok {
			t.Errorf("a broken field is answered %q", broken)
		}
	})
}
