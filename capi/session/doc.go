// Package session is the C library without C: sessions behind handles, calls
// that are waited for and calls whose results arrive on a queue, progress, log
// lines, cancellation and an orderly end.
//
// It knows nothing of what operations do. A [Core] runs them; the rest is the
// same for every host: a mistake in an operation fails that one call
// (INTERNAL) and never the process, everything that a host could let pile up
// is bounded, and a closed session stops what it had started. It knows nothing
// of C either, so that all of it can be tested and fuzzed as ordinary Go.
//
// Goroutines begin in guard.go only, where their panics are contained; a test
// holds this package and package capi to that.
package session
