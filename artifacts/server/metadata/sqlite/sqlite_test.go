package sqlite

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/metadata/metadatatest"
)

func TestStore(t *testing.T) {
	metadatatest.Run(t, func(t *testing.T) metadata.Store { return open(t, filepath.Join(t.TempDir(), "metadata.db")) })
}

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
