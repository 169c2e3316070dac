// Package python holds the tests of the Python package reliquary, which is made
// here: build makes a wheel with the C library inside. README.md is for those
// who use it.
//
// The Python (./src) is thin: a session carries calls to the operations of
// package tools and back, and the documented classes hold what those gave. Between
// it and the C library is a module in C (./native), which loads faster than ctypes.
// Where a library cannot be loaded it is a process (_pipe.py, and Go package capi/pipe).
// Types and functions of operations are generated (_operations.py, types.py).
//
// Tests install the wheel as a person would. ./testdata/scripts are programs for
// the wandb package that have to do the same with only the import changed;
// ./tests is run by pytest, with each of its tests a test here.
package python
