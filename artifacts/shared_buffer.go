package artifacts

import (
	"path/filepath"
	"sync/atomic"
)

// A sharedBuffer goes back to where it came from when its last user is done.
type sharedBuffer struct {
	data  *[]byte
	n     int
	users atomic.Int32
	pool  *copyBuffers
}

func (b *sharedBuffer) release() {
	if b.users.Add(-1) == 0 {
		b.pool.put(b.data)
	}
}

// toSlash is a path below a folder as manifests write it.
func toSlash(name string) string { return filepath.ToSlash(name) }
