package tools

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools/internal/input"
)

// An Error says why an operation was not done, and what to do next. Its JSON is
// the same in every front end.
type Error struct {
	// Code is what to act on.
	Code artifacts.Kind `json:"code"`
	// Operation is the name of the one that was called.
	Operation string `json:"operation"`
	// Message is what was asked and what went wrong.
	Message string `json:"message"`
	// Argument is the one that is wrong, where one is: "collection", "tags[2]".
	Argument string `json:"argument,omitempty"`
	// Candidates are values that the argument could have been meant to have,
	// the likeliest first.
	Candidates []string `json:"candidates,omitempty"`
	// Next is what to do about it.
	Next string `json:"next,omitempty"`
	// Retryable says that the same call can work later.
	Retryable bool `json:"retryable,omitempty"`
	// RetryAfterSeconds is how long the server asked to wait.
	RetryAfterSeconds int `json:"retry_after_seconds,omitempty"`

	err error
}

// Error says what went wrong and what to do next.
func (e *Error) Error() string {
	if e.Next == "" {
		return e.Message
	}
	return e.Message + "; " + e.Next
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.err }

// Is reports whether target is this error's Kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(artifacts.Kind)
	return ok && k == e.Code
}

// explained makes an Error of any error.
func explained(ctx context.Context, err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		out := *own
		return &out
	}
	cause, ok := errors.AsType[*artifacts.Error](err)
	if !ok {
		if ctx.Err() != nil {
			return &Error{Code: artifacts.KindCanceled, Message: "the call was canceled before it was done", err: err}
		}
		return &Error{Code: artifacts.KindCorrupt, Message: err.Error(), Next: "report it: this is a fault of Reliquary", err: err}
	}
	withoutNext := *cause
	withoutNext.Next = ""
	e := &Error{
		Code:      cause.Kind,
		Message:   withoutNext.Error(),
		Next:      cause.Next,
		Retryable: cause.Kind == artifacts.KindUnavailable,
		err:       err,
	}
	if cause.RetryAfter > 0 {
		e.RetryAfterSeconds = int(math.Ceil(cause.RetryAfter.Seconds()))
	}
	return e
}

// mostProblems is how many faults of one call are worth telling at once.
const mostProblems = 5

// invalidArguments tells what is wrong with arguments.
func invalidArguments(problems []input.Problem) *Error {
	told := problems[:min(len(problems), mostProblems)]
	messages := make([]string, len(told))
	for i, p := range told {
		messages[i] = p.Message
		if i < len(told)-1 && !strings.HasSuffix(p.Message, "?") {
			messages[i] += "."
		}
	}
	e := &Error{
		Code:       artifacts.KindInvalid,
		Message:    strings.Join(messages, " "),
		Argument:   told[0].Argument,
		Candidates: told[0].Candidates,
		Next:       "correct the arguments and call again; nothing was done",
	}
	if more := len(problems) - len(told); more > 0 {
		e.Message += fmt.Sprintf(". There are %d more faults", more)
	}
	return e
}

// invalid is an argument that fits the schema and still makes no sense.
func invalid(argument, next, format string, args ...any) *Error {
	return &Error{
		Code:     artifacts.KindInvalid,
		Message:  fmt.Sprintf(format, args...),
		Argument: argument,
		Next:     next,
	}
}
