package artifacts

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Kind says what went wrong, for callers that act on it. The set is closed
// and its spelling is stable: the same words stand in JSON, C, Python and MCP.
//
// A Kind is itself an error, so that errors.Is(err, ErrNotFound) works.
type Kind string

// The kinds of failure.
const (
	// KindNotFound: it is not there, or this key may not see that it is.
	KindNotFound Kind = "NOT_FOUND"
	// KindUnauthenticated: no API key, or one that the server does not know.
	KindUnauthenticated Kind = "UNAUTHENTICATED"
	// KindDenied: the key is good and may not do this.
	KindDenied Kind = "DENIED"
	// KindConflict: the state on the server forbids it, as when a name is taken.
	KindConflict Kind = "CONFLICT"
	// KindInvalid: what was asked makes no sense and never will.
	KindInvalid Kind = "INVALID"
	// KindUnavailable: the server cannot be reached, is too slow, too busy or
	// broken; the same request may work later.
	KindUnavailable Kind = "UNAVAILABLE"
	// KindCorrupt: an answer arrived that cannot be understood or trusted.
	KindCorrupt Kind = "CORRUPT"
	// KindCanceled: the caller's context ended first.
	KindCanceled Kind = "CANCELED"
	// KindUnsupported: this server is too old, or of another make, for this.
	KindUnsupported Kind = "UNSUPPORTED"
)

// The kinds under the names that errors.Is reads well with.
const (
	ErrNotFound        = KindNotFound
	ErrUnauthenticated = KindUnauthenticated
	ErrDenied          = KindDenied
	ErrConflict        = KindConflict
	ErrInvalid         = KindInvalid
	ErrUnavailable     = KindUnavailable
	ErrCorrupt         = KindCorrupt
	ErrCanceled        = KindCanceled
	ErrUnsupported     = KindUnsupported
)

// Error returns the kind in words.
func (k Kind) Error() string {
	return strings.ReplaceAll(strings.ToLower(string(k)), "_", " ")
}

// An Error is a failure of this package. Its text holds neither API keys nor
// the query strings of signed URLs.
type Error struct {
	// Kind is what to act on.
	Kind Kind
	// Op is what was asked, in words: "list artifact versions".
	Op string
	// Path is what it was asked of: "entity/project/name:alias", or "".
	Path string
	// Message is what went wrong.
	Message string
	// Next is what to do about it, or "".
	Next string
	// RetryAfter is how long the server asked to wait; 0 if it did not say.
	RetryAfter time.Duration
	// Err is the cause, or nil.
	Err error
}

// Error says what was asked, what went wrong, and what to do next.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Path != "" {
		fmt.Fprintf(&b, " %q", e.Path)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	if e.Next != "" {
		b.WriteString("; ")
		b.WriteString(e.Next)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is this error's Kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// KindOf returns the kind of err: "" for nil, KindUnavailable for an error that
// did not come from this package.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindUnavailable
}
