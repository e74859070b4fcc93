package socketio

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/dokkerr/realtime/engineio"
	"github.com/dokkerr/realtime/sioproto"
)

// With MsgPack a packet is one binary message: a map of type, nsp, data and id, with binary inside (wire.md §4). It is
// turned to and from the JSON of the default parser, so that limits, checks and payloads are the same.

// packedFrame makes a message of a packet whose Data is msgpack.
func packedFrame(p sioproto.Packet) engineio.Frame {
	fields := uint32(2)
	if p.Data != nil {
		fields++
	}
	if p.HasID {
		fields++
	}
	b := msgp.AppendMapHeader(make([]byte, 0, len(p.Data)+len(p.Namespace)+48), fields)
	b = msgp.AppendInt(msgp.AppendString(b, "type"), int(p.Type))
	b = msgp.AppendString(msgp.AppendString(b, "nsp"), p.Namespace)
	if p.HasID {
		b = msgp.AppendUint64(msgp.AppendString(b, "id"), p.ID)
	}
	if p.Data != nil {
		b = append(msgp.AppendString(b, "data"), p.Data...)
	}
	return engineio.BinaryFrame(b)
}

// pack returns a JSON text as msgpack, with the attachments in the places of their placeholders.
func pack(text []byte, attachments [][]byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return packValue(nil, v, attachments)
}

func packValue(dst []byte, v any, attachments [][]byte) (_ []byte, err error) {
	switch v := v.(type) {
	case nil:
		return msgp.AppendNil(dst), nil
	case bool:
		return msgp.AppendBool(dst, v), nil
	case string:
		return msgp.AppendString(dst, v), nil
	case json.Number:
		return packNumber(dst, string(v))
	case []any:
		dst = msgp.AppendArrayHeader(dst, uint32(len(v)))
		for i := 0; i < len(v) && err == nil; i++ {
			dst, err = packValue(dst, v[i], attachments)
		}
		return dst, err
	case map[string]any:
		return packMap(dst, v, attachments)
	}
	return nil, fmt.Errorf("%T is no JSON", v)
}

func packMap(dst []byte, m map[string]any, attachments [][]byte) (_ []byte, err error) {
	if n, ok := m["num"].(json.Number); ok && m["_placeholder"] == true {
		if i, err := strconv.Atoi(string(n)); err == nil && 0 <= i && i < len(attachments) {
			return msgp.AppendBytes(dst, attachments[i]), nil
		}
	}
	dst = msgp.AppendMapHeader(dst, uint32(len(m)))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		dst, err = packValue(msgp.AppendString(dst, key), m[key], attachments)
		if err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func packNumber(dst []byte, text string) ([]byte, error) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return msgp.AppendInt64(dst, i), nil
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		return msgp.AppendUint64(dst, u), nil
	}
	f, err := strconv.ParseFloat(text, 64)
	return msgp.AppendFloat64(dst, f), err
}

func packedReply(id, pid string) []byte {
	fields := []string{"sid", id}
	if pid != "" {
		fields = append(fields, "pid", pid)
	}
	b := msgp.AppendMapHeader(nil, uint32(len(fields)/2))
	for _, field := range fields {
		b = msgp.AppendString(b, field)
	}
	return b
}

// appendPacked returns an event's message with one more string at its end.
func appendPacked(message []byte, last string) engineio.Frame {
	p, data, err := readEnvelope(message)
	if err != nil {
		panic(err) // it is packedFrame's
	}
	n, elements, err := msgp.ReadArrayHeaderBytes(data)
	if err != nil {
		panic(err)
	}
	p.Data = append(msgp.AppendArrayHeader(nil, n+1), elements...)
	p.Data = msgp.AppendString(p.Data, last)
	return packedFrame(p)
}

// noType is beyond all types.
const noType sioproto.Type = 255

var errNoPacket = errors.New("socketio: no packet of the msgpack parser")

// unpack reads a message of a client. What it returns is the caller's.
func unpack(message []byte, l sioproto.Limits) (sioproto.Packet, [][]byte, error) {
	p, data, err := readEnvelope(message)
	if err != nil {
		return sioproto.Packet{}, nil, err
	}
	evented := p.Type == sioproto.Event || p.Type == sioproto.Ack
	if p.Type > sioproto.Ack || evented && data == nil {
		return sioproto.Packet{}, nil, errNoPacket
	}
	u := unpacker{limits: l}
	if data != nil {
		if data, err = u.value(data, l.MaxDepth); err != nil {
			return sioproto.Packet{}, nil, err
		}
		p.Data = u.text
	}
	p.Attachments = len(u.attachments)
	switch {
	case len(data) > 0 || p.Attachments > 0 && !evented:
		return sioproto.Packet{}, nil, errNoPacket
	case p.Attachments > 0:
		p.Type += sioproto.BinaryEvent - sioproto.Event
	}
	p, err = sioproto.Parse(sioproto.Append(nil, p), l)
	return p, u.attachments, err
}

// readEnvelope reads all but the data, which it returns as they are, nil if there are none.
func readEnvelope(b []byte) (p sioproto.Packet, data []byte, err error) {
	p.Type = noType
	n, b, err := msgp.ReadMapHeaderBytes(b)
	for ; n > 0 && err == nil; n-- {
		var key, rest []byte
		if key, b, err = msgp.ReadStringZC(b); err != nil {
			break
		}
		if rest, err = msgp.Skip(b); err != nil {
			break
		}
		field := b[:len(b)-len(rest)]
		if string(key) == "data" && !bytes.Equal(field, undefined) {
			data = field
		} else {
			err = readField(&p, string(key), field)
		}
		b = rest
	}
	if err == nil && (len(b) > 0 || !isNamespace(p.Namespace)) {
		err = errNoPacket
	}
	return p, data, err
}

func readField(p *sioproto.Packet, key string, field []byte) (err error) {
	switch {
	case key == "type":
		var t uint8
		t, _, err = msgp.ReadUint8Bytes(field)
		p.Type = sioproto.Type(t)
	case key == "nsp":
		p.Namespace, _, err = msgp.ReadStringBytes(field)
	case key == "id" && !bytes.Equal(field, undefined):
		p.ID, _, err = msgp.ReadUint64Bytes(field)
		p.HasID = true
	}
	return err
}

// isNamespace tells the names that a packet of the default parser can hold.
func isNamespace(name string) bool {
	return strings.HasPrefix(name, "/") && !strings.Contains(name, ",")
}

// undefined is how JavaScript's is written.
var undefined = []byte{0xd4, 0, 0}

// unpacker turns msgpack to JSON.
type unpacker struct {
	limits      sioproto.Limits
	text        []byte
	attachments [][]byte
}

// value appends the value that b begins with, of so many levels at most, and returns what follows.
func (u *unpacker) value(b []byte, depth int) ([]byte, error) {
	if depth < 0 {
		return nil, errNoPacket
	}
	switch msgp.NextType(b) {
	case msgp.MapType:
		return u.mapping(b, depth-1)
	case msgp.ArrayType:
		return u.array(b, depth-1)
	case msgp.BinType:
		return u.binary(b)
	default:
		return u.scalar(b)
	}
}

func (u *unpacker) array(b []byte, depth int) ([]byte, error) {
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	u.text = append(u.text, '[')
	for i := uint32(0); i < n && err == nil; i++ {
		if i > 0 {
			u.text = append(u.text, ',')
		}
		b, err = u.value(b, depth)
	}
	u.text = append(u.text, ']')
	return b, err
}

func (u *unpacker) mapping(b []byte, depth int) ([]byte, error) {
	n, b, err := msgp.ReadMapHeaderBytes(b)
	u.text = append(u.text, '{')
	for ; n > 0 && err == nil; n-- {
		b, err = u.member(b, depth)
	}
	u.text = append(u.text, '}')
	return b, err
}

// member leaves out what is undefined, as JavaScript does.
func (u *unpacker) member(b []byte, depth int) ([]byte, error) {
	key, b, err := msgp.ReadStringBytes(b)
	if err != nil {
		return nil, err
	}
	if rest, ok := bytes.CutPrefix(b, undefined); ok {
		return rest, nil
	}
	if u.text[len(u.text)-1] != '{' {
		u.text = append(u.text, ',')
	}
	u.text = append(sioproto.AppendString(u.text, key), ':')
	return u.value(b, depth)
}

func (u *unpacker) binary(b []byte) ([]byte, error) {
	if len(u.attachments) == u.limits.MaxAttachments {
		return nil, errNoPacket
	}
	content, rest, err := msgp.ReadBytesZC(b)
	u.text = appendPlaceholder(u.text, len(u.attachments))
	u.attachments = append(u.attachments, append([]byte{}, content...))
	return rest, err
}

func (u *unpacker) scalar(b []byte) (rest []byte, err error) {
	switch msgp.NextType(b) {
	case msgp.StrType:
		var s string
		s, rest, err = msgp.ReadStringBytes(b)
		u.text = sioproto.AppendString(u.text, s)
	case msgp.IntType:
		var i int64
		i, rest, err = msgp.ReadInt64Bytes(b)
		u.text = strconv.AppendInt(u.text, i, 10)
	case msgp.UintType:
		var i uint64
		i, rest, err = msgp.ReadUint64Bytes(b)
		u.text = strconv.AppendUint(u.text, i, 10)
	case msgp.Float32Type, msgp.Float64Type:
		return u.float(b)
	case msgp.BoolType:
		var v bool
		v, rest, err = msgp.ReadBoolBytes(b)
		u.text = strconv.AppendBool(u.text, v)
	case msgp.NilType:
		rest, err = msgp.ReadNilBytes(b)
		u.text = append(u.text, "null"...)
	default:
		return u.extension(b)
	}
	return rest, err
}

// float writes what JSON cannot hold as JavaScript does.
func (u *unpacker) float(b []byte) ([]byte, error) {
	f, rest, err := msgp.ReadFloat64Bytes(b)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		u.text = append(u.text, "null"...)
	} else {
		u.text = strconv.AppendFloat(u.text, f, 'g', -1, 64)
	}
	return rest, err
}

// extension reads what the client's encoder writes for undefined and for a Date, milliseconds since 1970.
func (u *unpacker) extension(b []byte) ([]byte, error) {
	if rest, ok := bytes.CutPrefix(b, undefined); ok {
		u.text = append(u.text, "null"...)
		return rest, nil
	}
	rest, ok := bytes.CutPrefix(b, []byte{0xd7, 0})
	if !ok || len(rest) < 8 {
		return nil, errNoPacket
	}
	date := time.UnixMilli(int64(binary.BigEndian.Uint64(rest))).UTC()
	if year := date.Year(); year < 0 || year > 9999 {
		return nil, errNoPacket
	}
	u.text = date.AppendFormat(u.text, `"2006-01-02T15:04:05.000Z"`)
	return rest[8:], nil
}
