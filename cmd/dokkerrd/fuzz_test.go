package main

import (
	"testing"
	"time"
)

// FuzzLimits: no text makes the parser panic, and what it takes keeps every number within sense.
func FuzzLimits(f *testing.F) {
	for _, text := range []string{"", "maxPayload=1024", " maxPackets = 7 ,, pingInterval=25s", "maxPayload=1e9", "pingInterval=-1s", "pingInterval=9999999h", "maxPayload", "=", "maxContent=99999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseLimits(text)
		if err != nil {
			return
		}
		if l.maxPayload < 1<<10 || l.maxPackets < 1 || l.maxOutbox < 1<<10 || l.maxNamespaces < 1 || l.maxContent < 1 || l.pingInterval < time.Millisecond || l.pingTimeout > time.Hour {
			t.Fatalf("%q is read as %+v", text, l)
		}
	})
}

// FuzzOrigin: what is an origin is written in one way, and is then the same one.
func FuzzOrigin(f *testing.F) {
	for _, text := range []string{"https://app.example.com", "HTTPS://App.Example.com:443/", "capacitor://localhost", "http://[::1]:80", "http://a:b@c", "https://x:0", "null", "//x", "http://x?", "http://*.x", "a://::0", "a://%80", "https://bücher.example"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		origin, err := originOf(text)
		if err != nil {
			return
		}
		if again, err := originOf(origin); err != nil || again != origin {
			t.Fatalf("%q is the origin %q, which is %q, %v", text, origin, again, err)
		}
	})
}
