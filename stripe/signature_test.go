package stripe_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/stripe"
)

// TestSignatures is every vector of S-05 about the signature, each with an event of its own.
func TestSignatures(t *testing.T) {
	w := newWorld(t)
	now := fmt.Sprint(noon.Unix())
	at := func(d time.Duration) string { return fmt.Sprint(noon.Add(d).Unix()) }
	under := func(t, body string) []string { return []string{"t=" + t + ",v1=" + mac(secret, t, body)} }
	same := func(body string) string { return body }
	type vector struct {
		name    string
		status  int
		headers func(body string) []string
		sent    func(body string) string // what arrives; nil: what was signed
	}
	good := func(body string) []string { return under(now, body) }
	v1 := func(value func(mac string) string) func(string) []string {
		return func(body string) []string { return []string{"t=" + now + ",v1=" + value(mac(secret, now, body))} }
	}
	stamped := func(t string) func(string) []string { return func(body string) []string { return under(t, body) } }
	vectors := []vector{
		{"good", 200, good, nil},
		{"the old secret", 200, func(b string) []string { return []string{signed(oldSecret, noon, b)} }, nil},
		{"two v1, the second good", 200, func(b string) []string {
			return []string{"t=" + now + ",v1=" + mac("whsec_other", now, b) + ",v1=" + mac(secret, now, b)}
		}, nil},
		{"two v1, the first good", 200, func(b string) []string {
			return []string{"t=" + now + ",v1=" + mac(secret, now, b) + ",v1=" + mac("whsec_other", now, b)}
		}, nil},
		{"two v1 of both secrets", 200, func(b string) []string {
			return []string{"t=" + now + ",v1=" + mac(oldSecret, now, b) + ",v1=" + mac(secret, now, b)}
		}, nil},
		{"a malformed v1 and a good one", 200, func(b string) []string {
			return []string{"t=" + now + ",v1=xyz,v1=" + mac(secret, now, b)}
		}, nil},
		{"v0 beside v1", 200, func(b string) []string {
			return []string{"t=" + now + ",v1=" + mac(secret, now, b) + ",v0=" + mac("test", now, b)}
		}, nil},
		{"v1 before t", 200, func(b string) []string { return []string{"v1=" + mac(secret, now, b) + ",t=" + now} }, nil},
		{"t 299 s ago", 200, stamped(at(-299 * time.Second)), nil},
		{"t 300 s ago", 200, stamped(at(-300 * time.Second)), nil},
		{"t 300 s ahead", 200, stamped(at(300 * time.Second)), nil},

		{"t 301 s ago", 401, stamped(at(-301 * time.Second)), nil},
		{"t 301 s ahead", 401, stamped(at(301 * time.Second)), nil},
		{"no header", 401, func(string) []string { return nil }, nil},
		{"an empty header", 401, func(string) []string { return []string{""} }, nil},
		{"header twice", 401, func(b string) []string { return append(good(b), good(b)...) }, nil},
		{"a header of 5 KB", 401, func(b string) []string { return []string{good(b)[0] + strings.Repeat(",v0=x", 1000)} }, nil},
		{"v0 only", 401, func(b string) []string { return []string{"t=" + now + ",v0=" + mac(secret, now, b)} }, nil},
		{"no v1", 401, func(string) []string { return []string{"t=" + now} }, nil},
		{"empty v1", 401, v1(func(string) string { return "" }), nil},
		{"upper-case hex", 401, v1(strings.ToUpper), nil},
		{"odd-length hex", 401, v1(func(m string) string { return m[1:] }), nil},
		{"v1 too short", 401, v1(func(m string) string { return m[2:] }), nil},
		{"v1 too long", 401, v1(func(m string) string { return m + "00" }), nil},
		{"v1 twice as long", 401, v1(func(m string) string { return m + m }), nil},
		{"v1 no hex", 401, v1(func(m string) string { return "g" + m[1:] }), nil},
		{"one bit of v1", 401, v1(func(m string) string { return flip(m) }), nil},
		{"spaces", 401, func(b string) []string { return []string{"t=" + now + ", v1=" + mac(secret, now, b)} }, nil},
		{"spaces around =", 401, func(b string) []string { return []string{"t = " + now + ",v1 = " + mac(secret, now, b)} }, nil},
		{"a semicolon", 401, func(b string) []string { return []string{"t=" + now + ";v1=" + mac(secret, now, b)} }, nil},
		{"t twice", 401, func(b string) []string { return []string{"t=" + now + "," + good(b)[0]} }, nil},
		{"t missing", 401, func(b string) []string { return []string{"v1=" + mac(secret, now, b)} }, nil},
		{"t empty", 401, stamped(""), nil},
		{"t negative", 401, stamped("-" + now), nil},
		{"t with a plus", 401, stamped("+" + now), nil},
		{"t 2^63", 401, stamped("9223372036854775808"), nil},
		{"t 2^64", 401, stamped("18446744073709551616"), nil},
		{"t a float", 401, stamped(now + ".0"), nil},
		{"t in milliseconds", 401, stamped(now + "000"), nil},
		{"t hexadecimal", 401, stamped(fmt.Sprintf("0x%x", noon.Unix())), nil},
		{"t other than signed", 401, func(b string) []string {
			return []string{"t=" + at(time.Second) + ",v1=" + mac(secret, now, b)}
		}, nil},
		{"other secret", 401, func(b string) []string { return []string{signed("whsec_another", noon, b)} }, nil},
		{"secret without its prefix", 401, func(b string) []string { return []string{signed(secret[6:], noon, b)} }, nil},
		{"signature of another provider", 401, func(b string) []string {
			return []string{"t=" + now + ",v1=" + mac(secret, "msg_1."+now, b)}
		}, nil},
		{"body without t signed", 401, func(b string) []string {
			return []string{"t=" + now + ",v1=" + macOf(secret, b)}
		}, nil},
		{"body changed by one byte", 401, good, func(b string) string { return strings.Replace(b, "1000", "1001", 1) }},
		{"body serialized anew", 401, good, func(b string) string { return strings.ReplaceAll(b, " ", "") }},
		{"body cut", 401, good, func(b string) string { return b[:len(b)-1] }},
		{"a line end more", 401, good, func(b string) string { return b + "\n" }},
		{"gzip body", 401, good, compressed},
		{"BOM", 401, good, func(b string) string { return "\ufeff" + b }},
		{"empty body", 401, good, func(string) string { return "" }},
		{"an empty body that is signed", 400, func(string) []string { return under(now, "") }, func(string) string { return "" }},
		{"gzip body that is signed", 400, func(b string) []string { return under(now, compressed(b)) }, compressed},
		{"BOM that is signed", 400, func(b string) []string { return under(now, "\ufeff"+b) }, func(b string) string { return "\ufeff" + b }},
	}
	for i, v := range vectors {
		body := w.event(fmt.Sprintf("evt_%d", i), "payment_intent.succeeded", noon.Unix(), w.intent(1000, "eur"))
		body = strings.Replace(body, `"pi_1"`, fmt.Sprintf(`"pi_%d"`, i), 1)
		before := w.status(t)
		sent := v.sent
		if sent == nil {
			sent = same
		}
		status, answer := w.post(sent(body), v.headers(body)...)
		if status != v.status {
			t.Errorf("%s: %d %s, want %d", v.name, status, answer, v.status)
		}
		if applied := w.status(t) != before; applied != (v.status == 200) {
			t.Errorf("%s: applied: %v", v.name, applied)
		}
	}
	if len(vectors) < 40 {
		t.Errorf("%d vectors", len(vectors))
	}
	if strings.Contains(w.log.String(), "whsec_") {
		t.Error("a secret is in the log")
	}
}

func flip(mac string) string {
	if mac[0] == '0' {
		return "1" + mac[1:]
	}
	return "0" + mac[1:]
}

func compressed(body string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, body) // into memory
	_ = z.Close()
	return b.String()
}

// TestClock judges by the time of day, also when it was turned.
func TestClock(t *testing.T) {
	w := newWorld(t)
	body := w.event("evt_1", "customer.created", noon.Unix(), `{}`)
	for _, turn := range []time.Duration{time.Hour, -2 * time.Hour, 25 * time.Hour, -48 * time.Hour} {
		w.clock.Advance(turn)
		if status, _ := w.post(body, signed(secret, noon, body)); status != 401 {
			t.Errorf("%v off: %d", w.clock.Now().Sub(noon), status)
		}
		if status, answer := w.post(body, signed(secret, w.clock.Now(), body)); status != 200 {
			t.Errorf("by the new time: %d %s", status, answer)
		}
	}
}

func TestReadList(t *testing.T) {
	list, err := stripe.ReadList(strings.NewReader(`{"object":"list","data":[{"id":"evt_1","type":"a","created":1}],"has_more":true}
		{"data":[{"id":"evt_2","type":"payment_intent.succeeded","created":2}]}`))
	if err != nil || len(list) != 2 || list[1].ID != "evt_2" || !list[1].Created.Equal(time.Unix(2, 0)) {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := stripe.ReadList(strings.NewReader(`{"data":[`)); err == nil {
		t.Error("half a list was read")
	}
	if stripe.Counts(list[0].Type) || !stripe.Counts(list[1].Type) {
		t.Error("what counts")
	}
}
