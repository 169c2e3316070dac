package mcpserver

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/reliquary/reliquary/tools"
)

// slim makes an output schema shorter, for every client carries those of all
// tools: it keeps the names and types of what stands at the top, and leaves out
// what says that something must or must not be there, what it means in words, and
// what objects further down are made of. What fits the schema in package schemas
// fits this one too; `reliquary schema` shows that.
func slim(schema json.RawMessage) json.RawMessage {
	// Structs, so that nothing is read but what is kept: this is done for every
	// tool when the program starts.
	var s struct {
		Properties map[string]slimmed `json:"properties"`
		Type       string             `json:"type"`
	}
	if json.Unmarshal(schema, &s) != nil {
		return schema
	}
	if s.Type = "object"; s.Properties == nil {
		s.Properties = map[string]slimmed{}
	}
	for _, p := range s.Properties {
		if p.Items != nil && p.Items.Items != nil {
			p.Items.Items.Items = nil
		}
	}
	text, err := json.Marshal(s) // keys in order, so always the same
	if err != nil {
		return schema
	}
	return text
}

// obvious are bounds that nobody meets by chance. They are kept all the same, and
// the error says them.
var obvious = regexp.MustCompile(`,"(minimum":1|maxLength":\d+)\b`)

// slimInput makes an input schema shorter: it leaves out obvious bounds, and the
// names that fields can have, which stand in answers, and in the error for one
// that is not there. `reliquary schema` shows them.
func slimInput(op tools.Operation) json.RawMessage {
	var whole bytes.Buffer
	_, fields := op.Items()
	names, err := json.Marshal(fields)
	if err != nil || json.Compact(&whole, op.InputSchema()) != nil {
		return op.InputSchema()
	}
	text := bytes.Replace(whole.Bytes(), slices.Concat([]byte(`,"enum":`), names), nil, 1)
	return obvious.ReplaceAll(text, nil)
}

// slimmed is what is kept of a property.
type slimmed struct {
	Items *slimmed `json:"items,omitempty"`
	Type  any      `json:"type"`
}
