package siotest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The types of a Packet.
const (
	connectType      = 0
	eventType        = 2
	ackType          = 3
	connectErrorType = 4
	binaryEventType  = 5
	binaryAckType    = 6
)

// Packet is a Socket.IO packet from the server.
type Packet struct {
	Text        string // as it came
	Type        int    // as on the wire: 0 CONNECT to 6 BINARY_ACK
	Namespace   string
	ID          int // -1: none
	Data        json.RawMessage
	Attachments [][]byte

	due int // attachments still to come
}

// Name returns the event's name, "" of a packet that is no event.
func (p Packet) Name() string {
	if p.Type != eventType && p.Type != binaryEventType {
		return ""
	}
	var list []any
	if json.Unmarshal(p.Data, &list) != nil || len(list) == 0 {
		return ""
	}
	name, _ := list[0].(string)
	return name
}

// Args returns the arguments of an event or acknowledgement.
func (p Packet) Args() []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(p.Data, &list) != nil {
		return nil
	}
	if p.Name() != "" {
		list = list[1:]
	}
	return list
}

// parse reads a packet's text, written anew from the specification so that it checks the server's codec.
func parse(text string) (Packet, error) {
	p := Packet{Text: text, Namespace: "/", ID: -1}
	if text == "" || text[0] < '0' || text[0] > '6' {
		return p, fmt.Errorf("siotest: %q is no packet", text)
	}
	p.Type = int(text[0] - '0')
	rest := text[1:]
	if p.Type == binaryEventType || p.Type == binaryAckType {
		count, after, found := strings.Cut(rest, "-")
		n, err := strconv.Atoi(count)
		if !found || err != nil {
			return p, fmt.Errorf("siotest: %q has no attachment count", text)
		}
		p.due, rest = n, after
	}
	if strings.HasPrefix(rest, "/") {
		p.Namespace, rest, _ = strings.Cut(rest, ",")
	}
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if digits > 0 {
		id, err := strconv.Atoi(rest[:digits])
		if err != nil {
			return p, fmt.Errorf("siotest: %q: %w", text, err)
		}
		p.ID, rest = id, rest[digits:]
	}
	if rest != "" {
		p.Data = json.RawMessage(rest)
		if !json.Valid(p.Data) {
			return p, fmt.Errorf("siotest: %q ends in no JSON", text)
		}
	}
	return p, nil
}

// encode writes an event or acknowledgement. []byte arguments become attachments.
func encode(kind int, namespace string, id int, list []any) (text string, attachments [][]byte, err error) {
	for i, v := range list {
		if b, ok := v.([]byte); ok {
			list[i] = map[string]any{"_placeholder": true, "num": len(attachments)}
			attachments = append(attachments, b)
		}
	}
	data, err := json.Marshal(list)
	if err != nil {
		return "", nil, err
	}
	head := strconv.Itoa(kind)
	if len(attachments) > 0 {
		head = fmt.Sprintf("%d%d-", kind+3, len(attachments)) // 5 for 2, 6 for 3
	}
	if namespace != "/" {
		head += namespace + ","
	}
	if id >= 0 {
		head += strconv.Itoa(id)
	}
	return head + string(data), attachments, nil
}
