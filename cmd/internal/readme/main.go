// Command readme fills in the parts of README.md that are derived from other
// files: between `<!-- generated: NAME -->` and `<!-- end -->` stands what the
// section of that name makes. `make generate` runs it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

//go:generate go run . -root ../../..

func main() {
	root := flag.String("root", ".", "top `folder` of the repository")
	flag.Parse()
	file := filepath.Join(*root, "README.md")
	text, err := os.ReadFile(file)
	if err == nil {
		text, err = fill(text, sections(*root))
	}
	if err == nil {
		err = os.WriteFile(file, text, 0o666)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "readme:", err)
		os.Exit(1)
	}
}

// A section makes one part of the README.
type section func() ([]byte, error)

func sections(root string) map[string]section {
	return map[string]section{
		"operations": func() ([]byte, error) { return operationsTable(filepath.Join(root, "schemas", "index.json")) },
		"commands":   func() ([]byte, error) { return commandsTable(root) },
		"members":    func() ([]byte, error) { return membersTable(members), nil },
		"goals": func() ([]byte, error) {
			return goalsTable(filepath.Join(root, "artifacts", "testdata", "bench", "README.md"))
		},
		"example": func() ([]byte, error) { return example(filepath.Join(root, exampleFile)) },
	}
}

var marked = regexp.MustCompile(`(?s)(<!-- generated: (\w+) -->\n).*?(<!-- end -->)`)

// fill replaces every marked part. A mark without a section is an error, and
// so is a section without its mark.
func fill(text []byte, sections map[string]section) ([]byte, error) {
	var failed error
	seen := make(map[string]bool)
	text = marked.ReplaceAllFunc(text, func(part []byte) []byte {
		m := marked.FindSubmatch(part)
		name := string(m[2])
		seen[name] = true
		make, ok := sections[name]
		if !ok {
			failed = fmt.Errorf("there is no section %q to generate", name)
			return part
		}
		body, err := make()
		if err != nil {
			failed = fmt.Errorf("section %q: %w", name, err)
			return part
		}
		return bytes.Join([][]byte{m[1], bytes.TrimSpace(body), []byte("\n"), m[3]}, nil)
	})
	for name := range sections {
		if !seen[name] {
			failed = fmt.Errorf("the README has no place for section %q", name)
		}
	}
	return text, failed
}
