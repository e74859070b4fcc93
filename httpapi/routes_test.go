package httpapi

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestEveryRouteIsDocumented holds what is registered behind the key against the document: who reads it sees all doors.
func TestEveryRouteIsDocumented(t *testing.T) {
	mux := http.NewServeMux()
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
	var registered []string
	index := reflect.ValueOf(mux).Elem().FieldByName("index")
	lists := []reflect.Value{index.FieldByName("multis")}
	for segments := index.FieldByName("segments").MapRange(); segments.Next(); {
		lists = append(lists, segments.Value())
	}
	for _, list := range lists {
		for i := range list.Len() {
			registered = append(registered, list.Index(i).Elem().FieldByName("str").String())
		}
	}
	slices.Sort(registered)
	slices.Sort(documented)
	if registered = slices.Compact(registered); len(registered) == 0 || !slices.Equal(registered, documented) {
		t.Errorf("registered:\n%s\ndocumented:\n%s", strings.Join(registered, "\n"), strings.Join(documented, "\n"))
	}
}
