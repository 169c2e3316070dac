package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// MaxBytes bounds the arguments of one call. They are names and a few words.
const MaxBytes = 1 << 20

// A Problem is one thing that is wrong with the arguments.
type Problem struct {
	// Argument is where: "limit", "tags[2]", or "" for the arguments as a whole.
	Argument string
	// Message says what is wrong and what would be right.
	Message string
	// Candidates are what was probably meant, the likeliest first.
	Candidates []string
}

// Read checks raw against the schema and returns it as JSON with defaults
// filled in. No arguments at all, and null, mean an empty object. An optional
// argument that is null counts as left out: models write that often, and
// nothing else could be meant.
func (s *Schema) Read(raw json.RawMessage) (json.RawMessage, []Problem) {
	if len(raw) > MaxBytes {
		return nil, []Problem{{Message: "the arguments have " + strconv.Itoa(len(raw)) + " bytes and may have " + strconv.Itoa(MaxBytes)}}
	}
	value, err := decode(raw)
	if err != nil {
		return nil, []Problem{{Message: "the arguments are not JSON: " + err.Error()}}
	}
	if value == nil {
		value = map[string]any{}
	}
	if _, ok := value.(map[string]any); !ok {
		return nil, []Problem{{Message: "the arguments are " + kindOf(value) + " and must be an object, as in " + s.exampleCall()}}
	}
	r := reader{root: s}
	value = r.read("", value, s)
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	out, err := json.Marshal(value)
	if err != nil {
		return nil, []Problem{{Message: "the arguments cannot be read: " + err.Error()}}
	}
	return out, nil
}

// decode reads one JSON value, and nothing behind it.
func decode(raw json.RawMessage) (any, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, nil
	}
	if !utf8.Valid(raw) {
		return nil, errors.New("they are not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("they end too early")
		}
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows behind the first value")
	}
	return value, nil
}

// A reader walks the arguments of one call.
type reader struct {
	root     *Schema
	problems []Problem
}

func (r *reader) report(at, message string, candidates ...string) {
	r.problems = append(r.problems, Problem{at, message, candidates})
}

// read checks one value and returns it in the form that Go's decoder takes.
func (r *reader) read(at string, value any, s *Schema) any {
	switch s.Type {
	case "object":
		if v, ok := value.(map[string]any); ok && s.open() {
			return v
		} else if ok {
			return r.object(at, v, s)
		}
	case "array":
		if v, ok := value.([]any); ok {
			return r.array(at, v, s)
		}
	case "string":
		if v, ok := value.(string); ok {
			r.text(at, v, s)
			return v
		}
	case "integer":
		if v, ok := value.(json.Number); ok {
			return r.integer(at, v, s)
		}
	case "boolean":
		if v, ok := value.(bool); ok {
			return v
		}
	}
	r.report(at, r.wrongType(at, value, s))
	return nil
}

func (r *reader) object(at string, value map[string]any, s *Schema) any {
	out := make(map[string]any, len(value))
	for _, name := range slices.Sorted(maps.Keys(value)) {
		p := s.property(name)
		if p == nil {
			r.unknown(at, name, s)
			continue
		}
		if value[name] == nil && !s.requires(name) {
			continue
		}
		out[name] = r.read(join(at, name), value[name], p)
	}
	for _, p := range s.Properties {
		_, given := out[p.Name]
		switch {
		case given:
		case s.requires(p.Name):
			r.report(join(at, p.Name), r.missing(join(at, p.Name), p.Schema))
		case p.Schema.Default != nil:
			out[p.Name] = p.Schema.Default
		}
	}
	return out
}

func (r *reader) array(at string, value []any, s *Schema) any {
	switch n := len(value); {
	case s.MinItems != nil && n < *s.MinItems:
		r.report(at, r.outOfBounds(at, strconv.Itoa(n)+" items", "at least "+strconv.Itoa(*s.MinItems), s))
	case s.MaxItems != nil && n > *s.MaxItems:
		r.report(at, r.outOfBounds(at, strconv.Itoa(n)+" items", "at most "+strconv.Itoa(*s.MaxItems), s))
		return nil
	}
	out := make([]any, len(value))
	for i, v := range value {
		out[i] = r.read(at+"["+strconv.Itoa(i)+"]", v, s.Items)
	}
	return out
}

func (r *reader) text(at, v string, s *Schema) {
	n := utf8.RuneCountInString(v)
	switch {
	case s.Enum != nil && !slices.Contains(s.Enum, v):
		r.notOneOf(at, v, s)
	case s.MinLength != nil && n < *s.MinLength:
		if n == 0 {
			r.report(at, named(at)+" is empty; "+r.like(at, s))
			return
		}
		r.report(at, r.outOfBounds(at, strconv.Itoa(n)+" characters", "at least "+strconv.Itoa(*s.MinLength), s))
	case s.MaxLength != nil && n > *s.MaxLength:
		r.report(at, r.outOfBounds(at, strconv.Itoa(n)+" characters", "at most "+strconv.Itoa(*s.MaxLength), s))
	case s.Pattern != nil && !s.Pattern.MatchString(v):
		r.report(at, named(at)+" is "+show(v)+" and must look like "+r.example(s)+" (the pattern is "+s.Pattern.String()+")")
	}
}

func (r *reader) integer(at string, v json.Number, s *Schema) any {
	n, ok := whole(v)
	switch {
	case !ok:
		r.report(at, r.wrongType(at, v, s))
	case s.Minimum != nil && n < *s.Minimum, s.Maximum != nil && n > *s.Maximum:
		r.report(at, named(at)+" is "+show(v)+" and must be "+bounds(s)+"; "+r.like(at, s))
	}
	return n
}

// whole reads an integer. As in JSON Schema, 20.0 and 2e1 are integers.
func whole(v json.Number) (int64, bool) {
	if n, err := v.Int64(); err == nil {
		return n, true
	}
	f, err := v.Float64()
	const exact = 1 << 53 // beyond it, floats skip integers
	if err != nil || f != math.Trunc(f) || math.Abs(f) > exact {
		return 0, false
	}
	return int64(f), true
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}
