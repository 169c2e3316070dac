package artifacts

import (
	"io/fs"
	"syscall"
)

// statNumbers are the time of the last change of a file's inode and its number.
func statNumbers(info fs.FileInfo) (ctime, inode int64) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ctimespec.Nano(), int64(st.Ino)
	}
	return 0, 0
}
