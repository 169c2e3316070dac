//go:build linux || darwin

package artifacts

import (
	"os"
	"syscall"
)

// lockFile takes a file for this process until it is closed. It reports false
// if another one has it.
func lockFile(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
