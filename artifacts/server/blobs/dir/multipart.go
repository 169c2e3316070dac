package dir

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// maxPart is the largest number of a part, S3's limit, which clients keep to.
const maxPart = 10_000

// Files of an upload's folder.
const (
	lockFile   = "lock"
	jointFile  = "joint"
	joinedFile = "joined"
	resultFile = "result"
	partPrefix = "part-"
)

// CreateUpload implements blobs.Multipart.
func (s *Store) CreateUpload(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	var random [16]byte
	rand.Read(random[:]) // never fails
	id := hex.EncodeToString(random[:])
	if err := os.Mkdir(filepath.Join(s.path, uploadsFolder, id), 0o700); err != nil {
		return "", failed("starting an upload", err)
	}
	return id, failed("starting an upload", s.sys.syncDir(filepath.Join(s.path, uploadsFolder)))
}

// uploadPath is the folder of an upload that is there and not finished.
func (s *Store) uploadPath(id string) (string, error) {
	if !lowerHex(id, 16) {
		return "", fmt.Errorf("%w: %q", blobs.ErrInvalid, id)
	}
	return filepath.Join(s.path, uploadsFolder, id), nil
}

// PutPart implements blobs.Multipart. It joins what can be joined before it
// returns; see the package comment.
func (s *Store) PutPart(ctx context.Context, id string, number int, r io.Reader, size int64, want blobs.Digests) (blobs.Info, error) {
	upload, err := s.uploadPath(id)
	if err != nil {
		return blobs.Info{}, err
	}
	if number < 1 || number > maxPart {
		return blobs.Info{}, fmt.Errorf("%w: part %d: parts are numbered from 1 to %d", blobs.ErrInvalid, number, maxPart)
	}
	if err := s.unfinished(upload); err != nil {
		return blobs.Info{}, err
	}
	// The age of an upload is measured from its last sign of life.
	now := s.now()
	if err := os.Chtimes(upload, now, now); err != nil {
		return blobs.Info{}, failed("storing part "+strconv.Itoa(number), err)
	}
	t, err := s.newTemp()
	if err != nil {
		return blobs.Info{}, failed("storing part "+strconv.Itoa(number), err)
	}
	defer t.discard()
	sums, n, err := s.receive(ctx, t, r, size)
	if err != nil {
		return blobs.Info{}, err
	}
	info := blobs.Info{MD5: sums.md5Hex(), Size: n}
	if err := matches(blobs.Info{Key: sums.sha256Hex(), MD5: info.MD5}, want); err != nil {
		return blobs.Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return blobs.Info{}, err
	}
	if err := t.place(filepath.Join(upload, partName(number, info.MD5)), 0o600); err != nil {
		return blobs.Info{}, failed("storing part "+strconv.Itoa(number), err)
	}
	if err := s.sys.syncDir(upload); err != nil {
		return blobs.Info{}, failed("storing part "+strconv.Itoa(number), err)
	}
	s.joinAhead(ctx, id)
	return info, nil
}

// unfinished fails with ErrNotFound if an upload is not there, or is complete.
func (s *Store) unfinished(upload string) error {
	there, err := exists(upload)
	if err != nil {
		return failed("looking for an upload", err)
	}
	done, err := exists(filepath.Join(upload, resultFile))
	if err != nil {
		return failed("looking for an upload", err)
	}
	if !there || done {
		return fmt.Errorf("there is no upload %s: %w", filepath.Base(upload), blobs.ErrNotFound)
	}
	return nil
}

// Abort implements blobs.Multipart.
func (s *Store) Abort(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	upload, err := s.uploadPath(id)
	if err != nil {
		return err
	}
	lock, err := s.lockUpload(ctx, upload)
	if errors.Is(err, blobs.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	return failed("forgetting an upload", s.removeUpload(upload))
}

// removeUpload removes an upload whose lock is held. It moves the folder away
// first, so that nobody who waits for the lock can make a new one in it.
func (s *Store) removeUpload(upload string) error {
	away := filepath.Join(s.path, tempFolder, "upload-"+filepath.Base(upload))
	if err := s.sys.rename(upload, away); err != nil {
		return err
	}
	if err := s.sys.syncDir(filepath.Join(s.path, uploadsFolder)); err != nil {
		return err
	}
	return os.RemoveAll(away)
}

// partName names the file of a part. The MD5 in it lets several tries of one
// part lie side by side: Complete says which one it means.
func partName(number int, md5 string) string {
	return fmt.Sprintf("%s%05d-%s", partPrefix, number, md5)
}

// parsePartName is the inverse of partName.
func parsePartName(name string) (blobs.Part, bool) {
	rest, ok := strings.CutPrefix(name, partPrefix)
	if !ok {
		return blobs.Part{}, false
	}
	digits, sum, ok := strings.Cut(rest, "-")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || len(digits) != 5 || !lowerHex(sum, md5.Size) {
		return blobs.Part{}, false
	}
	return blobs.Part{Number: n, MD5: sum}, true
}

// waiting are the parts of an upload that are stored and not joined, by number.
type waiting struct {
	upload string
	tries  map[int][]blobs.Part
}

func waitingParts(upload string) (waiting, error) {
	entries, err := os.ReadDir(upload)
	if err != nil {
		return waiting{}, err
	}
	w := waiting{upload, map[int][]blobs.Part{}}
	for _, e := range entries {
		if p, ok := parsePartName(e.Name()); ok {
			w.tries[p.Number] = append(w.tries[p.Number], p)
		}
	}
	return w, nil
}

// newest is the last try of a part.
func (w waiting) newest(number int) (blobs.Part, bool) {
	tries := w.tries[number]
	if len(tries) == 0 {
		return blobs.Part{}, false
	}
	newest, at := tries[0], time.Time{}
	for _, p := range tries[1:] {
		if at.IsZero() {
			at = w.modified(newest)
		}
		if m := w.modified(p); m.After(at) {
			newest, at = p, m
		}
	}
	return newest, true
}

func (w waiting) modified(p blobs.Part) time.Time {
	fi, err := os.Lstat(filepath.Join(w.upload, partName(p.Number, p.MD5)))
	if err != nil {
		return time.Time{}
	}
	return fi.ModTime()
}

// has reports whether a part is there with the given MD5.
func (w waiting) has(p blobs.Part) bool { return slices.Contains(w.tries[p.Number], p) }
