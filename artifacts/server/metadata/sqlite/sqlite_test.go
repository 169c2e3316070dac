package sqlite

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// emptyFile is a new database: to copy one is faster than to make each.
func emptyFile(t *testing.T) string {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "metadata.db"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
