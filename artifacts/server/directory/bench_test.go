package directory_test

import (
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/directory"
)

// BenchmarkOpen is part of what a command or an agent's tools take to start.
func BenchmarkOpen(b *testing.B) {
	path := b.TempDir()
	for b.Loop() {
		d, err := directory.Open(b.Context(), path, directory.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
