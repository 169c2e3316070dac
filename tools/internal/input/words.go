package input

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/reliquary/reliquary/tools/internal/nearest"
)

// unknown reports a property that does not exist.
func (r *reader) unknown(at, name string, s *Schema) {
	message := "there is no argument " + show(name)
	if at != "" {
		message = at + " has no field " + show(name)
	}
	near := nearest.Names(name, s.names(), 1)
	switch {
	case len(near) > 0:
		message += "; did you mean " + show(near[0]) + "?"
	case len(s.Properties) == 0:
		message += "; none are taken"
	default:
		message += "; there are " + strings.Join(s.names(), ", ")
	}
	r.report(join(at, name), message, near...)
}

// missing says what a required argument should be.
func (r *reader) missing(at string, s *Schema) string {
	return named(at) + " is missing; " + r.like(at, s)
}

func (r *reader) wrongType(at string, value any, s *Schema) string {
	return named(at) + " is " + kindOf(value) + " and must be " + wanted(s) + "; " + r.like(at, s)
}

func (r *reader) outOfBounds(at, has, may string, s *Schema) string {
	return named(at) + " has " + has + " and must have " + may
}

// notOneOf reports a value that is not among those allowed.
func (r *reader) notOneOf(at, v string, s *Schema) {
	near := nearest.Names(v, s.Enum, 1)
	r.report(at, named(at)+" is "+show(v)+" and must be "+oneOf(s.Enum), near...)
}

// like shows an argument as it should be.
func (r *reader) like(at string, s *Schema) string {
	// An item of a list is shown within the list.
	name, _, inList := strings.Cut(at, "[")
	if inList {
		if p := r.root.property(name); p != nil {
			s = p
		}
	}
	return "write it like {" + strconv.Quote(name) + ": " + r.example(s) + "}"
}

// example is a value that fits the schema, as JSON.
func (r *reader) example(s *Schema) string { return s.example() }

func (s *Schema) example() string {
	switch {
	case len(s.Examples) > 0:
		return string(s.Examples[0])
	case s.Default != nil:
		text, err := json.Marshal(s.Default)
		if err == nil {
			return string(text)
		}
	case len(s.Enum) > 0:
		return strconv.Quote(s.Enum[0])
	}
	switch s.Type {
	case "integer":
		if s.Minimum != nil {
			return strconv.FormatInt(*s.Minimum, 10)
		}
		return "1"
	case "boolean":
		return "true"
	case "array":
		return "[" + s.Items.example() + "]"
	case "object":
		return "{}"
	}
	return `"..."`
}

// exampleCall shows all required arguments.
func (s *Schema) exampleCall() string {
	parts := make([]string, 0, len(s.Required))
	for _, p := range s.Properties {
		if s.requires(p.Name) {
			parts = append(parts, strconv.Quote(p.Name)+": "+p.Schema.example())
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// wanted names what a schema takes.
func wanted(s *Schema) string {
	switch s.Type {
	case "integer":
		if b := bounds(s); b != "" {
			return "a whole number " + b
		}
		return "a whole number"
	case "boolean":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	}
	if len(s.Enum) > 0 {
		return oneOf(s.Enum)
	}
	return "text"
}

// bounds are those of a number, in words.
func bounds(s *Schema) string {
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		return "from " + strconv.FormatInt(*s.Minimum, 10) + " to " + strconv.FormatInt(*s.Maximum, 10)
	case s.Minimum != nil:
		return "of at least " + strconv.FormatInt(*s.Minimum, 10)
	case s.Maximum != nil:
		return "of at most " + strconv.FormatInt(*s.Maximum, 10)
	}
	return ""
}

// oneOf lists allowed values: "a", "b" or "c".
func oneOf(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " or " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}

// kindOf says what a value is.
func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case string:
		return "the text " + show(v)
	case json.Number:
		return show(v)
	case []any:
		return "a list"
	}
	return "an object"
}

// show quotes a value, the beginning of a long one.
func show(value any) string {
	const most = 60
	switch v := value.(type) {
	case json.Number:
		return cut(v.String(), most)
	case string:
		return strconv.Quote(cut(v, most))
	}
	return ""
}

// cut shortens text to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}

// named is how messages refer to an argument.
func named(at string) string {
	if at == "" {
		return "the arguments"
	}
	return at
}
