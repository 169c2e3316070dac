package metadata

import "errors"

// A Kind says what went wrong, for callers that act on it.
type Kind string

// The kinds of failure.
const (
	KindNotFound    Kind = "NOT_FOUND"
	KindDenied      Kind = "DENIED"
	KindConflict    Kind = "CONFLICT"
	KindInvalid     Kind = "INVALID"
	KindUnavailable Kind = "UNAVAILABLE" // busy, full disk, closed
	KindCorrupt     Kind = "CORRUPT"     // damaged, not ours, or of a newer format
	KindCanceled    Kind = "CANCELED"
)

// ErrBase is in the failure of a commit whose base has other files than was
// said, or was deleted meanwhile. Without a base it can be tried again.
var ErrBase = errors.New("the base of the commit has other files")

// An Error is a failure of a Store. Message is written for the person whose
// request failed: what was asked, what is wrong, what to do.
type Error struct {
	Kind    Kind
	Message string
	Err     error // the cause, if any
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of a failure, "" for nil, and KindUnavailable for an
// error that is not an *Error.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindUnavailable
}

// IsNotFound reports whether the thing asked for does not exist.
func IsNotFound(err error) bool { return KindOf(err) == KindNotFound }
