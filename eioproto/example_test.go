package eioproto_test

import (
	"fmt"

	"github.com/dokkerr/realtime/eioproto"
)

func ExampleParse() {
	p, err := eioproto.Parse([]byte("4hello"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Type == eioproto.Message, string(p.Data))
	// Output: true hello
}

func ExamplePayload() {
	body := eioproto.AppendText(nil, eioproto.Packet{Type: eioproto.Message, Data: []byte("hello")})
	body = append(body, eioproto.Separator)
	body = eioproto.AppendBinary(body, []byte{1, 2, 3, 4})
	fmt.Printf("%q\n", body)

	for p, err := range eioproto.Payload(body) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("binary %t: %q\n", p.Binary, p.Data)
	}
	// Output:
	// "4hello\x1ebAQIDBA=="
	// binary false: "hello"
	// binary true: "\x01\x02\x03\x04"
}
