package dir_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/blobstest"
)

func BenchmarkPut(b *testing.B) {
	for _, size := range []int{100, 100_000, 64 << 20} {
		b.Run(fmt.Sprintf("%d", size), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "blobs"))
			data := blobstest.Bytes(1, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				info, err := s.Put(b.Context(), bytes.NewReader(data), int64(size), blobs.Digests{})
				if err == nil {
					err = s.Delete(b.Context(), info.Key)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
