package servertest

import (
	"testing"
	"time"
)

// Versions are the releases of the wandb package that tests run.
var versions = []string{"0.28.2", "0.31.0"}

// Versions returns the releases of the wandb package that tests run.
func Versions() []string { return append([]string(nil), versions...) }

// An Output is what a program printed.
type Output struct {
	Stdout, Stderr string
	Duration       time.Duration
}

// A Python is a clean environment for one release of the wandb package: a home
// directory, caches and a working directory that no other has, and nothing but
// this registry configured. It lasts as long as the test.
type Python struct {
	Home string // also the parent of the caches
	Work string // the working directory
	Env  []string
}

// Python makes a clean environment with the key of the first user, or with
// another key where one is given.
func (r *Registry) Python(t testing.TB, version string, key ...string) *Python { return nil }

// Run runs a Python script and fails the test if the script fails. The
// arguments are sys.argv[1:].
func (p *Python) Run(t testing.TB, script string, args ...string) Output { return Output{} }

// Try is Run for scripts that are expected to fail.
func (p *Python) Try(t testing.TB, script string, args ...string) (Output, error) {
	return Output{}, nil
}

// CLI runs the wandb command and fails the test if it fails.
func (p *Python) CLI(t testing.TB, args ...string) Output { return Output{} }

// Wandb runs a Python script with a release of the wandb package in a clean
// environment against the registry, and fails the test if the script fails.
func (r *Registry) Wandb(t testing.TB, version, script string, args ...string) Output {
	t.Helper()
	return r.Python(t, version).Run(t, script, args...)
}
