package mcpserver

import "encoding/json"

// slim makes an output schema shorter, for every client carries those of all
// tools: it keeps the names and types of what stands at the top, and leaves out
// what says that something must or must not be there, what it means in words, and
// what objects further down are made of. What fits the schema in package schemas
// fits this one too; `reliquary schema` shows that.
func slim(schema json.RawMessage) json.RawMessage {
	var s map[string]any
	if json.Unmarshal(schema, &s) != nil {
		return schema
	}
	properties := map[string]any{}
	if all, ok := s["properties"].(map[string]any); ok {
		for name, p := range all {
			if p, ok := p.(map[string]any); ok {
				properties[name] = slimmed(p)
			}
		}
	}
	text, err := json.Marshal(map[string]any{"type": "object", "properties": properties}) // keys in order, so always the same
	if err != nil {
		return schema
	}
	return text
}

func slimmed(s map[string]any) map[string]any {
	out := map[string]any{"type": s["type"]}
	if items, ok := s["items"].(map[string]any); ok {
		out["items"] = map[string]any{"type": items["type"]}
		if inner, ok := items["items"].(map[string]any); ok {
			out["items"] = map[string]any{"type": items["type"], "items": map[string]any{"type": inner["type"]}}
		}
	}
	return out
}
