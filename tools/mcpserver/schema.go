package mcpserver

import "encoding/json"

// slim makes an output schema shorter, for every client carries those of all
// tools: it keeps the names and types of everything, and leaves out what says
// that something must or must not be there, and in words what it means. What
// fits the schema in package schemas fits this one too; `reliquary schema` shows
// that.
func slim(schema json.RawMessage) json.RawMessage {
	var s map[string]any
	if json.Unmarshal(schema, &s) != nil {
		return schema
	}
	text, err := json.Marshal(slimmed(s)) // keys in order, so always the same
	if err != nil {
		return schema
	}
	return text
}

func slimmed(s map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range s {
		switch key {
		case "description", "format", "required", "additionalProperties", "enum":
			continue
		case "properties":
			properties := map[string]any{}
			for name, p := range value.(map[string]any) {
				properties[name] = slimmedValue(p)
			}
			value = properties
		case "items":
			value = slimmedValue(value)
		}
		out[key] = value
	}
	return out
}

func slimmedValue(v any) any {
	if s, ok := v.(map[string]any); ok {
		return slimmed(s)
	}
	return v
}
