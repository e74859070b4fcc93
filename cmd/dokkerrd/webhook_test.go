package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dokkerr/realtime/sqlite"
)

// TestWebhook pays for a booking as the provider tells it, under each of two secrets.
func TestWebhook(t *testing.T) {
	const fresh, old = "whsec_0123456789abcdef0123456789abcdef", "whsec_fedcba9876543210fedcba9876543210"
	data := filepath.Join(t.TempDir(), "test.db")
	p := startProgram(t, "STRIPE_WEBHOOK_SECRET="+fresh+","+old, "DATABASE_URL="+data)
	if status, answer := p.put("PUT", "/v1/bookings/"+booking, fmt.Sprintf(`{"listingId":%q,"boaterId":%q,"ownerId":%q,"status":"pending"}`, dock, asha, ben)); status != 200 {
		t.Fatal(status, answer)
	}
	for i, c := range []struct{ secret, kind, amount, want string }{
		{old, "processing", "1000", `{"outcome":"applied"}`},
		{fresh, "succeeded", "1000", `{"outcome":"applied"}`},
		{fresh, "succeeded", "1001", `{"outcome":"parked"}`},
		{"whsec_of another endpoint", "succeeded", "1000", "AUTH_ERROR"},
	} {
		body := fmt.Sprintf(`{"id":"evt_%d","type":"payment_intent.%s","created":1795348800,"data":{"object":{"id":"pi_1","amount":%s,"currency":"eur","metadata":{"bookingId":%q}}}}`, i, c.kind, c.amount, booking)
		if _, answer := p.webhook(c.secret, body); !strings.Contains(answer, c.want) {
			t.Errorf("%+v: %s", c, answer)
		}
	}
	if status, answer := p.get("/webhooks/stripe"); status != 405 || !strings.Contains(answer, "POST") {
		t.Errorf("GET: %d %s", status, answer)
	}
	reconciled(t, data)
	if strings.Contains(p.log.String(), "whsec_") {
		t.Error("a secret is in the log")
	}
}

func (p *program) webhook(secret, body string) (int, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), "POST", p.url+"/webhooks/stripe", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	signBody(r, secret, body)
	return p.do(r)
}

// reconciled asks beside the running server what is open: the event that is parked, and the one that never came.
func reconciled(t *testing.T, data string) {
	t.Helper()
	f, err := sqlite.OpenFile(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	list, err := readList("testdata/events.json")
	if err != nil {
		t.Fatal(err)
	}
	open, err := printOpen(&out, f, list)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); open != 2 || !strings.Contains(text, "parked evt_2 ") || !strings.Contains(text, "missing evt_3 ") || !strings.Contains(text, "fixed at its creation") {
		t.Errorf("%d open:\n%s", open, text)
	}
}

func TestNoWebhook(t *testing.T) {
	p := startProgram(t)
	if status, _ := p.webhook("", "{}"); status != 404 {
		t.Errorf("without a secret: %d", status)
	}
}

// TestBrokenStore: the program ends by itself, and its error says why.
func TestBrokenStore(t *testing.T) {
	conf := configured(t, nil, "HOST=127.0.0.1", "PORT=0", "DATABASE_URL="+filepath.Join(t.TempDir(), "test.db"))
	on, err := openListeners(t.Context(), conf, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServer(t.Context(), conf, on.port(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("the disk failed")
	s.storeBroken(why)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.run(ctx, on); !errors.Is(err, why) || ctx.Err() != nil {
		t.Errorf("ended with %v", err)
	}
}
