package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestSchemas_AreFresh fails when `make generate` would change schemas/.
func TestSchemas_AreFresh(t *testing.T) {
	const root = "../../.."
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, "schemas", name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("schemas/%s is stale: run make generate", name)
		}
	}
	have, err := filepath.Glob(filepath.Join(root, "schemas", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(have) != len(files) {
		t.Errorf("schemas/ holds %d JSON files, and %d are generated: run make generate", len(have), len(files))
	}
}

func TestRun_RemovesWhatIsNoLongerMade(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old_operation.input.json")
	if err := os.WriteFile(old, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, "../../.."); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the old file is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "index.json")); err != nil {
		t.Error(err)
	}
}
