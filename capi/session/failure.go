package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// The kinds of failure that exist only at this boundary, beside those of
// package artifacts.
const (
	// KindInternal: a mistake in the library itself. Other calls go on.
	KindInternal artifacts.Kind = "INTERNAL"
	// KindClosed: the handle is of a session that was closed, or of none.
	KindClosed artifacts.Kind = "CLOSED"
	// KindTooLarge: more bytes than the session's limits allow.
	KindTooLarge artifacts.Kind = "TOO_LARGE"
	// KindBusy: more calls, or more results that nobody took, than the limits allow.
	KindBusy artifacts.Kind = "BUSY"
	// KindPending: time was up before something had ended. It is no failure.
	KindPending artifacts.Kind = "PENDING"
)

// closed is the answer for a handle that leads nowhere, and the cause of
// whatever a closing session stops.
func closed() error {
	return &tools.Error{
		Code:    KindClosed,
		Message: "the session is closed, or its handle never was one",
		Next:    "open another session",
	}
}

func invalid(format string, args ...any) error {
	return &tools.Error{Code: artifacts.KindInvalid, Message: fmt.Sprintf(format, args...)}
}

func tooLarge(what string, size, limit uint64) error {
	return &tools.Error{
		Code:    KindTooLarge,
		Message: fmt.Sprintf("%s of %d bytes is over the limit of %d", what, size, limit),
		Next:    "ask for smaller pages, pass a file's path in place of its content, or open the session with higher limits",
	}
}

func busy(what string, limit int64) error {
	return &tools.Error{
		Code:      KindBusy,
		Message:   fmt.Sprintf("the session has %s, and its limit is %d", what, limit),
		Next:      "take results before submitting more, or open the session with higher limits",
		Retryable: true,
	}
}

// KindOf is the kind of any error that this package returns.
func KindOf(err error) artifacts.Kind {
	if own, ok := errors.AsType[*tools.Error](err); ok {
		return own.Code
	}
	if own, ok := errors.AsType[*artifacts.Error](err); ok {
		return own.Kind
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return artifacts.KindCanceled
	}
	return KindInternal
}

// EncodeFailure returns the JSON that tells a host of err: that of a
// [tools.Error], as in every front end.
func EncodeFailure(err error) []byte {
	e := failure(err)
	data, err := json.Marshal(e)
	if err != nil { // strings and numbers: there is nothing that could be refused
		return []byte(`{"code":"INTERNAL","operation":"","message":"a failure could not be put into words"}`)
	}
	return data
}

// failure gives any error the form that hosts get.
func failure(err error) *tools.Error {
	if own, ok := errors.AsType[*tools.Error](err); ok {
		return own
	}
	e := &tools.Error{Code: KindOf(err), Message: err.Error()}
	if own, ok := errors.AsType[*artifacts.Error](err); ok {
		plain := *own
		plain.Next = ""
		e.Message, e.Next = plain.Error(), own.Next
		e.Retryable = own.Kind == artifacts.KindUnavailable
		e.RetryAfterSeconds = int(math.Ceil(own.RetryAfter.Seconds()))
	}
	return e
}

// maxName is longer than any operation's name. The bound keeps nonsense out of
// messages and logs.
const maxName = 256

// checkText refuses what is not text in every language.
func checkText(what string, text []byte) error {
	if !utf8.Valid(text) {
		return invalid("%s is not valid UTF-8", what)
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return invalid("%s has a NUL byte at offset %d", what, i)
	}
	return nil
}
