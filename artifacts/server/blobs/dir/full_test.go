package dir_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/blobstest"
)

// TestFileSizeLimit has the kernel refuse writes in a process of its own.
func TestFileSizeLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blobs")
	out, err := child(t, "small files", path, 0).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left := names(t, filepath.Join(path, "tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// With room again, the upload that could not be joined is completed as it is.
	s := open(t, path)
	var whole []byte
	var parts []blobs.Part
	for i := range 3 {
		part := blobstest.Bytes(uint64(10+i), 900_000)
		whole = append(whole, part...)
		parts = append(parts, blobs.Part{Number: i + 1, MD5: blobstest.MD5(part)})
	}
	info, err := s.Complete(t.Context(), strings.TrimSpace(string(out)), parts, blobs.Digests{MD5: blobstest.MD5(whole)})
	if err != nil || info.Key != blobstest.SHA256(whole) {
		t.Errorf("Complete: %+v, %v", info, err)
	}
	if err := s.Verify(t.Context(), info.Key); err != nil {
		t.Error(err)
	}
}

// TestOpen is about what is and is not there at first.
func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "blobs")
	open(t, path)
	if got := names(t, path); !slices.Equal(got, []string{"sha256", "tmp", "uploads"}) {
		t.Errorf("a new store has %v", got)
	}
	if got := names(t, filepath.Join(path, "sha256")); len(got) != 256 || got[0] != "00" || got[255] != "ff" {
		t.Errorf("a new store has %d folders", len(got))
	}
	s := open(t, path)
	info, err := s.Put(t.Context(), bytes.NewReader([]byte("hello")), -1, blobs.Digests{})
	if err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(filepath.Join(path, "sha256", info.Key[:2], info.Key))
	if err != nil || fi.Mode() != 0o444 {
		t.Errorf("the blob's file: %v, %v", fi, err)
	}
	// Files that are not ours are neither listed nor in the way.
	if err := os.WriteFile(filepath.Join(path, "sha256", "00", "README"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for info, err := range s.All(t.Context()) {
		if err != nil || info.Size != 5 {
			t.Errorf("All: %+v, %v", info, err)
		}
	}
}
