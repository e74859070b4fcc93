package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/dokkerr/realtime/dokkerr"
)

func TestShortIDs(t *testing.T) {
	f := newFixture(t)
	short := strings.NewReplacer(asha, asha[:8], ben, ben[:8], dock, dock[:8]).Replace(bookingPending)
	refused(t, f.ask("PUT", "/v1/bookings/"+booking, short), 404, dokkerr.NotFound, "")
	f.seed(t)
	for _, r := range [][3]string{
		{"PUT", "/v1/bookings/" + booking, short},
		{"PUT", "/v1/bookings/" + booking[:8], short},
		{"PUT", "/v1/payments/" + payment, strings.Replace(paymentPending, booking, booking[:8], 1)},
		{"POST", "/v1/notifications", strings.Replace(notification, asha, asha[:8], 1)},
		{"GET", "/v1/users/" + asha[:8] + "/presence", ""},
		{"POST", "/v1/users/" + asha[:8] + "/disconnect", ""},
	} {
		want(t, f.ask(r[0], r[1], r[2]), 200)
	}
	refused(t, f.ask("PUT", "/v1/payments/"+payment[:8], paymentPending), 400, dokkerr.ValidationError, "id")
	refused(t, f.ask("GET", "/v1/users/"+stranger[:8]+"/presence", ""), 404, dokkerr.NotFound, "")
}

func TestInvalidInputNamesTheField(t *testing.T) {
	f := newFixture(t)
	f.seed(t)
	put := func(name, value string) string { // a booking with one field replaced, or added
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(bookingPending), &fields); err != nil {
			t.Fatal(err)
		}
		fields[name] = json.RawMessage(value)
		if value == "" {
			delete(fields, name)
		}
		body, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	pay := func(old, replaced string) string { return strings.Replace(paymentPending, old, replaced, 1) }
	note := func(old, replaced string) string { return strings.Replace(notification, old, replaced, 1) }
	event := func(old, replaced string) string { return strings.Replace(applicationNews, old, replaced, 1) }
	long := strings.Repeat("x", 5000)

	for _, c := range []struct{ method, route, body, path string }{
		{"PUT", "/v1/bookings/7", bookingPending, "id"},
		{"PUT", "/v1/bookings/" + booking + "0", bookingPending, "id"},
		{"PUT", "/v1/bookings/%7B" + booking + "%7D", bookingPending, "id"},
		{"PUT", "/v1/bookings/" + booking, "", ""},
		{"PUT", "/v1/bookings/" + booking, "null", ""},
		{"PUT", "/v1/bookings/" + booking, "[]", ""},
		{"PUT", "/v1/bookings/" + booking, `"x"`, ""},
		{"PUT", "/v1/bookings/" + booking, "{}", "boaterId"},
		{"PUT", "/v1/bookings/" + booking, put("listingId", ""), "listingId"},
		{"PUT", "/v1/bookings/" + booking, put("listingId", "null"), "listingId"},
		{"PUT", "/v1/bookings/" + booking, put("listingId", "7"), "listingId"},
		{"PUT", "/v1/bookings/" + booking, put("listingId", `"dock"`), "listingId"},
		{"PUT", "/v1/bookings/" + booking, put("boaterId", `"`+asha+` "`), "boaterId"},
		{"PUT", "/v1/bookings/" + booking, put("ownerId", `["`+ben+`"]`), "ownerId"},
		{"PUT", "/v1/bookings/" + booking, put("ownerId", `"`+asha+`"`), "ownerId"},
		{"PUT", "/v1/bookings/" + booking, put("status", `"paid"`), "status"},
		{"PUT", "/v1/bookings/" + booking, put("status", `"Pending"`), "status"},
		{"PUT", "/v1/bookings/" + booking, put("status", "true"), "status"},
		{"PUT", "/v1/bookings/" + booking, put("reason", `"`+long+`"`), "reason"},
		{"PUT", "/v1/bookings/" + booking, put("reason", `{}`), "reason"},
		{"PUT", "/v1/bookings/" + booking, put("version", "-1"), "version"},
		{"PUT", "/v1/bookings/" + booking, put("version", `"1"`), "version"},
		{"PUT", "/v1/bookings/" + booking, put("version", "1.5"), "version"},
		{"PUT", "/v1/bookings/" + booking, put("version", "1.0"), "version"},
		{"PUT", "/v1/bookings/" + booking, put("version", "9223372036854775808"), "version"},
		{"PUT", "/v1/bookings/" + booking, put("id", `"x"`), "id"},
		{"PUT", "/v1/bookings/" + booking, put("role", `"admin"`), "role"},
		{"PUT", "/v1/bookings/" + booking, put("seq", "1"), "seq"},
		{"PUT", "/v1/bookings/" + booking, put("Status", `"confirmed"`), "Status"},

		{"PUT", "/v1/payments/" + payment, pay(`"amount":12500,`, ""), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", `"12500"`), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "125.5"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "12500.0"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "1e3"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "-1"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "9007199254740993"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "1"+strings.Repeat("0", 300)), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("12500", "null"), "amount"},
		{"PUT", "/v1/payments/" + payment, pay("usd", "USD"), "currency"},
		{"PUT", "/v1/payments/" + payment, pay("usd", "euro"), "currency"},
		{"PUT", "/v1/payments/" + payment, pay(`"pending"`, `"paid"`), "status"},
		{"PUT", "/v1/payments/" + payment, pay(`"pending"`, `"failed","error":"4242 4242 4242 4242"`), "error"},
		{"PUT", "/v1/payments/" + payment, pay(booking, "x"), "bookingId"},

		{"POST", "/v1/notifications", note(asha, "x"), "userId"},
		{"POST", "/v1/notifications", note("review_received", ""), "type"},
		{"POST", "/v1/notifications", note("A review", long), "title"},
		{"POST", "/v1/notifications", note("Five stars", long), "body"},
		{"POST", "/v1/notifications", note(`{"stars":5}`, `[5]`), "data"},
		{"POST", "/v1/notifications", note(`{"stars":5}`, `"5"`), "data"},
		{"POST", "/v1/notifications", note(`"type"`, `"senderId":"x","type"`), "senderId"},

		{"POST", "/v1/events", event(`"dock.weather"`, `""`), "event"},
		{"POST", "/v1/events", event("dock.weather", "booking.updated"), "event"},
		{"POST", "/v1/events", event("dock.weather", "message.new"), "event"},
		{"POST", "/v1/events", event("dock.weather", "connect_error"), "event"},
		{"POST", "/v1/events", event(`{"wind":7}`, "7"), "data"},
		{"POST", "/v1/events", event(`{"wind":7}`, "null"), "data"},
		{"POST", "/v1/events", event(`"data":{"wind":7},`, ""), "data"},
		{"POST", "/v1/events", event(`,"userId":"`+asha+`"`, ""), "userId"},
		{"POST", "/v1/events", event(`"userId"`, `"bookingId":"`+booking+`","userId"`), "userId"},
		{"POST", "/v1/events", event(`"userId"`, `"durable":"no","userId"`), "durable"},

		{"GET", "/v1/users/me/presence", "", "id"},
		{"POST", "/v1/users/me/disconnect", "", "id"},
	} {
		t.Run(c.method+" "+c.route+" "+c.body[:min(len(c.body), 200)], func(t *testing.T) {
			refused(t, f.ask(c.method, c.route, c.body), 400, dokkerr.ValidationError, c.path)
		})
	}
}

func TestBodyThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	const route = "/v1/events"
	for name, body := range map[string]string{
		"no JSON":           `{`,
		"two values":        applicationNews + `{}`,
		"a comma too much":  `{"event":"x",}`,
		"a name twice":      strings.Replace(applicationNews, `"event"`, `"event":"y","event"`, 1),
		"a name twice deep": strings.Replace(applicationNews, `"wind":7`, `"a":[{"b":1,"b":2}]`, 1),
		"too deep":          strings.Replace(applicationNews, `7`, strings.Repeat("[", 64)+strings.Repeat("]", 64), 1),
		"not UTF-8":         strings.Replace(applicationNews, "dock", "do\xff", 1),
		"a byte order mark": "\xef\xbb\xbf" + applicationNews,
		"a huge number":     strings.Replace(applicationNews, `7`, "1e400", 1),
	} {
		t.Run(name, func(t *testing.T) { refused(t, f.ask("POST", route, body), 400, dokkerr.ValidationError, "") })
	}
	for _, header := range [][2]string{
		{"Content-Type", "text/plain;charset=UTF-8"},
		{"Content-Type", "application/x-www-form-urlencoded"},
		{"Content-Type", "multipart/form-data; boundary=x"},
		{"Content-Type", "application/json; charset=latin1"},
		{"Content-Type", "application/cbor"},
		{"Content-Type", ";"},
		{"Content-Encoding", "gzip"},
	} {
		refused(t, f.ask("POST", route, applicationNews, header[:]...), 400, dokkerr.ValidationError, "")
	}
	for _, header := range [][2]string{
		{"Content-Type", ""}, {"Content-Type", "Application/JSON; charset=UTF-8"}, {"Content-Encoding", "identity"},
	} {
		want(t, f.ask("POST", route, applicationNews, header[:]...), 200)
	}
}

func TestLargestBody(t *testing.T) {
	f := newFixture(t)
	const route = "/v1/notifications"
	fits := notification + strings.Repeat(" ", 256<<10-len(notification))
	want(t, f.ask("POST", route, fits), 200)
	refused(t, f.ask("POST", route, fits+" "), 413, dokkerr.PayloadTooLarge, "")
}
