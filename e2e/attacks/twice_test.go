package attacks

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

func twoGets(s *server) error {
	o, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	first, err := s.dial()
	if err != nil {
		return err
	}
	defer first.Close()
	get := request{query: o.(*polling).query()}
	if err := first.write(get.text(s.address)); err != nil {
		return err
	}
	got, err := s.tryUntil(get, func(o outcome) bool { return o.status == http.StatusBadRequest })
	if err != nil {
		return err
	}
	if got.body != "" && !strings.Contains(got.body, "Session ID unknown") {
		return fmt.Errorf("the second was answered %s", got.body)
	}
	if got, err := first.answer(); err != nil || got.status != 400 && got.body != "1" {
		return fmt.Errorf("the first was answered %d %s, %v", got.status, got.body, err)
	}
	return ended(o)
}

// tryUntil sends a request again and again, as nobody can tell when another one has arrived before it.
func (s *server) tryUntil(q request, done func(outcome) bool) (got outcome, err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if got, err = s.try(q); err != nil || done(got) {
			return got, err
		}
	}
	return got, fmt.Errorf("answered %d %s", got.status, got.body)
}

func twoPosts(s *server) error {
	o, _, err := s.joined("polling")
	if err != nil {
		return err
	}
	first, err := s.dial()
	if err != nil {
		return err
	}
	defer first.Close()
	half := request{method: "POST", query: o.(*polling).query(), body: "4", headers: []header{{"Content-Length", "100"}}}
	if err := first.write(half.text(s.address)); err != nil {
		return err
	}
	// An empty session packet is harmless: it may arrive before the first POST.
	if _, err := s.tryUntil(request{method: "POST", query: half.query, body: "3"}, func(o outcome) bool { return o.status == http.StatusBadRequest }); err != nil {
		return err
	}
	return ended(o)
}
