package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func notFound(format string, args ...any) error {
	return &metadata.Error{Kind: metadata.KindNotFound, Message: fmt.Sprintf(format, args...)}
}

func denied(format string, args ...any) error {
	return &metadata.Error{Kind: metadata.KindDenied, Message: fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &metadata.Error{Kind: metadata.KindConflict, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return &metadata.Error{Kind: metadata.KindInvalid, Message: fmt.Sprintf(format, args...)}
}

func corrupt(cause error, format string, args ...any) error {
	return &metadata.Error{Kind: metadata.KindCorrupt, Message: fmt.Sprintf(format, args...), Err: cause}
}

// missing reports whether a query found no row.
func missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// taken reports whether a statement failed because a name, or another thing
// that must be unique, is there already.
func taken(err error) bool {
	_, code, ok := resultCode(err)
	return ok && (code == codeUnique || code == codePrimaryKey)
}

// classify turns what a driver reports into a *metadata.Error. Errors that are
// one already pass through.
func (s *Store) classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var known *metadata.Error
	if errors.As(err, &known) {
		return err
	}
	return classify(ctx, s.path, s.isClosed(), err)
}

func classify(ctx context.Context, path string, closed bool, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil {
		return &metadata.Error{Kind: metadata.KindCanceled, Err: ctxErr, Message: "the request ended before the registry answered: " + ctxErr.Error()}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &metadata.Error{Kind: metadata.KindCanceled, Err: err, Message: "the request ended before the registry answered: " + err.Error()}
	}
	unavailable := func(format string, args ...any) error {
		return &metadata.Error{Kind: metadata.KindUnavailable, Err: err, Message: fmt.Sprintf(format, args...)}
	}
	if closed {
		return unavailable("the registry's database %s is closed", path)
	}
	code, _, ok := resultCode(err)
	if !ok {
		return unavailable("the registry's database %s failed: %v", path, err)
	}
	switch code {
	case codeFull:
		return unavailable("no space is left for the registry's database %s; nothing was changed. Free some space and try again", path)
	case codeBusy, codeLocked, codeProtocol:
		return unavailable("the registry's database %s is in use by another process that does not finish; try again later", path)
	case codeIOErr:
		return unavailable("the registry's database %s cannot be read or written: %v; nothing was changed. Look at the disk and try again", path, err)
	case codeCantOpen:
		return unavailable("the registry's database %s cannot be opened: %v; see whether its folder exists and is writable", path, err)
	case codeReadOnly, codePerm:
		return unavailable("the registry's database %s must not be written by this user: %v; look at the permissions of the file and its folder", path, err)
	case codeNoMem:
		return unavailable("not enough memory for the registry's database %s", path)
	case codeInterrupt:
		return unavailable("the registry's database %s was interrupted", path)
	case codeCorrupt, codeNotADB:
		return corrupt(err, "the registry's database %s is damaged: %v. Stop using it, keep a copy, run `reliquary doctor`, and restore it from a backup", path, err)
	case codeTooBig:
		return &metadata.Error{Kind: metadata.KindInvalid, Err: err, Message: "the request holds a text that is too large for the registry"}
	case codeConstraint:
		return &metadata.Error{Kind: metadata.KindConflict, Err: err, Message: fmt.Sprintf("the request contradicts what the registry holds: %v", err)}
	}
	return unavailable("the registry's database %s failed: %v", path, err)
}
