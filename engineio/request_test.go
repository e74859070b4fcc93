package engineio_test

import (
	"net/http"
	"testing"
)

func TestRequestKeepsWhatIsNotOfTheConnection(t *testing.T) {
	base, e, _ := serve(t, nil)
	req, err := http.NewRequest(http.MethodGet, base+"/?EIO=4&transport=polling&color=blue", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["X-Two"] = []string{"a: b", "c"}
	req.Header.Set("User-Agent", "")
	req.Header.Set("Connection", "keep-alive")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	r := (<-e.opened).Request()
	if got := r.Header()["X-Two"]; len(got) != 2 || got[0] != "a: b" || got[1] != "c" {
		t.Errorf("header is %q", r.Header())
	}
	if r.Header().Get("Connection") != "" {
		t.Error("the Connection field is kept")
	}
	if r.URL().Query().Get("color") != "blue" || r.Host != req.Host || r.RemoteAddr == "" || r.Secure {
		t.Errorf("got %+v", r)
	}
}
