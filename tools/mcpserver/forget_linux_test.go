package mcpserver_test

import (
	"os"

	"golang.org/x/sys/unix"
)

// forget drops what the kernel keeps of a file.
func forget(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil { // what is not on the disk yet is kept
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
