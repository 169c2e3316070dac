package artifacts

import (
	"context"
	"crypto/md5"
	"io"
	"os"
)

// hashOpen returns the digest of an open file's bytes and remembers it under a
// name if the file did not change meanwhile. known can be nil.
func (c *Client) hashOpen(ctx context.Context, f *os.File, known *ledger, name string) (md5sum, error) {
	before, err := f.Stat()
	if err != nil {
		return md5sum{}, localFailure("", "", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return md5sum{}, localFailure("", "", err)
	}
	h := md5.New()
	buf := c.files.buffers.get()
	defer c.files.buffers.put(buf)
	for {
		n, err := f.Read(*buf)
		h.Write((*buf)[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return md5sum{}, localFailure("", "", err)
		}
		if ctx.Err() != nil {
			return md5sum{}, canceled(ctx)
		}
	}
	sum := md5sum(h.Sum(nil))
	if after, err := f.Stat(); err == nil && stampOf(after) == stampOf(before) {
		known.note(name, stampOf(after), sum)
	}
	return sum, nil
}
