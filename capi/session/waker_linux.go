package session

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// A waker is a file descriptor that is readable while it is set. On Linux one
// eventfd does.
type waker struct{ fd int }

func newWaker() (*waker, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	return &waker{fd}, nil
}

// set makes it readable. A write can fail only where the descriptor is closed,
// by a host that had no right to: there is nobody to tell.
func (w *waker) set() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(w.fd, one[:])
}

// clear makes it unreadable.
func (w *waker) clear() {
	var count [8]byte
	_, _ = unix.Read(w.fd, count[:])
}

func (w *waker) close() { _ = unix.Close(w.fd) }
