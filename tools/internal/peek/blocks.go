package peek

import (
	"errors"
	"io"
	"sync"
)

// blockBytes is how much is fetched at a time: formats read a few bytes here and
// there, and every fetch is a request.
const blockBytes = 256 << 10

// mostBlocks bounds how many blocks are fetched for one file.
const mostBlocks = 128

// ErrTooMuch says that a file cannot be looked into without fetching too much of it.
var ErrTooMuch = errors.New("too much of the file would have to be fetched")

// Blocks fetches a file in blocks and keeps them. It is safe for concurrent use.
func Blocks(r io.ReaderAt, size int64) io.ReaderAt {
	return &blocks{r: r, size: size, kept: map[int64][]byte{}}
}

type blocks struct {
	r    io.ReaderAt
	size int64
	mu   sync.Mutex
	kept map[int64][]byte // guarded by mu
}

func (b *blocks) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > b.size {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= b.size {
			return n, io.EOF
		}
		block, err := b.block(at / blockBytes)
		if err != nil {
			return n, err
		}
		within := at % blockBytes
		if within >= int64(len(block)) {
			return n, io.ErrUnexpectedEOF
		}
		n += copy(p[n:], block[within:])
	}
	return n, nil
}

func (b *blocks) block(i int64) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if kept, ok := b.kept[i]; ok {
		return kept, nil
	}
	if len(b.kept) == mostBlocks {
		return nil, ErrTooMuch
	}
	block := make([]byte, min(blockBytes, b.size-i*blockBytes))
	n, err := b.r.ReadAt(block, i*blockBytes)
	if err != nil && !(errors.Is(err, io.EOF) && n == len(block)) {
		return nil, err
	}
	b.kept[i] = block
	return block, nil
}
