//go:build linux || darwin

package artifacts

import (
	"os"
	"syscall"
)

// locksFiles: lockFile works.
const locksFiles = true

// lockFile takes a file for this process until it is closed. It reports false
// if another one has it.
func lockFile(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
