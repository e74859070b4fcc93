package httpapi

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// recording is a mux that remembers what was registered, as http.ServeMux does not tell.
type recording struct {
	*http.ServeMux
	patterns []string
}

func (m *recording) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.HandleFunc(pattern, handler)
}

// TestEveryRouteIsDocumented holds what is registered behind the key against the document: who reads it sees all doors.
func TestEveryRouteIsDocumented(t *testing.T) {
	mux := &recording{ServeMux: http.NewServeMux()}
	document := new(api).register(mux, "1")
	var documented []string
	for path, item := range document.Paths {
		operations := reflect.ValueOf(item).Elem()
		for _, method := range []string{"Get", "Put", "Post", "Delete", "Options", "Head", "Patch", "Trace"} {
			if !operations.FieldByName(method).IsNil() && strings.HasPrefix(path, "/v1/") {
				documented = append(documented, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(mux.patterns)
	slices.Sort(documented)
	if len(documented) == 0 || !slices.Equal(mux.patterns, documented) {
		t.Errorf("registered:\n%s\ndocumented:\n%s", strings.Join(mux.patterns, "\n"), strings.Join(documented, "\n"))
	}
}
