package sqlite

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func benchRegistry(b *testing.B) (*Store, metadata.NewArtifact) {
	b.Helper()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "metadata.db"), Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	if _, err := s.CreateUser(b.Context(), metadata.NewUser{Username: "ann"}); err != nil {
		b.Fatal(err)
	}
	if _, _, err := s.UpsertRun(b.Context(), metadata.RunUpdate{Entity: "ann", Project: "p", Name: "run"}); err != nil {
		b.Fatal(err)
	}
	return s, metadata.NewArtifact{Entity: "ann", Project: "p", Type: "t", Sequence: "data", RunName: "run", Digest: "d", Aliases: []string{"latest"}}
}

// BenchmarkRecordFile records uploads, as many at a time as a client sends.
func BenchmarkRecordFile(b *testing.B) {
	for _, uploads := range []int{1, 32} {
		b.Run(fmt.Sprint(uploads, " at a time"), func(b *testing.B) {
			s, n := benchRegistry(b)
			a, err := s.CreateArtifact(b.Context(), n)
			if err != nil {
				b.Fatal(err)
			}
			var i atomic.Int64
			b.SetParallelism(max(1, uploads/2)) // times GOMAXPROCS
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					content := fmt.Sprint("file ", i.Add(1))
					if err := s.RecordFile(b.Context(), metadata.StoredFile{ArtifactID: a.ID, Digest: content, MD5: content, Key: keyOf(content), Size: 5}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkCommit commits versions of one file and of a hundred thousand.
func BenchmarkCommit(b *testing.B) {
	for _, files := range []int{1, 100_000} {
		b.Run(fmt.Sprint(files, " files"), func(b *testing.B) {
			s, n := benchRegistry(b)
			a, err := s.CreateArtifact(b.Context(), n)
			if err != nil {
				b.Fatal(err)
			}
			c := metadata.Commit{ManifestKey: keyOf("m"), ManifestSize: 1, ManifestDigest: "m", Files: make([]metadata.File, files)}
			if err := s.RecordFile(b.Context(), metadata.StoredFile{ArtifactID: a.ID, Digest: "x", MD5: "x", Key: keyOf("x"), Size: 5}); err != nil {
				b.Fatal(err)
			}
			for i := range c.Files {
				c.Files[i] = metadata.File{Path: fmt.Sprintf("data/part-%03d/file-%06d.bin", i%100, i), Digest: "x", BirthArtifactID: a.ID}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				a, err := s.CreateArtifact(b.Context(), n)
				if err != nil {
					b.Fatal(err)
				}
				c.ArtifactID = a.ID
				if _, err := s.CommitArtifact(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen opens a registry and asks it one question, as a process that
// lives for a moment does.
func BenchmarkOpen(b *testing.B) {
	s, _ := benchRegistry(b)
	path := s.path
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := Open(b.Context(), path, Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Project(b.Context(), "ann", "p"); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
