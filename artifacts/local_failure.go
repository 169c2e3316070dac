package artifacts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"
)

// localFailure is an error of the local file system in the form of this package's.
func localFailure(op, path string, err error) error {
	if err == nil {
		return nil
	}
	if own, ok := errors.AsType[*Error](err); ok {
		return located(op, path, own)
	}
	e := &Error{Kind: KindUnavailable, Op: op, Path: path, Message: err.Error(), Err: err}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Message = KindCanceled, "canceled by the caller"
	case errors.Is(err, fs.ErrNotExist):
		e.Kind, e.Next = KindNotFound, "check the path"
	case errors.Is(err, fs.ErrPermission):
		e.Kind, e.Next = KindDenied, "check the permissions of the file and of its folders"
	case errors.Is(err, syscall.ENOSPC):
		e.Next = "free some space on the disk and try again; what was transferred is kept"
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		e.Kind, e.Next = KindConflict, "move away what is there, or choose another folder"
	}
	return e
}

// ofFile names the file among others in an error's message.
func ofFile(path string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || path == "" {
		return err
	}
	out := *e
	out.Message = fmt.Sprintf("file %q: %s", path, e.Message)
	return &out
}

// plural is a number of things in words.
func plural(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// quote puts a path into a message.
func quote(path string) string { return strconv.Quote(path) }
