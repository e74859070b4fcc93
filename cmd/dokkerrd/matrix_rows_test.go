package main

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"
)

// The authorization matrix (S-02): every event and route, by every role, on what is one's own, somebody else's, and not there. A row
// says what each of the three is answered: "" and 2xx are allowed. What has no row fails the test.

// relation is whose a thing is.
type relation string

const (
	mine    relation = "own"
	foreign relation = "foreign"
	absent  relation = "absent"
)

var relations = []relation{mine, foreign, absent}

// thing is what an event or route may be about, as seen by one person.
type thing struct {
	Person, Other                 string // a party, and the other one
	Conversation, Message         string
	Booking, Listing, Payment     string
	Notification, OthersNotice    string // of Person, and of Other
	Position, Token               string // of Person
	Boater, Owner, Status, Amount string // as the booking and the payment have them
}

type object = map[string]any

// eventRow says what a connected person gets. The role changes nothing: rights come from being a party.
type eventRow struct {
	event, by string // by what the thing is named
	payload   func(x thing) object
	answer    map[relation]string // code; "" is allowed, and what is missing here is refused with NOT_FOUND
}

var (
	everywhere   = map[relation]string{mine: "", foreign: "", absent: ""}
	onlyOwn      = map[relation]string{mine: ""}
	onlyOwnValid = map[relation]string{mine: "", foreign: "VALIDATION_ERROR", absent: "VALIDATION_ERROR"}
	neverValid   = map[relation]string{mine: "VALIDATION_ERROR", foreign: "VALIDATION_ERROR", absent: "VALIDATION_ERROR"}
	forbidden    = map[relation]string{mine: "FORBIDDEN", foreign: "FORBIDDEN", absent: "FORBIDDEN"}
	unknown      = map[relation]string{mine: "NOT_FOUND"}
)

var eventRows = []eventRow{
	// Any UUID is a valid recipient; a short one must be somebody's.
	{"message.new", "recipientId", func(x thing) object { return message(x.Other) }, everywhere},
	{"message.new", "short recipientId", func(x thing) object { return message(x.Other[:8]) }, map[relation]string{mine: "", foreign: ""}},
	{"message.new", "senderId", func(x thing) object { return with(message(x.Other), "senderId", x.Person) }, neverValid},
	{"message.read", "messageId", func(x thing) object { return object{"messageId": x.Message} }, onlyOwn},
	{"message.typing", "conversationId", func(x thing) object { return object{"conversationId": x.Conversation} }, onlyOwn},
	{"message.typing", "recipientId", func(x thing) object { return object{"recipientId": x.Other} }, onlyOwn},
	{"message.history", "conversationId", func(x thing) object { return object{"conversationId": x.Conversation} }, onlyOwn},
	{"message.history", "bounds", func(x thing) object { return object{"conversationId": x.Conversation, "after": 0, "limit": 1} }, onlyOwn},
	{"conversation.list", "cursor", func(x thing) object { return object{"cursor": x.Message} }, onlyOwnValid},
	{"conversation.list", "userId", func(x thing) object { return object{"userId": x.Person} }, neverValid},
	{"booking.list", "bookingId", func(x thing) object { return object{"bookingId": x.Booking} }, everywhere}, // which means nothing
	{"booking.list", "userId", func(x thing) object { return object{"userId": x.Person} }, neverValid},
	{"notification.list", "cursor", func(x thing) object { return object{"cursor": x.Notification} }, onlyOwnValid},
	{"notification.list", "the other party's cursor", func(x thing) object { return object{"cursor": x.OthersNotice} }, neverValid},
	{"notification.list", "userId", func(x thing) object { return object{"userId": x.Person} }, neverValid},
	{"notification.read", "notificationId", func(x thing) object { return object{"notificationId": x.Notification} }, onlyOwn},
	{"notification.read", "the other party's", func(x thing) object { return object{"notificationId": x.OthersNotice} }, unknown},
	{"sync", "since", func(x thing) object { return object{"since": x.Position} }, onlyOwnValid},
	{"auth.refresh", "token", func(x thing) object { return object{"token": x.Token} },
		map[relation]string{mine: "", foreign: "FORBIDDEN", absent: "AUTH_ERROR"}},
	// Anybody may be blocked but oneself; each row is taken back by one behind it.
	{"user.block", "userId", func(x thing) object { return object{"userId": x.Other} }, everywhere},
	{"user.unblock", "userId", func(x thing) object { return object{"userId": x.Other} }, everywhere},
	{"user.block", "short userId", func(x thing) object { return object{"userId": x.Other[:8]} }, map[relation]string{mine: "", foreign: ""}},
	{"user.unblock", "short userId", func(x thing) object { return object{"userId": x.Other[:8]} }, map[relation]string{mine: "", foreign: ""}},
	{"user.block", "a party's userId", func(x thing) object { return object{"userId": x.Person} }, map[relation]string{mine: "VALIDATION_ERROR", foreign: "", absent: ""}},
	{"user.unblock", "a party's userId", func(x thing) object { return object{"userId": x.Person} }, map[relation]string{mine: "VALIDATION_ERROR", foreign: "", absent: ""}},
	{"user.block", "senderId", func(x thing) object { return object{"userId": x.Other, "senderId": x.Person} }, neverValid},
	{"user.unblock", "senderId", func(x thing) object { return object{"userId": x.Other, "senderId": x.Person} }, neverValid},
}

// What only the server tells, and what nobody does.
func init() {
	for answer, events := range map[*map[relation]string][]string{
		&forbidden: {
			"booking.created", "booking.updated", "booking.cancelled", "booking.delete", "payment.processing", "payment.completed", "payment.failed",
		},
		&unknown: {"notification.new", "presence.update", "auth.expiring", "sync.gap", "error", "admin.list", "Message.new", ""},
	} {
		for _, event := range events {
			eventRows = append(eventRows, eventRow{event, "every id", everyID, *answer})
		}
	}
}

func everyID(x thing) object {
	return object{"bookingId": x.Booking, "paymentId": x.Payment, "conversationId": x.Conversation, "notificationId": x.Notification, "status": "cancelled"}
}

func message(to string) object { return object{"recipientId": to, "content": "a cell", "type": "text"} }

func with(o object, key string, value any) object {
	o[key] = value
	return o
}

// nowhere makes up a thing that is not there.
func nowhere() thing {
	id := func() string { return uuid.NewString() }
	return thing{
		Person: id(), Other: id(), Conversation: id(), Message: id(), Booking: id(), Listing: id(), Payment: id(), Notification: id(),
		OthersNotice: id(), Position: "00000000.1", Token: "no.such.token", Boater: id(), Owner: id(), Status: "pending", Amount: "1",
	}
}

// Whom a route answers.
const (
	byAnyone    = "anyone"
	byKey       = "service key"
	bySignature = "signature"
)

// routeRow says what a route answers who has the credential that it wants; everybody else gets 401, and the same 401 for all
// things. A status that is missing here is 200.
type routeRow struct {
	route   string // as it is registered or documented
	by      string
	request func(x thing) (method, path, body string)
	status  map[relation]int
}

var notAbsent = map[relation]int{absent: http.StatusNotFound}

var routeRows = []routeRow{
	{"PUT /v1/bookings/{id}", byKey, func(x thing) (string, string, string) {
		return "PUT", "/v1/bookings/" + x.Booking,
			fmt.Sprintf(`{"listingId":%q,"boaterId":%q,"ownerId":%q,"status":%q}`, x.Listing, x.Boater, x.Owner, x.Status)
	}, nil},
	{"PUT /v1/payments/{id}", byKey, func(x thing) (string, string, string) {
		return "PUT", "/v1/payments/" + x.Payment, fmt.Sprintf(`{"bookingId":%q,"amount":%s,"currency":"eur","status":"pending"}`, x.Booking, x.Amount)
	}, notAbsent},
	{"POST /v1/notifications", byKey, func(x thing) (string, string, string) {
		return "POST", "/v1/notifications", fmt.Sprintf(`{"userId":%q,"type":"t","title":"a cell","body":""}`, x.Person[:8])
	}, notAbsent},
	{"POST /v1/events", byKey, func(x thing) (string, string, string) {
		return "POST", "/v1/events", fmt.Sprintf(`{"event":"dock.weather","data":{"wind":7},"bookingId":%q,"durable":false}`, x.Booking)
	}, notAbsent},
	{"GET /v1/users/{id}/presence", byKey, func(x thing) (string, string, string) {
		return "GET", "/v1/users/" + x.Person[:8] + "/presence", ""
	}, notAbsent},
	{"POST /v1/users/{id}/disconnect", byKey, func(x thing) (string, string, string) {
		return "POST", "/v1/users/" + x.Person[:8] + "/disconnect", `{"sessionId":"nobody's"}`
	}, notAbsent},
	{"GET /v1/users/{id}/export", byKey, func(x thing) (string, string, string) {
		return "GET", "/v1/users/" + x.Person[:8] + "/export", ""
	}, notAbsent},
	{"GET /v1/metrics", byKey, func(thing) (string, string, string) { return "GET", "/v1/metrics", "" }, nil},
	{"/v1/", byKey, func(x thing) (string, string, string) { return "GET", "/v1/bookings/" + x.Booking + "/nothing", "" },
		map[relation]int{mine: 404, foreign: 404, absent: 404}},
	{"/webhooks/stripe", bySignature, func(x thing) (string, string, string) {
		return "POST", "/webhooks/stripe", fmt.Sprintf(`{"id":"evt_%s","type":"payment_intent.created","created":1795348800,"data":{"object":{"id":"pi_%[1]s","amount":1,"currency":"eur","metadata":{"bookingId":%q}}}}`, x.Payment, x.Booking)
	}, nil},
	{"GET /healthz", byAnyone, get("/healthz"), nil},
	{"GET /readyz", byAnyone, get("/readyz"), nil},
	{"GET /openapi.json", byAnyone, get("/openapi.json"), nil},
	{"GET /socket.io/{file}", byAnyone, get("/socket.io/nothing.js"), map[relation]int{mine: 404, foreign: 404, absent: 404}},
	{"/socket.io/", byAnyone, get("/socket.io/?EIO=4&transport=polling"), nil}, // who it is is asked in CONNECT
	{"/", byAnyone, func(x thing) (string, string, string) { return "GET", "/bookings/" + x.Booking, "" },
		map[relation]int{mine: 404, foreign: 404, absent: 404}},
	{"private GET /metrics", byAnyone, get("/metrics"), nil},
	// Last, as little is left then. Who is not there is erased, too.
	{"DELETE /v1/users/{id}", byKey, func(x thing) (string, string, string) { return "DELETE", "/v1/users/" + x.Person, "" }, nil},
}

func get(path string) func(thing) (string, string, string) {
	return func(thing) (string, string, string) { return "GET", path, "" }
}
