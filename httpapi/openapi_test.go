package httpapi_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

type object = map[string]any

func document(t *testing.T, f *fixture) object {
	t.Helper()
	w := f.ask("GET", "/openapi.json", "", "Authorization", "")
	var doc object
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

type operation struct {
	method, path string
	closed       bool
}

func operations(doc object) (all []operation) {
	for path, item := range doc["paths"].(object) {
		for method, op := range item.(object) {
			security, own := op.(object)["security"].([]any)
			all = append(all, operation{strings.ToUpper(method), path, !own || len(security) > 0})
		}
	}
	return all
}

// example fills a path's parameters.
func example(path string) string { return strings.ReplaceAll(path, "{id}", booking) }

// The routes of contract §5 that have no issue of their own, and those that anyone may ask.
var contract = []string{
	"PUT /v1/bookings/{id}", "PUT /v1/payments/{id}", "POST /v1/notifications", "POST /v1/events",
	"GET /v1/users/{id}/presence", "POST /v1/users/{id}/disconnect", "GET /v1/users/{id}/export", "DELETE /v1/users/{id}", "GET /v1/metrics",
	"GET /healthz", "GET /readyz", "GET /openapi.json",
}

func TestDocumentHasEveryRoute(t *testing.T) {
	f := newFixture(t)
	var documented []string
	for _, op := range operations(document(t, f)) {
		documented = append(documented, op.method+" "+op.path)
		if w := f.ask(op.method, example(op.path), ""); w.Code == 404 || w.Code == 405 {
			t.Errorf("%s %s is documented and answers %d", op.method, op.path, w.Code)
		}
		if open := !strings.HasPrefix(op.path, "/v1/"); open == op.closed {
			t.Errorf("%s is documented as closed: %v", op.path, op.closed)
		}
	}
	slices.Sort(documented)
	routes := slices.Sorted(slices.Values(contract))
	if !slices.Equal(documented, routes) {
		t.Errorf("documented:\n%s\ncontract:\n%s", strings.Join(documented, "\n"), strings.Join(routes, "\n"))
	}
}

func TestDocumentDescribesEveryOperation(t *testing.T) {
	doc := document(t, newFixture(t))
	if doc["openapi"] != "3.1.0" || doc["info"].(object)["version"] != "1.2.3" {
		t.Errorf("openapi %v, info %v", doc["openapi"], doc["info"])
	}
	ids := map[string]bool{}
	for path, item := range doc["paths"].(object) {
		for method, v := range item.(object) {
			op := v.(object)
			id, _ := op["operationId"].(string)
			if id == "" || ids[id] || op["summary"] == "" {
				t.Errorf("%s %s: operationId %q, summary %q", method, path, id, op["summary"])
			}
			ids[id] = true
			if strings.HasPrefix(path, "/v1/") {
				checkResponses(t, doc, method+" "+path, op["responses"].(object))
				checkParameters(t, method, path, op)
			}
		}
	}
}

// Every error has the contract's form and a status of its table.
func checkResponses(t *testing.T, doc object, name string, responses object) {
	t.Helper()
	for status, v := range responses {
		content := v.(object)["content"].(object)["application/json"].(object)
		ref, _ := content["schema"].(object)["$ref"].(string)
		if ref == "" {
			t.Errorf("%s, status %s: no schema of its own", name, status)
			continue
		}
		if isError := status != "200"; isError != strings.HasSuffix(ref, "/ErrorAnswer") {
			t.Errorf("%s, status %s: %s", name, status, ref)
		}
		resolve(t, doc, ref)
	}
	for _, status := range []string{"200", "400", "401", "500"} {
		if responses[status] == nil {
			t.Errorf("%s: status %s is not documented", name, status)
		}
	}
	if responses["422"] != nil || responses["default"] != nil {
		t.Errorf("%s: documents a status that is never sent", name)
	}
}

func checkParameters(t *testing.T, method, path string, op object) {
	t.Helper()
	var in []string
	params, _ := op["parameters"].([]any)
	for _, p := range params {
		in = append(in, p.(object)["in"].(string)+":"+p.(object)["name"].(string))
	}
	if strings.Contains(path, "{id}") && !slices.Contains(in, "path:id") {
		t.Errorf("%s %s: id is not documented", method, path)
	}
	write := method != "get"
	if write != slices.Contains(in, "header:Idempotency-Key") {
		t.Errorf("%s %s: parameters %v", method, path, in)
	}
}

func resolve(t *testing.T, doc object, ref string) {
	t.Helper()
	var at any = doc
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(object)[part]
		if at == nil {
			t.Fatalf("%s leads nowhere", ref)
		}
	}
}

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	f := newFixture(t)
	doc := document(t, f)
	text := f.ask("GET", "/openapi.json", "").Body.String()
	refs := regexp.MustCompile(`"\$ref":"([^"]+)"`).FindAllStringSubmatch(text, -1)
	if len(refs) == 0 {
		t.Fatal("no references")
	}
	for _, ref := range refs {
		resolve(t, doc, ref[1])
	}
}

// The fields of contract §5 are there, and no others: what is mistaken for authority is refused.
func TestDocumentHasTheContractsFields(t *testing.T) {
	doc := document(t, newFixture(t))
	for name, fields := range map[string][2]string{
		"BookingBody":      {"boaterId,listingId,ownerId,reason,status,version", "boaterId,listingId,ownerId,status"},
		"PaymentBody":      {"amount,bookingId,currency,error,status,version", "amount,bookingId,currency,status"},
		"NotificationBody": {"body,data,title,type,userId", "body,title,type,userId"},
		"EventBody":        {"bookingId,data,durable,event,userId", "data,event"},
		"DisconnectBody":   {"jti,sessionId", ""},
		"Booking":          {"boaterId,bookingId,listingId,ownerId,payments,status,timestamp,version", "boaterId,bookingId,listingId,ownerId,payments,status,timestamp,version"},
		"Payment":          {"amount,bookingId,currency,paymentId,status,timestamp,version", "amount,bookingId,currency,paymentId,status,timestamp,version"},
		"Presence":         {"lastSeen,online,userId", "online,userId"},
		"Counts":           {"connections,events,rooms", "connections,events,rooms"},
		"ErrorAnswer":      {"error", "error"},
		"ErrorDetail":      {"code,message,path,retryAfter", "code,message"},
	} {
		schema, ok := doc["components"].(object)["schemas"].(object)[name].(object)
		if !ok {
			t.Errorf("no schema %s", name)
			continue
		}
		var properties, required []string
		for property := range schema["properties"].(object) {
			properties = append(properties, property)
		}
		names, _ := schema["required"].([]any)
		for _, name := range names {
			required = append(required, name.(string))
		}
		slices.Sort(properties)
		slices.Sort(required)
		if got := strings.Join(properties, ","); got != fields[0] {
			t.Errorf("%s has %s, want %s", name, got, fields[0])
		}
		if got := strings.Join(required, ","); got != fields[1] {
			t.Errorf("%s requires %s, want %s", name, got, fields[1])
		}
		if schema["additionalProperties"] != false {
			t.Errorf("%s takes unknown fields", name)
		}
	}
}
