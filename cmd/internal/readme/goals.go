package main

import (
	"bytes"
	"fmt"
	"os"
)

// goalsTable is the first table of the file of measurements: the goals, and
// what was measured.
func goalsTable(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	from := bytes.Index(text, []byte("| row |"))
	if from < 0 {
		return nil, fmt.Errorf("%s has no table of goals; `make bench` writes it", file)
	}
	table, _, _ := bytes.Cut(text[from:], []byte("\n\n"))
	return table, nil
}
