package stripe

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// FuzzSignature: no header makes the parser panic, what it takes is in one spelling, and none verifies that was not made with the secret.
func FuzzSignature(f *testing.F) {
	mac := strings.Repeat("0", 64)
	f.Add("t=1732298400,v1="+mac, "body")
	f.Add("t=1,t=2,v1="+mac, "")
	f.Add("v0=x,v1="+strings.ToUpper(mac)+",v1=,t=-1", "{}")
	f.Add("t=1732298400,v1="+mac+",v1="+mac+",v9=x", "{}")
	secret := []byte("whsec_of_the_fuzzer_of_signatures")
	f.Fuzz(func(t *testing.T, header, body string) {
		s, err := parseSignature([]string{header})
		if err != nil {
			return
		}
		if s.time.Unix() < 0 || len(s.v1) == 0 || !strings.Contains(header, "t="+s.text) {
			t.Fatalf("%q is read as %+v", header, s)
		}
		own := s.sign(secret, []byte(body))
		forged := false
		for _, v1 := range s.v1 {
			forged = forged || bytes.Equal(v1, own)
		}
		if err := s.verify([][]byte{secret}, []byte(body), s.time); (err == nil) != forged {
			t.Fatalf("%q verifies: %v", header, err)
		}
		s.v1 = append(s.v1, own)
		if err := s.verify([][]byte{secret}, []byte(body), s.time); err != nil {
			t.Fatalf("the right signature is refused: %v", err)
		}
		if err := s.verify([][]byte{secret}, []byte(body), s.time.Add(tolerance+time.Second)); err == nil {
			t.Fatal("it is good for ever")
		}
	})
}

// FuzzEvent: no body makes the parser panic, and a payment that it tells of is one that the rules can judge.
func FuzzEvent(f *testing.F) {
	const intent = `{"id":"pi_1","amount":100,"amount_received":100,"currency":"usd","metadata":{"bookingId":"7c9e6679-7425-40de-944b-e07fc1f90ae7"},"last_payment_error":{"code":"card_declined"}}`
	for kind := range statusOf {
		f.Add(`{"id":"evt_1","type":"` + kind + `","created":1732298400,"data":{"object":` + intent + `}}`)
	}
	f.Add(`{"id":"evt_1","type":"payment_intent.succeeded","created":-1,"data":{"object":null}}`)
	f.Add(`{"id":"evt_1","type":"charge.updated","created":9e18,"data":[]}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, body string) {
		told, err := parseEvent([]byte(body))
		if err != nil {
			return
		}
		if !eventName.MatchString(told.ID) || !eventName.MatchString(told.Type) {
			t.Fatalf("%q is read as %+v", body, told)
		}
		if p := told.Payment; p != nil && (p.Status != statusOf[told.Type] || len(p.Error) > 200 || told.Reason != "") {
			t.Fatalf("%q is read as the payment %+v", body, p)
		}
		if _, err := ReadList(strings.NewReader(`{"data":[` + body + `]}`)); err != nil {
			t.Fatalf("%q is an event alone and none in a list: %v", body, err)
		}
	})
}
