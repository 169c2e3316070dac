// Package input reads the arguments of an operation: JSON that is checked
// against the operation's schema, with its defaults filled in. It says what is
// wrong in words that somebody can act on who sees the words only.
//
// It knows the part of JSON Schema that schemas of operations use, and refuses
// to load a schema that uses more. A test holds it to the verdicts of a full
// implementation.
package input

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// A Schema is the schema of one value.
type Schema struct {
	Type                 string
	Title, Description   string
	Properties           []Property // in the order of the file
	Required             []string
	AdditionalProperties *bool
	Items                *Schema
	Enum                 []string
	Minimum, Maximum     *int64
	MinLength, MaxLength *int
	MinItems, MaxItems   *int
	Pattern              *regexp.Regexp
	Default              any
	Examples             []json.RawMessage
}

// A Property is a named value in an object.
type Property struct {
	Name   string
	Schema *Schema
}

// Parse reads a schema. It fails where the schema uses what Read does not
// check.
func Parse(text []byte) (*Schema, error) {
	s := new(Schema)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, err
	}
	if s.Type != "object" {
		return nil, fmt.Errorf("the arguments are %q and must be an object", s.Type)
	}
	if s.open() {
		return nil, fmt.Errorf("the arguments must be closed: additionalProperties must be false")
	}
	return s, nil
}

// UnmarshalJSON reads a schema and refuses keywords that it does not know.
func (s *Schema) UnmarshalJSON(text []byte) error {
	var in struct {
		Type                 string            `json:"type"`
		Title                string            `json:"title"`
		Description          string            `json:"description"`
		Properties           properties        `json:"properties"`
		Required             []string          `json:"required"`
		AdditionalProperties *bool             `json:"additionalProperties"`
		Items                *Schema           `json:"items"`
		Enum                 []string          `json:"enum"`
		Minimum              *int64            `json:"minimum"`
		Maximum              *int64            `json:"maximum"`
		MinLength            *int              `json:"minLength"`
		MaxLength            *int              `json:"maxLength"`
		MinItems             *int              `json:"minItems"`
		MaxItems             *int              `json:"maxItems"`
		Pattern              string            `json:"pattern"`
		Default              any               `json:"default"`
		Examples             []json.RawMessage `json:"examples"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		return err
	}
	*s = Schema{
		Type: in.Type, Title: in.Title, Description: in.Description,
		Properties: in.Properties, Required: in.Required, AdditionalProperties: in.AdditionalProperties,
		Items: in.Items, Enum: in.Enum,
		Minimum: in.Minimum, Maximum: in.Maximum,
		MinLength: in.MinLength, MaxLength: in.MaxLength,
		MinItems: in.MinItems, MaxItems: in.MaxItems,
		Default: in.Default, Examples: in.Examples,
	}
	if in.Pattern != "" {
		var err error
		if s.Pattern, err = regexp.Compile(in.Pattern); err != nil {
			return err
		}
	}
	return s.check()
}

// open reports whether any object fits: what people keep in one of their own.
func (s *Schema) open() bool {
	return s.Type == "object" && s.AdditionalProperties == nil && len(s.Properties) == 0 && len(s.Required) == 0
}

// check refuses schemas that could not be held to.
func (s *Schema) check() error {
	switch s.Type {
	case "object":
		if !s.open() && (s.AdditionalProperties == nil || *s.AdditionalProperties) {
			return fmt.Errorf("objects must be closed: additionalProperties must be false")
		}
	case "array":
		if s.Items == nil {
			return fmt.Errorf("arrays must say what their items are")
		}
	case "string", "integer", "boolean":
	default:
		return fmt.Errorf("type %q is not supported", s.Type)
	}
	return nil
}

// properties keep the order of the file: it is the one that people read.
type properties []Property

func (p *properties) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil { // {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		s := new(Schema)
		if err := d.Decode(s); err != nil {
			return fmt.Errorf("%v: %w", name, err)
		}
		*p = append(*p, Property{name.(string), s})
	}
	return nil
}

// property returns the schema of a property, or nil.
func (s *Schema) property(name string) *Schema {
	for _, p := range s.Properties {
		if p.Name == name {
			return p.Schema
		}
	}
	return nil
}

func (s *Schema) requires(name string) bool { return slices.Contains(s.Required, name) }

// names are those of the properties.
func (s *Schema) names() []string {
	out := make([]string, len(s.Properties))
	for i, p := range s.Properties {
		out[i] = p.Name
	}
	return out
}
