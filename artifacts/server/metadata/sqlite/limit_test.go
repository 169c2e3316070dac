//go:build linux || darwin

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// logUntilFull has the kernel refuse to grow files, and logs until that
// happens. Everything else must keep working.
func logUntilFull(ctx context.Context, s *Store) error {
	info, err := os.Stat(s.path + "-wal")
	if err != nil {
		return err
	}
	limit := syscall.Rlimit{Cur: uint64(info.Size()) + 200_000, Max: 1 << 40}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for i := range 5000 {
		err := logOne(ctx, s, fmt.Sprint("limited-", i))
		if err == nil {
			continue
		}
		if metadata.KindOf(err) != metadata.KindUnavailable {
			return fmt.Errorf("got %s (%w), want UNAVAILABLE", metadata.KindOf(err), err)
		}
		if _, err := s.Project(ctx, "ann", "p"); err != nil {
			return fmt.Errorf("reading fails too: %w", err)
		}
		return nil
	}
	return errors.New("the limit was never met")
}

// TestFileSizeLimit has the kernel refuse writes in a process of its own.
func TestFileSizeLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metadata.db")
	s := registryAt(t, path)
	// With another connection the WAL stays, and grows until the limit.
	logVersion(t, s, "ann", "data", "first")
	p := start(t, "small files", path, "")
	begin(t, p)
	acknowledged := map[int64]string{}
	committed(t, p, everything, acknowledged)
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
	verify(t, s, acknowledged)
	if len(acknowledged) == 0 {
		t.Error("nothing was acknowledged before the limit")
	}
	logVersion(t, s, "ann", "data", "room again")
	verify(t, s, acknowledged)
}
