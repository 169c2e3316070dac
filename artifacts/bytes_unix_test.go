package artifacts_test

import (
	"io/fs"
	"os/signal"
	"syscall"
	"testing"
)

// limitFiles has the system refuse to write to files beyond a size, as a full
// disk does, until what it returns is called.
func limitFiles(t *testing.T, size uint64) (end func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	set := func(limit syscall.Rlimit) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	set(syscall.Rlimit{Cur: size, Max: before.Max})
	return func() { set(before) }
}

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o666) }

// links is how many names a file has.
func links(info fs.FileInfo) uint64 { return uint64(info.Sys().(*syscall.Stat_t).Nlink) }
