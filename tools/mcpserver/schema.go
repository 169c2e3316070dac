package mcpserver

import "encoding/json"

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

// slimmed is what is kept of a property.
type slimmed struct {
	Items *slimmed `json:"items,omitempty"`
	Type  any      `json:"type"`
}
