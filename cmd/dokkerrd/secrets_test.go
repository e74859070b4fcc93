package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

// canary stands in everything that may not be told (S-06).
const canary = "canary-7d1f"

// No secret, token, session id or message gets into the log, at its most talkative, whatever is asked and however a connection begins
// and ends: nor into the metrics.
func TestLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	p := startProgram(t, "STRIPE_WEBHOOK_SECRET="+canary+"-whsec-0123456789abcdef", "TRUSTED_PROXIES=127.0.0.0/8", "LIMITS=handshakes=off,unknown=1000")
	secrets := []string{canary, testSecret, testKey, "eyJ"}
	for _, transport := range []string{"websocket", "polling"} {
		secrets = append(secrets, p.showToSocket(transport)...)
	}
	p.showBadTokens()
	p.showToRoutes()
	_, metrics := p.get("/v1/metrics", "Authorization", "Bearer "+testKey)
	p.end()
	told := p.log.String()
	for _, secret := range secrets {
		if strings.Contains(told, secret) || strings.Contains(metrics, secret) {
			t.Errorf("%q is told:\n%s\n%s", secret, told, metrics)
		}
	}
	for line, n := range map[string]int{`"msg":"connected"`: 4, `"msg":"disconnected"`: 4, `"code":"NOT_FOUND"`: 4, `"code":"AUTH_ERROR"`: 4, `"reason":"no token"`: 1, `"reason":"invalid token"`: 20, `"msg":"locked out`: 1, `"reason":"too many bad tokens"`: 1, `"msg":"refresh refused"`: 2, `"msg":"webhook refused"`: 2} {
		if got := strings.Count(told, line); got < n {
			t.Errorf("%d lines %s, want %d: what was not written holds no secret", got, line, n)
		}
	}
}

// showToSocket shows canaries in every field of a login and of events. It returns what else may not be told.
func (p *program) showToSocket(transport string) (secrets []string) {
	p.t.Helper()
	good := p.sign(token.Identity{User: asha, Email: canary + "@example.com", SessionID: canary, TokenID: canary, IssuedAt: time.Now()})
	query := url.Values{"token": {canary}}
	header := http.Header{"Cookie": {"a=" + canary}, "Authorization": {"Bearer " + canary}, "User-Agent": {canary}, "Referer": {p.url + "/?token=" + canary}}
	for _, leave := range []func(*siotest.Client){(*siotest.Client).Close, func(c *siotest.Client) { c.Send("1") }} {
		c := siotest.Dial(p.t, p.url, &siotest.Options{Transport: transport, Query: query, Header: header})
		c.On("presence.update", func(siotest.Packet) []any { return nil })
		c.Send(`0{"token":"` + good + `","deviceId":"` + canary + `","since":"` + canary + `","more":"` + canary + `"}`)
		reply := c.Next()
		var answer struct{ PID string }
		decodeInto(p.t, string(reply.Data), &answer)
		secrets = append(secrets, c.Opening().SID)
		if answer.PID != "" {
			secrets = append(secrets, answer.PID)
		}
		c.Ask("message.new", map[string]string{"recipientId": ben, "content": canary, "type": "text", "clientMessageId": "3f3c9a52-1f0e-4d6b-8c1d-2e3f4a5b6c7d"})
		c.Ask("message.new", map[string]string{"recipientId": canary, "content": canary, "type": canary})
		c.Ask("message.new", map[string]string{canary: canary})
		c.Ask("auth.refresh", map[string]string{"token": canary})
		c.Ask("nothing", canary)
		leave(c)
	}
	return secrets
}

// showBadTokens shows canaries in every part of tokens that do not verify, until they lock out.
func (p *program) showBadTokens() {
	p.t.Helper()
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	later := time.Now().Add(time.Hour).Unix()
	tokens := []string{"", canary, canary + "." + canary + "." + canary}
	for _, head := range []string{`{"alg":"` + canary + `"}`, `{"alg":"HS256","kid":"` + canary + `","typ":"` + canary + `"}`, `{"alg":"HS256","crit":["` + canary + `"]}`, `{"alg":"HS256",` + canary, `{"alg":{"` + canary + `":1}}`} {
		tokens = append(tokens, part(head)+"."+part(fmt.Sprintf(`{"id":%q,"exp":%d}`, asha, later))+"."+part("sig"))
	}
	for _, claims := range []string{
		`{"id":"` + canary + `","exp":` + fmt.Sprint(later) + `}`, `{"sub":"` + canary + `","exp":` + fmt.Sprint(later) + `}`, `{"id":"` + asha + `","exp":"` + canary + `"}`,
		`{"id":{"` + canary + `":1}}`, canary, `{"` + canary + `":`, `{"id":"` + asha + `","exp":` + fmt.Sprint(later) + `,"nbf":"` + canary + `","iss":"` + canary + `","aud":["` + canary + `"]}`,
	} {
		tokens = append(tokens, part(`{"alg":"HS256"}`)+"."+part(claims)+"."+part("sig"), signedClaims(claims))
	}
	for range 11 {
		tokens = append(tokens, part(`{"alg":"HS256"}`)+"."+part(`{"id":"`+asha+`","email":"`+canary+`"}`)+"."+part(canary))
	}
	for _, compact := range tokens {
		c := siotest.Dial(p.t, p.url, &siotest.Options{Header: http.Header{"X-Forwarded-For": {"192.0.2.1"}}})
		c.Send(`0{"token":"` + compact + `"}`)
		for c.Alive() && len(c.Waiting()) == 0 {
			time.Sleep(time.Millisecond)
		}
		c.Close()
	}
}

// signedClaims is a token whose signature is right.
func signedClaims(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	text := part([]byte(`{"alg":"HS256"}`)) + "." + part([]byte(claims))
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(text))
	return text + "." + part(mac.Sum(nil))
}

// showToRoutes shows canaries to every kind of request.
func (p *program) showToRoutes() {
	p.t.Helper()
	p.get("/socket.io/?EIO=4&transport=polling&token="+canary, "Cookie", canary)
	p.get("/socket.io/?EIO=4&transport="+canary+"&sid="+canary, "Origin", "https://"+canary+".example.com")
	p.get("/socket.io/"+canary+".js", "Referer", canary)
	p.get("/v1/metrics?key="+canary, "Authorization", "Bearer "+canary)
	p.put("PUT", "/v1/bookings/"+booking, `{"listingId":"`+dock+`","boaterId":"`+asha+`","ownerId":"`+ben+`","status":"pending","reason":"`+canary+`"}`)
	p.put("POST", "/v1/notifications", `{"userId":"`+asha+`","type":"review_received","title":"`+canary+`","body":"`+canary+`","data":{"a":"`+canary+`"}}`)
	p.put("POST", "/v1/events", `{"event":"dock.flooded","userId":"`+canary+`","data":{"a":"`+canary+`"}}`)
	p.put("POST", "/v1/users/"+asha+"/disconnect", `{"sessionId":"`+canary+`"}`)
	for _, signature := range []string{canary, "t=1,v1=" + canary} {
		r, err := http.NewRequestWithContext(p.t.Context(), "POST", p.url+"/webhooks/stripe", strings.NewReader(`{"id":"`+canary+`"}`))
		if err != nil {
			p.t.Fatal(err)
		}
		r.Header.Set("Stripe-Signature", signature)
		p.do(r)
	}
}
