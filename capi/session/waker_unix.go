//go:build unix && !linux

package session

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// A waker is a file descriptor that is readable while it is set: here the
// reading end of a pipe.
type waker struct{ fd, write int }

func newWaker() (*waker, error) {
	var ends [2]int
	if err := unix.Pipe(ends[:]); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	w := &waker{fd: ends[0], write: ends[1]}
	for _, fd := range ends {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			w.close()
			return nil, fmt.Errorf("pipe: %w", err)
		}
	}
	return w, nil
}

// set makes it readable. The pipe has room: it holds one byte at most.
func (w *waker) set() { _, _ = unix.Write(w.write, []byte{1}) }

// clear makes it unreadable.
func (w *waker) clear() {
	var one [1]byte
	_, _ = unix.Read(w.fd, one[:])
}

func (w *waker) close() {
	_ = unix.Close(w.fd)
	_ = unix.Close(w.write)
}
