package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// pythonPackage is where the Python package lies.
const pythonPackage = "bindings/python/src/reliquary/"

// pythonTypes has one TypedDict for each object but the arguments of operations.
// Only type checkers load it.
func pythonTypes(operations []operation) ([]byte, error) {
	f := pyFile{written: map[string]string{}}
	fmt.Fprintf(&f, "# %s\n", generatedBy)
	f.WriteString(`"""What operations take and give, as it stands in JSON.

Sizes are strings of digits, times are RFC 3339; the classes give numbers.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Digits = str
"""A whole number that can be larger than JSON readers of other languages take."""

Time = str
"""A time in RFC 3339, as in 2026-11-28T12:00:00Z."""
`)
	for _, o := range operations {
		for _, p := range o.input.Properties {
			if _, err := f.typeOf(p.schema); err != nil {
				return nil, fmt.Errorf("the input of %s: %s: %w", o.Name, p.name, err)
			}
		}
		if _, err := f.typeOf(o.output); err != nil {
			return nil, fmt.Errorf("the output of %s: %w", o.Name, err)
		}
	}
	return []byte(f.String()), nil
}

// A pyFile is what has been written of types.py.
type pyFile struct {
	strings.Builder
	written map[string]string // bodies of types, by name
}

// typeOf is a type as it stands in annotations. Objects are written on the way.
func (f *pyFile) typeOf(s *schema) (string, error) {
	if s.Type == "array" && s.Items != nil {
		item, err := f.typeOf(s.Items)
		return "list[" + item + "]", err
	}
	if s.Type == "object" && !s.open() {
		return s.name, f.object(s)
	}
	if s.named() {
		return s.name, f.words(s)
	}
	return pythonName(s, "")
}

// open reports whether any object fits.
func (s *schema) open() bool { return len(s.Properties) == 0 && s.name == "" }

// words writes the words that a string can be, under their name.
func (f *pyFile) words(s *schema) error {
	return f.write(s.name, fmt.Sprintf("\n\n%s = Literal[\n    \"%s\",\n]\n", s.name, strings.Join(s.Enum, "\",\n    \"")))
}

// write writes a type, once.
func (f *pyFile) write(name, text string) error {
	if before, ok := f.written[name]; ok && before != text {
		return fmt.Errorf("two types are named %s and are not the same", name)
	} else if !ok {
		f.written[name] = text
		f.WriteString(text)
	}
	return nil
}

// object writes a TypedDict. Fields that can be missing are in one that it is
// made from, for Python 3.9 has no other way to say that.
func (f *pyFile) object(s *schema) error {
	if s.name == "" {
		return errors.New("the index has no name for an object")
	}
	var b strings.Builder
	var bases []string
	body := "    pass\n"
	for _, part := range []struct {
		required bool
		name     string
		total    string
	}{{false, "_" + s.name, "total=False"}, {true, "_" + s.name + "Required", ""}} {
		mine := func(p property) bool { return s.requires(p.name) == part.required }
		keyword := func(p property) bool { return mine(p) && slices.Contains(pythonKeywords, p.name) }
		switch {
		case !slices.ContainsFunc(s.Properties, mine):
		case slices.ContainsFunc(s.Properties, keyword):
			fields, err := f.fields(s, part.required, "        %q: ", ",\n")
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "\n\n%s = TypedDict(\n    %q,\n    {\n%s    },\n", part.name, part.name, fields)
			if part.total != "" {
				fmt.Fprintf(&b, "    %s,\n", part.total)
			}
			b.WriteString(")\n")
			bases = append(bases, part.name)
		default:
			fields, err := f.fields(s, part.required, "    %s: ", "\n")
			if err != nil {
				return err
			}
			if part.required {
				body = fields
				continue
			}
			fmt.Fprintf(&b, "\n\nclass %s(TypedDict, %s):\n%s", part.name, part.total, fields)
			bases = append(bases, part.name)
		}
	}
	if len(bases) == 0 {
		bases = []string{"TypedDict"}
	}
	fmt.Fprintf(&b, "\n\nclass %s(%s):\n%s", s.name, strings.Join(bases, ", "), body)
	return f.write(s.name, b.String())
}

// pythonKeywords are names of fields that cannot stand in a class.
var pythonKeywords = []string{"from", "in", "is", "class", "global", "lambda", "pass", "import", "async", "with"}

// fields are the required fields of an object, or the others.
func (f *pyFile) fields(s *schema, required bool, begin, end string) (string, error) {
	var b strings.Builder
	indent := begin[:strings.Index(begin, "%")]
	for _, p := range s.Properties {
		if s.requires(p.name) != required {
			continue
		}
		of, err := f.typeOf(p.schema)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.name, err)
		}
		for _, line := range wrap(p.Description, 90) {
			fmt.Fprintf(&b, "%s# %s\n", indent, line)
		}
		b.WriteString(pythonLine(fmt.Sprintf(begin, p.name), of, end))
	}
	return b.String(), nil
}

// pythonLine is a line, or several where one would be too long.
func pythonLine(begin, of, end string) string {
	if line := begin + of + end; len(line) <= 101 {
		return line
	}
	indent := begin[:len(begin)-len(strings.TrimLeft(begin, " "))]
	open, close := strings.Index(of, "[")+1, strings.LastIndex(of, "]")
	inside := indent + "    " + of[open:close]
	if len(inside) > 100 { // a word on each line, as ruff does it
		inside = indent + "    " + strings.ReplaceAll(of[open:close], ", ", ",\n"+indent+"    ") + ","
	}
	return begin + of[:open] + "\n" + inside + "\n" + indent + of[close:] + end
}

// pythonArgument is the name of an argument: keywords cannot be.
func pythonArgument(name string) string {
	if slices.Contains(pythonKeywords, name) {
		return name + "_"
	}
	return name
}

// pythonName is a type as it stands in annotations; module is what its names
// are found in.
func pythonName(s *schema, module string) (string, error) {
	switch s.Type {
	case "string":
		switch {
		case s.name == "Bytes":
			return module + "Digits", nil
		case s.Format == "date-time":
			return module + "Time", nil
		case len(s.Enum) == 0:
			return "str", nil
		case s.named():
			return module + s.name, nil
		}
		words := make([]string, len(s.Enum))
		for i, w := range s.Enum {
			words[i] = strconv.Quote(w)
		}
		return "Literal[" + strings.Join(words, ", ") + "]", nil
	case "integer":
		return "int", nil
	case "boolean":
		return "bool", nil
	case "array":
		if s.Items == nil {
			return "", errors.New("an array does not say what its items are")
		}
		item, err := pythonName(s.Items, module)
		return "list[" + item + "]", err
	case "object":
		if s.open() {
			return "dict[str, Any]", nil
		}
		return module + s.name, nil
	}
	return "", fmt.Errorf("%q is a type that this program does not know", s.Type)
}

// pythonOperations are functions that wait for the answer.
func pythonOperations(operations []operation) ([]byte, error) {
	return pythonMethods(operations, pyClass{
		name: "Operations", def: "def", imports: "Callable", answer: "Any",
		doc: "Every operation, as a method that waits for the answer.",
	})
}

// pythonAsyncOperations are functions that are awaited. They are a module of
// their own, because a program loads what it imports.
func pythonAsyncOperations(operations []operation) ([]byte, error) {
	return pythonMethods(operations, pyClass{
		name: "AsyncOperations", def: "async def", await: "await ", imports: "Awaitable, Callable", answer: "Awaitable[Any]",
		doc: "Every operation, as a method that is awaited.",
	})
}

// A pyClass is a class with one method for each operation.
type pyClass struct{ name, doc, def, await, imports, answer string }

func pythonMethods(operations []operation, c pyClass) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `# %s
"""%s"""

from __future__ import annotations

TYPE_CHECKING = False  # that of typing, which takes longer to load than all of this
if TYPE_CHECKING:
    from collections.abc import %s
    from typing import Any, Literal

    from . import types as _types  # an argument can be called types


class %s:
    """%s

    Arguments that are None are left out. What is given and returned is JSON, as
    the module types describes it.
    """

    def __init__(self, call: Callable[[str, dict[str, object]], %s]) -> None:
        self._call = call
`, generatedBy, c.doc, c.imports, c.name, c.doc, c.answer)
	for _, o := range operations {
		if err := pythonMethod(&b, o, c); err != nil {
			return nil, fmt.Errorf("%s: %w", o.Name, err)
		}
	}
	return []byte(b.String()), nil
}

func pythonMethod(b *strings.Builder, o operation, c pyClass) error {
	fmt.Fprintf(b, "\n    %s %s(\n        self,\n", c.def, o.Name)
	if len(o.input.Properties) > 0 {
		b.WriteString("        *,\n")
	}
	for _, required := range []bool{true, false} {
		for _, p := range o.input.Properties {
			if o.input.requires(p.name) != required {
				continue
			}
			of, err := pythonName(p.schema, "_types.")
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if !required {
				of += " | None = None"
			}
			b.WriteString(pythonLine("        "+pythonArgument(p.name)+": ", of, ",\n"))
		}
	}
	fmt.Fprintf(b, "    ) -> _types.%s:\n", o.output.name)
	fmt.Fprintf(b, "        \"\"\"%s", firstLine(escapePython(o.Description)))
	described := false
	for _, p := range o.input.Properties {
		words := p.words()
		if words == "" {
			continue
		}
		if !described {
			b.WriteString("\n\n        Args:\n")
		}
		described = true
		fmt.Fprintf(b, "            %s\n", strings.Join(wrap(pythonArgument(p.name)+": "+escapePython(words), 84), "\n                "))
	}
	if described {
		b.WriteString("        ")
	}
	b.WriteString("\"\"\"\n")
	fmt.Fprintf(b, "        answer: _types.%s = %sself._call(", o.output.name, c.await)
	if len(o.input.Properties) == 0 {
		fmt.Fprintf(b, "%q, {})\n        return answer\n", o.Name)
		return nil
	}
	fmt.Fprintf(b, "\n            %q,\n            {\n", o.Name)
	for _, p := range o.input.Properties {
		fmt.Fprintf(b, "                %q: %s,\n", p.name, pythonArgument(p.name))
	}
	b.WriteString("            },\n        )\n        return answer\n")
	return nil
}

// firstLine is the first sentence, cut where a line would be too long.
func firstLine(words string) string {
	if i := strings.Index(words, ". "); i >= 0 {
		words = words[:i+1]
	}
	return strings.Join(wrap(words, 86), "\n        ")
}

func escapePython(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"""`, `\"\"\"`).Replace(s)
}

// wrap breaks text into lines of at most width bytes, none for no text.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
