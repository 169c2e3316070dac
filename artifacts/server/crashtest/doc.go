// Package crashtest kills a registry's server at random moments while versions
// are uploaded to it, and looks at what is left. It has tests only.
package crashtest
