package gateway

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

type node = map[string]any

// document is api/asyncapi.yaml.
type document struct {
	root node
}

// contract reads the document, once.
var contract = sync.OnceValue(func() *document {
	text, err := os.ReadFile("../api/asyncapi.yaml")
	if err != nil {
		panic(err)
	}
	var written any
	if err := yaml.Unmarshal(text, &written); err != nil {
		panic(err)
	}
	return &document{root: plain(written).(node)}
})

// plain returns a value as encoding/json would have read it: YAML has more kinds of numbers.
func plain(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

// resolve follows references.
func (d *document) resolve(v any) node {
	n := v.(node)
	ref, ok := n["$ref"].(string)
	if !ok {
		return n
	}
	at := d.root
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = at[part].(node)
	}
	return d.resolve(at)
}

// event is one of the document's, in one direction.
type event struct {
	name      string
	operation node
	payload   node     // its schema
	examples  []any    // of the payload
	ack       node     // the acknowledgement's schema; nil from the server
	errors    []string // the codes it may be answered with
}

// events returns those of an action, "receive" from the client or "send" from the server, by name.
func (d *document) events(action string) map[string]event {
	all := make(map[string]event)
	for _, v := range d.root["operations"].(node) {
		op := v.(node)
		message := d.resolve(op["messages"].([]any)[0])
		name, ok := message["name"].(string)
		if op["action"] != action || !ok {
			continue
		}
		e := event{name: name, operation: op, payload: d.resolve(message["payload"]), examples: examplesOf(message)}
		if reply, ok := op["reply"].(node); ok {
			e.ack = d.resolve(d.resolve(reply["messages"].([]any)[0])["payload"])
		}
		e.errors = d.errorsOf(op)
		all[name] = e
	}
	return all
}

func examplesOf(message node) (all []any) {
	written, _ := message["examples"].([]any)
	for _, example := range written {
		all = append(all, example.(node)["payload"])
	}
	return all
}

func (d *document) errorsOf(op node) (codes []string) {
	from := []any{op}
	if traits, ok := op["traits"].([]any); ok {
		from = append(from, traits...)
	}
	for _, v := range from {
		written, _ := d.resolve(v)["x-errors"].(node)
		for code := range written {
			codes = append(codes, code)
		}
	}
	return codes
}

// rules are the keywords of a schema that say what is right. A keyword that is neither a rule nor a word is a mistake.
var rules map[string]func(d *document, s node, rule, v any, path string) error

func init() {
	rules = map[string]func(d *document, s node, rule, v any, path string) error{
		"allOf": func(d *document, _ node, rule, v any, path string) error {
			for _, s := range rule.([]any) {
				if err := d.check(s, v, path); err != nil {
					return err
				}
			}
			return nil
		},
		"oneOf": func(d *document, _ node, rule, v any, path string) error {
			var errs []error
			for _, s := range rule.([]any) {
				if err := d.check(s, v, path); err != nil {
					errs = append(errs, err)
				}
			}
			return unless(len(errs) == len(rule.([]any))-1, path, "is not one of several: %v", errs)
		},
		"not": func(d *document, _ node, rule, v any, path string) error {
			return unless(d.check(rule, v, path) != nil, path, "must not be like this")
		},
		"enum": func(_ *document, _ node, rule, v any, path string) error {
			return unless(slices.Contains(rule.([]any), v), path, "is none of %v", rule)
		},
		"const": func(_ *document, _ node, rule, v any, path string) error {
			return unless(rule == v, path, "is not %v", rule)
		},
		"type": func(_ *document, _ node, rule, v any, path string) error {
			return unless(isOf(v, rule.(string)), path, "is no %s", rule)
		},
		"minimum":     ofNumber(func(n, bound float64) bool { return n >= bound }),
		"maximum":     ofNumber(func(n, bound float64) bool { return n <= bound }),
		"minLength":   ofText(func(s string, bound int) bool { return utf8.RuneCountInString(s) >= bound }),
		"maxLength":   ofText(func(s string, bound int) bool { return utf8.RuneCountInString(s) <= bound }),
		"x-max-bytes": ofText(func(s string, bound int) bool { return len(s) <= bound }),
		"pattern": func(_ *document, _ node, rule, v any, path string) error {
			pattern := regexp.MustCompile(`\\u([0-9a-f]{4})`).ReplaceAllString(rule.(string), `\x{$1}`)
			s, ok := v.(string)
			return unless(!ok || regexp.MustCompile(pattern).MatchString(s), path, "is not like %s", rule)
		},
		"maxItems": func(_ *document, _ node, rule, v any, path string) error {
			return unless(float64(len(v.([]any))) <= rule.(float64), path, "has too many items")
		},
		"items": func(d *document, _ node, rule, v any, path string) error {
			for i, item := range v.([]any) {
				if err := d.check(rule, item, fmt.Sprint(path, ".", i)); err != nil {
					return err
				}
			}
			return nil
		},
		"required": func(_ *document, _ node, rule, v any, path string) error {
			object, _ := v.(node)
			for _, name := range rule.([]any) {
				if _, there := object[name.(string)]; !there {
					return unless(false, path, "lacks %s", name)
				}
			}
			return nil
		},
		"properties": checkProperties,
		"propertyNames": func(d *document, _ node, rule, v any, path string) error {
			for name := range v.(node) {
				if err := d.check(rule, name, path+"."+name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// words are the keywords that only describe.
var words = []string{"description", "default", "format", "x-unit", "x-opaque", "additionalProperties"}

// check holds a value against a schema. An object has no keys but those that its schema names, unless it says otherwise.
func (d *document) check(schema, v any, path string) error {
	s := d.resolve(schema)
	if kind, ok := s["type"]; ok {
		if err := rules["type"](d, s, kind, v, path); err != nil {
			return err
		}
	}
	for keyword, value := range s {
		rule, ok := rules[keyword]
		if !ok && !slices.Contains(words, keyword) {
			panic("the document has a keyword that is not understood: " + keyword)
		}
		if ok {
			if err := rule(d, s, value, v, path); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkProperties(d *document, s node, rule, v any, path string) error {
	properties := rule.(node)
	for name, value := range v.(node) {
		schema, known := properties[name]
		_, names := s["propertyNames"]
		if open := names || s["additionalProperties"] == true; !known && !open {
			return unless(false, path+"."+name, "is not in the document")
		}
		if known {
			if err := d.check(schema, value, path+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

func unless(right bool, path, format string, args ...any) error {
	if right {
		return nil
	}
	return fmt.Errorf("%s "+format, append([]any{path}, args...)...)
}

func isOf(v any, kind string) bool {
	switch v := v.(type) {
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "integer" && v == float64(int64(v))
	case []any:
		return kind == "array"
	case node:
		return kind == "object"
	}
	return false
}

func ofNumber(within func(n, bound float64) bool) func(*document, node, any, any, string) error {
	return func(_ *document, _ node, rule, v any, path string) error {
		n, ok := v.(float64)
		return unless(!ok || within(n, rule.(float64)), path, "is out of bounds")
	}
}

func ofText(within func(s string, bound int) bool) func(*document, node, any, any, string) error {
	return func(_ *document, _ node, rule, v any, path string) error {
		s, ok := v.(string)
		return unless(!ok || within(s, int(rule.(float64))), path, "is too short or too long")
	}
}

// TestDocumentsExamples holds every example against its schema.
func TestDocumentsExamples(t *testing.T) {
	d := contract()
	for key, v := range d.root["components"].(node)["messages"].(node) {
		message := v.(node)
		examples := examplesOf(message)
		if len(examples) == 0 {
			t.Errorf("%s has no example", key)
		}
		for _, example := range examples {
			if err := d.check(message["payload"], example, key); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestDocumentsChecksCanFail changes an example in each way that a rule is about.
func TestDocumentsChecksCanFail(t *testing.T) {
	d := contract()
	message := d.events("send")["message.new"]
	for name, wrong := range map[string]any{
		"messageId": "7c9e6679", "senderId": nil, "content": 7.0, "timestamp": "2026-11-22T18:00:00Z", "type": "image", "seq": 0.0,
		"recipientId": []any{}, "conversationId": true, "extra": "unknown",
	} {
		example := plain(message.examples[0]).(node)
		example[name] = wrong
		if d.check(message.payload, example, "") == nil {
			t.Errorf("%s may be %v", name, wrong)
		}
		delete(example, name)
		if name != "extra" && d.check(message.payload, example, "") == nil {
			t.Errorf("%s may be missing", name)
		}
	}
	ack := d.events("receive")["message.typing"].ack
	for text, right := range map[string]bool{`{}`: true, `{"error":{"code":"NOT_FOUND","message":"m"}}`: true,
		`{"error":{"code":"NO","message":"m"}}`: false, `{"error":{}}`: false, `[]`: false, `{"more":1}`: false} {
		if err := d.check(ack, plain(json.RawMessage(text)), ""); (err == nil) != right {
			t.Errorf("%s: %v", text, err)
		}
	}
}
