package dir

import (
	"errors"

	"golang.org/x/sys/unix"
)

// noSpace reports whether an error means that the place for blobs cannot take
// more: it is full, a quota is used up, or a limit on file sizes is reached.
func noSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}
