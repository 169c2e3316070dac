package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/reliquary/reliquary/schemas"
)

// TestStubs_AreFresh fails when `make generate` would change a file.
func TestStubs_AreFresh(t *testing.T) {
	operations, err := read(schemas.Index(), schemas.Input, schemas.Output)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range languages {
		want, err := l.write(operations)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("../../..", l.file))
		if err != nil {
			t.Error(err)
		} else if string(got) != string(want) {
			t.Errorf("%s is stale: run make generate", l.file)
		}
	}
}
