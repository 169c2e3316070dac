package dir

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// syncAllOf returns system.syncAll for the file system of a folder: syncfs, if
// it can be relied on there. Before Linux 5.8 it did not say when writing had
// failed, and what is behind FUSE or the network need not know of it.
func syncAllOf(path string) func(*os.File) error {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil || !atLeast(unix.ByteSliceToString(name.Release[:]), 5, 8) {
		return nil
	}
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return nil
	}
	// The types are int64 or narrower, as the architecture has it.
	switch uint32(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC:
	default:
		return nil
	}
	return func(f *os.File) error {
		for {
			if err := unix.Syncfs(int(f.Fd())); err != unix.EINTR {
				return os.NewSyscallError("syncfs", err)
			}
		}
	}
}

func writeBack(f *os.File, from, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), from, n, unix.SYNC_FILE_RANGE_WRITE)
}

// atLeast reports whether a kernel's release, as in 6.8.0-45-generic, is the
// one given or a newer one.
func atLeast(release string, major, minor int) bool {
	first, rest, _ := strings.Cut(release, ".")
	second := rest
	if end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		second = rest[:end]
	}
	a, err := strconv.Atoi(first)
	if err != nil {
		return false
	}
	b, err := strconv.Atoi(second)
	return err == nil && (a > major || a == major && b >= minor)
}
