package httpapi

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

const (
	uuidPattern  = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
	shortPattern = "[0-9a-fA-F]{8}"
	exampleID    = "6f1d9b1e-3c4a-4b55-9a77-0a1b2c3d4e5f"
)

// fullID is a UUID in its one form of 36 characters.
type fullID string

// Schema implements huma.SchemaProvider.
func (fullID) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: "string", Format: "uuid", Pattern: "^" + uuidPattern + "$", PatternDescription: "a UUID", Examples: []any{exampleID},
	}
}

// shortableID is a UUID, or the first 8 hex digits of one that the service has seen (contract §1).
type shortableID string

// Schema implements huma.SchemaProvider.
func (shortableID) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: "string", Pattern: "^(" + uuidPattern + "|" + shortPattern + ")$", PatternDescription: "a UUID or its first 8 digits", Examples: []any{exampleID},
	}
}

// instant is how dokkerr.Time is written.
type instant string

// Schema implements huma.SchemaProvider.
func (instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "string", Format: "date-time", Examples: []any{"2026-11-22T18:00:00.000Z"}}
}

// jsonObject is one JSON object, whatever is in it.
type jsonObject struct{ json.RawMessage }

// Schema implements huma.SchemaProvider.
func (jsonObject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true}
}
