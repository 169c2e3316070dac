package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// typeScript writes an interface for every object with a name, and one that
// says what each operation takes and gives.
func typeScript(operations []operation) ([]byte, error) {
	t := tsFile{written: map[string]string{}}
	var names, entries bytes.Buffer
	for _, o := range operations {
		in, err := t.typeOf(o.input, "  ")
		if err != nil {
			return nil, fmt.Errorf("the input of %s: %w", o.Name, err)
		}
		out, err := t.typeOf(o.output, "  ")
		if err != nil {
			return nil, fmt.Errorf("the output of %s: %w", o.Name, err)
		}
		comment(&entries, "  ", o.Description)
		fmt.Fprintf(&entries, "  %s: { input: %s; output: %s };\n", o.Name, in, out)
	}
	fmt.Fprintf(&names, "// %s\n\n%s", generatedBy, t.interfaces.Bytes())
	fmt.Fprintf(&names, "/** Every operation: what it takes and gives, in JSON. */\nexport interface Operations {\n%s}\n\n", entries.Bytes())
	fmt.Fprintf(&names, "/** The name of an operation. */\nexport type OperationName = keyof Operations;\n")
	return names.Bytes(), nil
}

// A tsFile is what has been written of a file.
type tsFile struct {
	interfaces bytes.Buffer
	written    map[string]string // bodies of interfaces, by name
}

// typeOf is the type of a value. Objects with names are written on the way.
func (t *tsFile) typeOf(s *schema, indent string) (string, error) {
	switch s.Type {
	case "string":
		if len(s.Enum) == 0 {
			return "string", nil
		}
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			values[i] = strconv.Quote(v)
		}
		if s.named() {
			return s.name, t.write(s.name, fmt.Sprintf("export type %s =\n  | %s;\n\n", s.name, strings.Join(values, "\n  | ")))
		}
		return strings.Join(values, " | "), nil
	case "integer", "number":
		return "number", nil
	case "boolean":
		return "boolean", nil
	case "array":
		if s.Items == nil {
			return "unknown[]", nil
		}
		item, err := t.typeOf(s.Items, indent)
		if strings.Contains(item, " | ") {
			item = "(" + item + ")"
		}
		return item + "[]", err
	case "object":
		return t.object(s, indent)
	}
	return "", fmt.Errorf("%q is a type that this program does not know", s.Type)
}

func (t *tsFile) object(s *schema, indent string) (string, error) {
	if len(s.Properties) == 0 {
		if s.Additional != nil && string(*s.Additional) == "false" {
			return "Record<string, never>", nil
		}
		return "Record<string, unknown>", nil
	}
	inner := indent + "  "
	if s.name != "" {
		inner = "  "
	}
	var body bytes.Buffer
	for _, p := range s.Properties {
		of, err := t.typeOf(p.schema, inner)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.name, err)
		}
		comment(&body, inner, p.words())
		if s.requires(p.name) {
			fmt.Fprintf(&body, "%s%s: %s;\n", inner, key(p.name), of)
		} else {
			fmt.Fprintf(&body, "%s%s?: %s | undefined;\n", inner, key(p.name), of)
		}
	}
	if s.name == "" {
		return "{\n" + body.String() + indent + "}", nil
	}
	return s.name, t.write(s.name, fmt.Sprintf("export interface %s {\n%s}\n\n", s.name, body.Bytes()))
}

// write writes a type, once.
func (t *tsFile) write(name, text string) error {
	if before, ok := t.written[name]; ok && before != text {
		return fmt.Errorf("two types are named %s and are not the same", name)
	} else if !ok {
		t.written[name] = text
		t.interfaces.WriteString(text)
	}
	return nil
}

// words say what a property means.
func (p property) words() string {
	words := p.Description
	if len(p.Default) > 0 && !strings.Contains(words, "Default:") {
		var value any
		if json.Unmarshal(p.Default, &value) == nil {
			words = strings.TrimSpace(fmt.Sprintf("%s Default: %v.", words, value))
		}
	}
	return words
}

// comment writes a doc comment, none without text.
func comment(b *bytes.Buffer, indent, text string) {
	if text != "" {
		fmt.Fprintf(b, "%s/** %s */\n", indent, strings.ReplaceAll(text, "*/", "*\\/"))
	}
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][\w$]*$`)

// key is the name of a property as an interface declares it.
func key(name string) string {
	if identifier.MatchString(name) {
		return name
	}
	return strconv.Quote(name)
}
