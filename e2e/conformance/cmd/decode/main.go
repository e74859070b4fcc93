// Command decode reads Socket.IO packets with package sioproto and says what became of them, for a comparison with the
// official decoder. Each line of its input is one connection: a JSON array of messages, text as a
// string, binary as {"bytes": base64}. Each line of its output is null when that connection is to be closed, else the packets:
// an array of {"type", "nsp", "id"?, "data"?}, attachments in their places as {"bytes": base64}, and last the word
// "due" when attachments are awaited.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/dokkerr/realtime/sioproto"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "decode:", err)
		os.Exit(1)
	}
}

func run() error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		var messages []message
		if err := json.Unmarshal(in.Bytes(), &messages); err != nil {
			return err
		}
		line := bytes.ReplaceAll(decode(messages), []byte{'\n'}, []byte{' '}) // JSON has it between tokens only
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return out.Flush()
}

// message is binary if it has bytes, else text.
type message struct {
	text  string
	Bytes []byte
}

func (m *message) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &m.text)
	}
	type binary message // without this method
	return json.Unmarshal(b, (*binary)(m))
}

// decode returns the line that tells what became of the messages.
func decode(messages []message) []byte {
	var a sioproto.Assembler
	line := []byte{'['}
	for _, m := range messages {
		var p sioproto.Packet
		var attachments [][]byte
		var complete bool
		var err error
		if m.Bytes != nil {
			p, attachments, complete, err = a.Binary(m.Bytes)
		} else {
			p, complete, err = a.Text([]byte(m.text))
		}
		if err != nil {
			return []byte("null")
		}
		if complete {
			line = append(appendPacket(line, p, attachments), ',')
		}
	}
	if a.Pending() {
		return append(line, `"due"]`...)
	}
	return append(bytes.TrimSuffix(line, []byte{','}), ']')
}

func appendPacket(dst []byte, p sioproto.Packet, attachments [][]byte) []byte {
	t := p.Type
	switch t { // as in the official decoder, which tells binary packets no more apart
	case sioproto.BinaryEvent:
		t = sioproto.Event
	case sioproto.BinaryAck:
		t = sioproto.Ack
	}
	dst = strconv.AppendInt(append(dst, `{"type":`...), int64(t), 10)
	dst = sioproto.AppendString(append(dst, `,"nsp":`...), p.Namespace)
	if p.HasID {
		dst = strconv.AppendUint(append(dst, `,"id":`...), p.ID, 10)
	}
	if p.Data != nil {
		dst = appendData(append(dst, `,"data":`...), p, attachments)
	}
	return append(dst, '}')
}

func appendData(dst []byte, p sioproto.Packet, attachments [][]byte) []byte {
	if attachments == nil {
		return append(dst, p.Data...)
	}
	return sioproto.ReplacePlaceholders(dst, p.Data, func(dst []byte, n int) []byte {
		dst = append(dst, `{"bytes":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, attachments[n])
		return append(dst, `"}`...)
	})
}
