package dir

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/internal/flock"
)

// PutMany implements blobs.Store.
func (s *Store) PutMany(ctx context.Context, pieces []*blobs.Piece) {
	hashPieces(pieces)
	good := make([]*blobs.Piece, 0, len(pieces))
	for _, p := range pieces {
		if p.Err = matches(p.Info, p.Want); p.Err == nil {
			good = append(good, p)
		}
	}
	if err := s.storeMany(ctx, good); err != nil {
		for _, p := range good {
			p.Err = err
		}
	}
	for _, p := range pieces {
		if p.Err != nil {
			p.Info = blobs.Info{}
		}
	}
}

// hashPieces finds out what each piece is, on all processors.
func hashPieces(pieces []*blobs.Piece) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(pieces)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(pieces); i = next.Add(1) - 1 {
				sums := newSums()
				sums.write(pieces[i].Data)
				pieces[i].Info = blobs.Info{Key: sums.sha256Hex(), MD5: sums.md5Hex(), Size: int64(len(pieces[i].Data))}
			}
		})
	}
	workers.Wait()
}

// storeMany makes all bytes durable, then gives all of them their names, then
// makes the names durable.
func (s *Store) storeMany(ctx context.Context, pieces []*blobs.Piece) error {
	const doing = "storing blobs"
	if err := ctx.Err(); err != nil {
		return err
	}
	g := &group{s: s, seen: map[string]bool{}, folders: map[string]bool{}}
	defer g.discard()
	for _, p := range pieces {
		if err := g.add(p); err != nil {
			return failed(doing, err)
		}
	}
	if err := s.settle(g.temps); err != nil {
		return failed(doing, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, temp := range g.temps {
		if err := s.sys.rename(temp, g.paths[i]); err != nil {
			return failed(doing, err)
		}
	}
	folders := make([]string, 0, len(g.folders))
	for f := range g.folders {
		folders = append(folders, f)
	}
	return failed(doing, s.settle(folders))
}

// A group is blobs that are on their way in together.
type group struct {
	s       *Store
	seen    map[string]bool // keys
	folders map[string]bool // of keys
	dir     string          // where the temporary files are; "" as long as there are none
	lock    *os.File        // flocked, which tells them from what a killed process left
	temps   []string
	paths   []string // that they get
}

// add writes one blob to a temporary file, unless the same bytes are there.
func (g *group) add(p *blobs.Piece) error {
	path, err := g.s.keyPath(p.Info.Key)
	if err != nil {
		return err
	}
	if g.seen[p.Info.Key] {
		return nil
	}
	g.seen[p.Info.Key] = true
	// Also for bytes that are there: whoever put them may not have come to this yet.
	g.folders[filepath.Dir(path)] = true
	if g.s.present(path, p.Info.Size) && g.s.touch(path) == nil {
		return nil
	}
	if g.dir == "" {
		if err := g.begin(); err != nil {
			return err
		}
	}
	temp := filepath.Join(g.dir, strconv.Itoa(len(g.temps)))
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	g.temps, g.paths = append(g.temps, temp), append(g.paths, path)
	_, err = g.s.sys.write(f, p.Data)
	return errors.Join(err, f.Close())
}

func (g *group) begin() (err error) {
	if g.dir, err = os.MkdirTemp(filepath.Join(g.s.path, tempFolder), "many-"); err != nil {
		return err
	}
	if g.lock, err = os.OpenFile(filepath.Join(g.dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	_, err = flock.Try(g.lock, flock.Exclusive)
	return err
}

// discard removes what is left of the temporary files.
func (g *group) discard() {
	if g.dir != "" {
		os.RemoveAll(g.dir)
	}
	if g.lock != nil {
		g.lock.Close()
	}
}

const (
	// syncsAtOnce is how many files are synced at once where each is on its own.
	syncsAtOnce = 64
	// A whole file system has also what others are writing. If waiting for it
	// took longer than slowSync, files are synced on their own for loneTime.
	slowSync = 3 * time.Second
	loneTime = 30 * time.Second
)

// settle makes the bytes of new files or the names in folders durable.
func (s *Store) settle(paths []string) error {
	if s.sys.syncAll != nil && len(paths) > 1 && time.Now().UnixNano() >= s.rounds.loneUntil.Load() {
		return s.rounds.join(s.syncAll)
	}
	var tasks errgroup.Group
	tasks.SetLimit(syncsAtOnce)
	for _, path := range paths {
		tasks.Go(func() error { return s.sys.syncDir(path) })
	}
	return tasks.Wait()
}

// syncAll makes everything durable that is written by now.
func (s *Store) syncAll() error {
	start := time.Now()
	d, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer d.Close()
	err = s.sys.syncAll(d)
	if end := time.Now(); end.Sub(start) > slowSync {
		s.rounds.loneUntil.Store(end.Add(loneTime).UnixNano())
	}
	return err
}

// rounds let those who wait for the disk at the same time wait for one sync
// together. One is under way at most; who comes meanwhile shares the next.
type rounds struct {
	running   sync.Mutex // held by the one who syncs
	mu        sync.Mutex
	next      *round       // that has not begun; nil if nobody waits for one
	loneUntil atomic.Int64 // until when there are none, in nanoseconds of Unix time
}

type round struct {
	done chan struct{}
	err  error
}

// join runs sync, or waits for a run that begins after join was called.
func (r *rounds) join(sync func() error) error {
	r.mu.Lock()
	mine := r.next
	if mine != nil {
		r.mu.Unlock()
		<-mine.done
		return mine.err
	}
	mine = &round{done: make(chan struct{})}
	r.next = mine
	r.mu.Unlock()

	r.running.Lock()
	defer r.running.Unlock()
	r.mu.Lock()
	r.next = nil
	r.mu.Unlock()
	defer close(mine.done)
	mine.err = sync()
	return mine.err
}
