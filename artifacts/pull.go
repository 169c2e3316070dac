package artifacts

import (
	"context"
	"crypto/md5"
	"errors"
	"hash"
	"io"
	"net/http"
	"os"
	"sync"
)

// This file brings the bytes of one file to disk and tells their digest.

// largeFile is the size from which a file is fetched in parts, over several
// connections, while its digest is made beside that; and from which what an
// interrupted transfer brought is kept for the next.
const largeFile = 32 << 20

// pullPart is how much of a large file one request asks for.
const pullPart = 32 << 20

// A source is where the bytes of one file can be had.
type source struct {
	client    *Client
	transport http.RoundTripper
	renew     func(ctx context.Context) (string, error) // nil if there is no other address

	turn gate
	mu   sync.Mutex
	url  string
}

func (c *Client) newSource(url string, renew func(context.Context) (string, error)) *source {
	return &source{client: c, transport: c.transport, renew: renew, url: url, turn: newGate()}
}

func (s *source) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// refresh gets a fresh address in place of one that no longer works, unless
// another connection has done so meanwhile.
func (s *source) refresh(used *string) func(context.Context) error {
	if s.renew == nil {
		return nil
	}
	return func(ctx context.Context) error {
		if err := s.turn.enter(ctx); err != nil {
			return err
		}
		defer s.turn.leave()
		if s.address() != *used {
			return nil
		}
		url, err := s.renew(ctx)
		if err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.url = url
		return nil
	}
}

// copyBuffers are shared by transfers: there is one at most per transfer, or
// connection of one, under way.
type copyBuffers struct{ pool sync.Pool }

// The size of a buffer, and that of one for a part of a large file. A write of
// 256 KiB takes the kernel a fifth longer for each byte than one of 512.
const (
	copyBuffer = 256 << 10
	partBuffer = 512 << 10
)

func newCopyBuffers(size int) *copyBuffers {
	b := &copyBuffers{}
	b.pool.New = func() any { p := make([]byte, size); return &p }
	return b
}

func (b *copyBuffers) get() *[]byte { return b.pool.Get().(*[]byte) }

func (b *copyBuffers) put(p *[]byte) { b.pool.Put(p) }

// A pulling is one file on its way to disk.
type pulling struct {
	src  *source
	f    *os.File
	size int64 // -1 if unknown
	tick func(int64)
	// seen, if not nil, is shown each answer before its body is read.
	seen func(*http.Response) *setback
	// follow, if not nil, copies what parts brings on to a second file.
	follow *follower
}

// whole fetches the file over one connection, from its start, and returns its
// digest and size.
func (p *pulling) whole(ctx context.Context) (md5sum, int64, error) {
	c := p.src.client
	sum := md5.New()
	var at int64
	var used string
	restart := func() error {
		p.tick(-at)
		at = 0
		sum.Reset()
		return p.f.Truncate(0)
	}
	if err := restart(); err != nil {
		return md5sum{}, 0, localFailure("", "", err)
	}
	buf := c.files.buffers.get()
	defer c.files.buffers.put(buf)
	err := c.persist(ctx, func(ctx context.Context) (int64, *setback) {
		used = p.src.address()
		if p.size >= 0 && at == p.size && at > 0 {
			return 0, nil // it broke behind the last byte
		}
		d, bad := c.fetch(ctx, p.src.transport, used, at, -1)
		if bad != nil {
			return 0, bad
		}
		defer d.Close()
		if p.seen != nil {
			if bad := p.seen(d.resp); bad != nil {
				return 0, bad
			}
		}
		if d.from != at { // a server without ranges begins again
			if err := restart(); err != nil {
				return 0, local(err)
			}
		}
		if p.size >= 0 && d.total >= 0 && d.total != p.size {
			return 0, &setback{Error: *wrongSize(d.total, p.size)}
		}
		var moved int64
		for {
			n, err := d.Read(*buf)
			if n > 0 {
				if p.size >= 0 && at+int64(n) > p.size {
					return moved, &setback{Error: *wrongSize(at+int64(n), p.size)}
				}
				if _, err := p.f.WriteAt((*buf)[:n], at); err != nil {
					return moved, local(err)
				}
				sum.Write((*buf)[:n])
				at += int64(n)
				moved += int64(n)
				p.tick(int64(n))
			}
			switch {
			case err == io.EOF && p.size >= 0 && at < p.size:
				err = io.ErrUnexpectedEOF
				fallthrough
			case err != nil && err != io.EOF:
				return moved, c.broken(ctx, d.resp.Request.Context(), d.resp.Request.URL, err)
			case err == io.EOF:
				return moved, nil
			}
		}
	}, p.src.refresh(&used))
	return md5sum(sum.Sum(nil)), at, err
}

func wrongSize(got, want int64) *Error {
	return &Error{
		Kind:    KindCorrupt,
		Message: "the server has " + plural(got, "byte") + " of it, and the manifest says " + plural(want, "byte"),
		Next:    "report it to whoever runs the server",
	}
}

// local is a setback on our own disk.
func local(err error) *setback {
	e, _ := errors.AsType[*Error](localFailure("", "", err))
	return &setback{Error: *e}
}

// errNoRanges is a server that answers a request for a part with the whole.
var errNoRanges = errors.New("the server sends no parts of files")

// parts fetches a large file over several connections and returns its digest.
// What q says is there is not fetched. errNoRanges if the server cannot do it.
func (p *pulling) parts(ctx context.Context, q *partQueue) (md5sum, error) {
	p.tick(q.moved())
	crew := newCrew(ctx, p.src.client.files.Streams+2)
	stop := context.AfterFunc(crew.ctx, q.giveUp)
	defer stop()
	sum := md5.New()
	crew.run(func(context.Context) error { return p.digest(sum, q) })
	if p.follow != nil {
		crew.run(func(ctx context.Context) error { return p.follow.run(ctx, p.f, q) })
	}
	for range p.src.client.files.Streams {
		crew.run(func(ctx context.Context) error {
			for {
				i, ok := q.next()
				if !ok {
					return nil
				}
				if err := p.part(ctx, q, i); err != nil {
					return err
				}
			}
		})
	}
	err := crew.wait()
	return md5sum(sum.Sum(nil)), err
}

// part fetches one part.
func (p *pulling) part(ctx context.Context, q *partQueue, i int) error {
	c := p.src.client
	at, end := q.left(i)
	buf := c.files.partBuffers.get()
	defer c.files.partBuffers.put(buf)
	var used string
	var ranges error
	err := c.persist(ctx, func(ctx context.Context) (int64, *setback) {
		used = p.src.address()
		d, bad := c.fetch(ctx, p.src.transport, used, at, end)
		if bad != nil {
			return 0, bad
		}
		defer d.Close()
		if d.resp.StatusCode != http.StatusPartialContent {
			ranges = errNoRanges
			return 0, nil
		}
		if d.total >= 0 && d.total != p.size {
			return 0, &setback{Error: *wrongSize(d.total, p.size)}
		}
		var moved int64
		for at < end {
			// Up to where the next buffer begins in the file: what is written as
			// it comes from the connection costs the file system half as much again.
			n, err := io.ReadFull(d, (*buf)[:min(partBuffer-at%partBuffer, end-at)])
			if n > 0 {
				if _, err := p.f.WriteAt((*buf)[:n], at); err != nil {
					return moved, local(err)
				}
				at += int64(n)
				moved += int64(n)
				q.wrote(i, int64(n))
				p.tick(int64(n))
			}
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			if err != nil {
				return moved, c.broken(ctx, d.resp.Request.Context(), d.resp.Request.URL, err)
			}
		}
		return moved, nil
	}, p.src.refresh(&used))
	return errors.Join(err, ranges)
}

// digest reads behind the connections what they have written, in order. The
// bytes are still in the system's memory.
func (p *pulling) digest(sum hash.Hash, q *partQueue) error {
	buf := p.src.client.files.partBuffers.get()
	defer p.src.client.files.partBuffers.put(buf)
	var at int64
	for at < p.size {
		to, ok := q.wait(at)
		if !ok {
			break
		}
		for at < to {
			n, err := p.f.ReadAt((*buf)[:min(int64(len(*buf)), to-at)], at)
			if n == 0 && err != nil {
				return localFailure("", "", err)
			}
			sum.Write((*buf)[:n])
			at += int64(n)
		}
	}
	return nil
}

// A follower copies a large file to where it is wanted while it is still being
// fetched. Whether the bytes are right is not known before the last one is there:
// until then the copy has no name that anybody looks for.
type follower struct {
	out    *os.File
	copied int64 // from the start
}

// run copies behind the connections what they have written to in, in order. The
// kernel copies, or shares the blocks, in large pieces that begin at multiples
// of their size.
func (w *follower) run(ctx context.Context, in *os.File, q *partQueue) error {
	if err := seekBoth(w.out, in, 0); err != nil {
		return localFailure("", "", err)
	}
	for w.copied = 0; w.copied < q.size && ctx.Err() == nil; {
		step := min(copyStep, q.size-w.copied)
		if _, ok := q.wait(w.copied + step - 1); !ok {
			break
		}
		n, err := io.CopyN(w.out, in, step)
		w.copied += n
		if err != nil {
			return localFailure("", "", err)
		}
	}
	return nil
}

// seekBoth sets from where the next copy from one file to another goes on.
func seekBoth(out, in *os.File, at int64) error {
	_, err1 := out.Seek(at, io.SeekStart)
	_, err2 := in.Seek(at, io.SeekStart)
	return errors.Join(err1, err2)
}
