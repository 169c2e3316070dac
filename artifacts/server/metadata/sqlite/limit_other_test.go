//go:build !linux && !darwin

package sqlite

import (
	"context"
	"errors"
)

func logUntilFull(context.Context, *Store) error {
	return errors.New("this system has no limit of file sizes")
}
