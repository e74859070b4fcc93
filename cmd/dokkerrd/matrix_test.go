package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dokkerr/realtime/e2e/machine"
	"github.com/dokkerr/realtime/socketio/siotest"
	"github.com/dokkerr/realtime/token"
)

// member is a connected person: of each pair one is boater and one owner of a booking, and they have written to each other.
type member struct {
	*siotest.Client
	role  string
	thing thing // as this person sees what is its pair's
	pair  int
	heard []string // whatever came that was no answer
}

// memberRoles are those of the members, two to a pair.
var memberRoles = []string{"boater", "dock_owner", "boater", "dock_owner", "admin", "guest", "", "boater"}

const (
	stripeSecret = "whsec_0123456789abcdef0123456789abcdef"
	rotatedKey   = "the service key that comes after it: as long"
)

// matrix is the whole program with its members.
type matrix struct {
	*program
	server  *server
	private string // the metrics' listener
	members []*member
	secrets []string // by pair: a text that only its two may read
	cells   int
}

// startMatrix runs the program with four pairs of people, who are connected and quiet.
func startMatrix(t *testing.T) *matrix {
	t.Helper()
	port := machine.FreePorts(t, 1)[0]
	conf := configured(t, nil, "SERVICE_KEYS="+testKey+","+rotatedKey, "HOST=127.0.0.1", "PORT=0", "STRIPE_WEBHOOK_SECRET="+stripeSecret,
		"DATABASE_URL="+filepath.Join(t.TempDir(), "test.db"), fmt.Sprint("METRICS_ADDR=127.0.0.1:", port),
		"LIMITS=events=off,messages=off,typing=off,userEvents=off,keyRequests=off")
	ctx, stop := context.WithCancel(t.Context())
	m := &matrix{program: &program{t: t, key: testKey, stop: stop, stopped: make(chan struct{})}, private: fmt.Sprint("http://127.0.0.1:", port)}
	ready := make(chan int, 1)
	go func() {
		defer close(m.stopped)
		if err := start(ctx, conf, slog.New(slog.DiscardHandler), func(s *server, port int) error {
			m.server = s
			ready <- port
			return nil
		}); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { m.end() })
	select {
	case port := <-ready:
		m.url = fmt.Sprint("http://127.0.0.1:", port)
	case <-m.stopped:
		t.FailNow()
	}
	for pair := range len(memberRoles) / 2 {
		m.addPair(pair)
	}
	return m
}

// addPair furnishes two people.
func (m *matrix) addPair(pair int) {
	m.t.Helper()
	x := thing{Booking: uuid.NewString(), Listing: uuid.NewString(), Payment: uuid.NewString(), Status: "pending", Amount: "12500"}
	x.Boater, x.Owner = uuid.NewString(), uuid.NewString()
	secret := fmt.Sprint("words of pair ", pair, " ", uuid.NewString())
	m.secrets = append(m.secrets, secret)
	for _, route := range []int{0, 1} { // the booking and its payment
		if status, answer := m.put(routeRows[route].request(x)); status != 200 {
			m.t.Fatal(answer)
		}
	}
	for i, user := range []string{x.Boater, x.Owner} {
		x.Person, x.Other = user, []string{x.Owner, x.Boater}[i]
		x.Token = m.token(user, memberRoles[2*pair+i], time.Hour)
		var answer struct{ NotificationID string }
		_, text := m.put("POST", "/v1/notifications", fmt.Sprintf(`{"userId":%q,"type":"t","title":%q,"body":""}`, user, secret))
		decodeInto(m.t, text, &answer)
		x.Notification = answer.NotificationID
		m.members = append(m.members, &member{role: memberRoles[2*pair+i], thing: x, pair: pair, Client: m.join(x.Token)})
	}
	boater, owner := m.members[2*pair], m.members[2*pair+1]
	boater.thing.OthersNotice, owner.thing.OthersNotice = owner.thing.Notification, boater.thing.Notification
	m.converse(boater, owner, secret)
}

// converse has one write to the other, and the other answer. What each knows then is the pair's.
func (m *matrix) converse(a, b *member, secret string) {
	m.t.Helper()
	var receipt struct{ MessageID, ConversationID string }
	var synced struct{ Position string }
	for _, from := range []*member{a, b} {
		text := from.Ask("message.new", object{"recipientId": from.thing.Other, "content": secret, "type": "text"}).Args()[0]
		decodeInto(m.t, string(text), &receipt)
	}
	for _, p := range []*member{a, b} {
		p.thing.Message, p.thing.Conversation = receipt.MessageID, receipt.ConversationID
		decodeInto(m.t, string(p.Ask("sync", object{"since": "0"}).Args()[0]), &synced)
		p.thing.Position = synced.Position
	}
}

func (m *matrix) join(compact string) *siotest.Client {
	return siotest.Connect(m.t, m.url, &siotest.Options{Auth: object{"token": compact}, Timeout: time.Minute})
}

func (m *matrix) token(user, role string, lasts time.Duration) string {
	m.t.Helper()
	compact, err := token.Sign([]byte(testSecret), token.Identity{User: user, Role: role, SessionID: "of " + user, ExpiresAt: time.Now().Add(lasts)})
	if err != nil {
		m.t.Fatal(err)
	}
	return compact
}

// thingOf is what a person's relation to a thing makes it: another pair's is the next one's.
func (m *matrix) thingOf(pair int, its thing, r relation) thing {
	switch r {
	case mine:
		return its
	case foreign:
		return m.members[2*((pair+1)%len(m.secrets))].thing
	default:
		return nowhere()
	}
}

// leaks returns the first pair whose secrets are in a text that is not for it, or -1.
func (m *matrix) leaks(text string, to int) int {
	for pair, secret := range m.secrets {
		x, y := m.members[2*pair].thing, m.members[2*pair+1].thing
		for _, word := range []string{secret, x.Conversation, x.Message, x.Booking, x.Listing, x.Payment, x.Notification, y.Notification} {
			if pair != to && strings.Contains(text, word) {
				return pair
			}
		}
	}
	return -1
}

// keysOf returns the keys of a map that is a field of what p points to.
func keysOf(p any, field string) (keys []string) {
	for _, key := range reflect.ValueOf(p).Elem().FieldByName(field).MapKeys() {
		keys = append(keys, key.String())
	}
	return keys
}

// patternsOf returns what is registered with a mux, which itself does not tell.
func patternsOf(mux *http.ServeMux) (patterns []string) {
	index := reflect.ValueOf(mux).Elem().FieldByName("index")
	lists := []reflect.Value{index.FieldByName("multis")}
	for segments := index.FieldByName("segments").MapRange(); segments.Next(); {
		lists = append(lists, segments.Value())
	}
	for _, list := range lists {
		for i := range list.Len() {
			if pattern := list.Index(i).Elem().FieldByName("str").String(); !slices.Contains(patterns, pattern) {
				patterns = append(patterns, pattern)
			}
		}
	}
	return patterns
}

// without returns the names that no row has. There is at least one name.
func without[Row any](names []string, rows []Row, nameOf func(Row) string) (missing []string) {
	for _, name := range names {
		if !slices.ContainsFunc(rows, func(r Row) bool { return nameOf(r) == name }) {
			missing = append(missing, name)
		}
	}
	if len(names) == 0 {
		missing = append(missing, "(none was found)")
	}
	return missing
}

// TestWhatHasNoRowIsFound shows that the walks see what is registered.
func TestWhatHasNoRowIsFound(t *testing.T) {
	mux := http.NewServeMux()
	for _, pattern := range []string{"GET /v2/boats/{id}", "/v2/", "POST /{$}", "/v3/{rest...}"} {
		mux.Handle(pattern, http.NotFoundHandler())
	}
	if got := patternsOf(mux); len(got) != 4 || len(without(got, routeRows, func(r routeRow) string { return r.route })) != 4 {
		t.Errorf("patterns %q", got)
	}
}
