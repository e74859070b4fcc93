package wsproto_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"github.com/dokkerr/realtime/wsproto"
)

// A Reader takes the bytes as they come, here in two pieces, and the answers
// gather in one buffer for one write.
func ExampleReader() {
	var r wsproto.Reader
	var out []byte
	each := func(op wsproto.Opcode, data []byte) error {
		switch op {
		case wsproto.Text, wsproto.Binary:
			fmt.Printf("message %q\n", data)
			out = wsproto.AppendFrame(out, op, data)
		case wsproto.Ping:
			out = wsproto.AppendFrame(out, wsproto.Pong, data)
		}
		return nil
	}
	for _, p := range []string{"\x81\x85\x37\xfa\x21\x3d\x7f\x9f", "\x4d\x51\x58\x89\x80\x00\x00\x00\x00"} {
		if err := r.Feed([]byte(p), each); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Printf("answer %q\n", out)
	// Output:
	// message "Hello"
	// answer "\x81\x05Hello\x8a\x00"
}

// A violation says itself which Close frame answers it.
func ExampleError() {
	var r wsproto.Reader
	unmasked := []byte("\x81\x05Hello")
	err := r.Feed(unmasked, func(wsproto.Opcode, []byte) error { return nil })
	var violation *wsproto.Error
	if errors.As(err, &violation) {
		fmt.Println(err)
		fmt.Printf("%q\n", wsproto.AppendClose(nil, violation.Code, violation.Reason))
	}
	// Output:
	// wsproto: frame not masked (1002)
	// "\x88\x12\x03\xeaframe not masked"
}

// A handshake is checked, the connection taken over, and the 101 written by hand.
func ExampleCheckHandshake() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		var refused *wsproto.HandshakeError
		if err := wsproto.CheckHandshake(r); errors.As(err, &refused) {
			w.Header().Set("Sec-WebSocket-Version", "13")
			http.Error(w, refused.Reason, refused.Status)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer conn.Close()
		answer := wsproto.AppendSwitching(nil, r.Header.Get("Sec-WebSocket-Key"))
		if _, err := conn.Write(answer); err != nil {
			return
		}
		// Frames follow, the first of them perhaps already in Hijack's reader.
	})
}

// What the client offers is answered in the handshake; from then on both sides may compress.
func ExampleNegotiateDeflate() {
	offers := []string{"permessage-deflate; client_max_window_bits"}
	extensions, ok := wsproto.NegotiateDeflate(offers)
	fmt.Println(extensions, ok)
	switching := wsproto.AppendSwitchingWith(nil, "dGhlIHNhbXBsZSBub25jZQ==", extensions)

	r := wsproto.Reader{Deflate: ok}
	p := []byte("\xc1\x87\x00\x00\x00\x00\xf2\x48\xcd\xc9\xc9\x07\x00")
	err := r.Feed(p, func(op wsproto.Opcode, data []byte) error {
		fmt.Printf("message %q\n", data)
		return nil
	})
	frame := wsproto.AppendDeflated(nil, wsproto.Text, bytes.Repeat([]byte("Hello"), 200))
	fmt.Println(err, len(switching) > 0, len(frame) < 30)
	// Output:
	// permessage-deflate; server_no_context_takeover; client_no_context_takeover true
	// message "Hello"
	// <nil> true true
}
