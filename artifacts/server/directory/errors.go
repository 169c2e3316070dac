package directory

import "errors"

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
