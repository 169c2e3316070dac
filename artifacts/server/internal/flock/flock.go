// Package flock locks open files between processes. A lock belongs to the open
// file, so two that one process opens exclude each other too, and it ends when
// the file is closed or the process is killed.
package flock

import (
	"context"
	"os"
	"time"
)

// A Mode says who else may hold a lock at the same time.
type Mode int

// Any number may hold a Shared lock, and nobody beside an Exclusive one.
const (
	Shared Mode = iota
	Exclusive
)

// Try takes a lock, or changes the one that f has, and says whether it could.
func Try(f *os.File, m Mode) (bool, error) { return try(f, m) }

// Lock is Try until it can, or until ctx ends. There is nothing to be woken by
// when another process lets go, so it looks again and again.
func Lock(ctx context.Context, f *os.File, m Mode) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		ok, err := Try(f, m)
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
