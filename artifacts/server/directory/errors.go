package directory

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Why a directory cannot be opened. Each stands in a *metadata.Error whose
// message says what to do.
var (
	ErrMissing      = errors.New("there is no registry")
	ErrNotRegistry  = errors.New("the directory has files in it but is not a registry")
	ErrNewer        = errors.New("the registry is of a newer format")
	ErrDamaged      = errors.New("the registry is damaged")
	ErrNotDirectory = errors.New("the path is not a directory")
	ErrNoPermission = errors.New("permission denied")
	ErrReadOnly     = errors.New("the file system is read-only")
	ErrNoSpace      = errors.New("no space left on the device")
)

func fail(k metadata.Kind, cause error, format string, args ...any) error {
	return &metadata.Error{Kind: k, Message: fmt.Sprintf(format, args...), Err: cause}
}

// pathError says what an error of the operating system means for a registry.
func pathError(path string, err error) error {
	var known *metadata.Error
	if errors.As(err, &known) {
		return err
	}
	with := func(reason error) error { return fmt.Errorf("%w: %w", reason, err) }
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fail(metadata.KindDenied, with(ErrNoPermission),
			"the registry at %s cannot be used: permission denied (%v). Use a directory that you may write to, or have its owner give it to you", path, err)
	case errors.Is(err, unix.EROFS):
		return fail(metadata.KindDenied, with(ErrReadOnly),
			"the registry at %s cannot be used: its file system is read-only, and a registry has to write even where it is only read. Copy it to a place that can be written to", path)
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT), errors.Is(err, unix.EFBIG), errors.Is(err, blobs.ErrNoSpace):
		return fail(metadata.KindUnavailable, with(ErrNoSpace),
			"the registry at %s cannot be used: no space is left there (%v). Free some and try again; what was begun is finished then", path, err)
	case errors.Is(err, unix.ENOTDIR), errors.Is(err, ErrNotDirectory):
		return fail(metadata.KindInvalid, with(ErrNotDirectory), "%s is not a directory, and a registry is one. Name another place", path)
	case errors.Is(err, unix.ENAMETOOLONG), errors.Is(err, unix.ELOOP), errors.Is(err, unix.EINVAL):
		return fail(metadata.KindInvalid, err, "%s cannot be a registry: %v. Name another place", path, err)
	}
	return fail(metadata.KindUnavailable, err, "the registry at %s cannot be used: %v", path, err)
}
