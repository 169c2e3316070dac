package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// An operation is what the index of the schemas says of one.
type operation struct {
	Name        string `json:"name"`
	Effect      string `json:"effect"`
	Toolset     string `json:"toolset"`
	Description string `json:"description"`
}

// operationsTable has one row for each operation, in the index's order.
func operationsTable(index string) ([]byte, error) {
	text, err := os.ReadFile(index)
	if err != nil {
		return nil, err
	}
	var in struct {
		Operations []operation `json:"operations"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	if len(in.Operations) == 0 {
		return nil, errors.New("the index names no operations")
	}
	var b bytes.Buffer
	b.WriteString("| operation | toolset | effect | what it does |\n|---|---|---|---|\n")
	for _, o := range in.Operations {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", o.Name, o.Toolset, o.Effect, firstSentence(o.Description))
	}
	return b.Bytes(), nil
}

// firstSentence is enough for a table; the rest is for who uses the operation.
func firstSentence(words string) string {
	words = strings.Join(strings.Fields(words), " ")
	if i := strings.Index(words, ". "); i >= 0 {
		words = words[:i+1]
	}
	return words
}
