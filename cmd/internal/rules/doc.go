// Package rules holds the tests that keep the project's rooms apart: which
// package may reach which, what may lie at the top, and what the core must
// leave to its front ends. It has nothing to import.
package rules
