package dir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/blobstest"
	"github.com/reliquary/reliquary/artifacts/server/blobs/dir"
)

func open(t testing.TB, path string) *dir.Store {
	t.Helper()
	s, err := dir.Open(path, dir.Options{})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func TestStore(t *testing.T) {
	blobstest.Run(t, func(t *testing.T) blobstest.Place {
		path := filepath.Join(t.TempDir(), "blobs")
		return blobstest.Place{
			Open: func(t *testing.T) blobs.Store { return open(t, path) },
			Plant: func(t *testing.T, key string, b []byte) {
				name := filepath.Join(path, "sha256", key[:2], key)
				if err := os.Chmod(name, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, b, 0o600); err != nil {
					t.Fatal(err)
				}
			},
			Leftovers: func(t *testing.T) int { return len(names(t, filepath.Join(path, "tmp"))) },
		}
	})
}

func names(t testing.TB, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}
