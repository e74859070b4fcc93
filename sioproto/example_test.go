package sioproto_test

import (
	"encoding/base64"
	"fmt"

	"github.com/dokkerr/realtime/sioproto"
)

func ExampleParse() {
	p, err := sioproto.Parse([]byte(`2/admin,12["message",{"text":"hello"},2]`), sioproto.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Type == sioproto.Event, p.Namespace, p.ID)

	name, args, err := sioproto.SplitEvent(p.Data)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", name)
	for arg := range sioproto.Elements(args) {
		fmt.Printf("%s\n", arg)
	}
	// Output:
	// true /admin 12
	// message
	// {"text":"hello"}
	// 2
}

func ExampleAppend() {
	data := append(sioproto.AppendString([]byte{'['}, "message"), `,{"text":"hello"}]`...)
	text := sioproto.Append(nil, sioproto.Packet{Type: sioproto.Event, Namespace: "/", Data: data})
	fmt.Printf("%s\n", text)
	// Output: 2["message",{"text":"hello"}]
}

func ExampleAssembler() {
	var a sioproto.Assembler
	if _, _, err := a.Text([]byte(`51-["photo",{"_placeholder":true,"num":0}]`)); err != nil {
		fmt.Println(err)
		return
	}
	p, attachments, complete, err := a.Binary([]byte{1, 2, 3})
	if err != nil || !complete {
		fmt.Println(complete, err)
		return
	}
	data := sioproto.ReplacePlaceholders(nil, p.Data, func(dst []byte, n int) []byte {
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, attachments[n])
		return append(dst, '"')
	})
	fmt.Printf("%s\n", data)
	// Output: ["photo","AQID"]
}
