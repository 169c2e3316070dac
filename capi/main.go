// Command capi is the C library: built with -buildmode=c-shared it is
// libreliquary, whose interface reliquary.h documents. It carries operations
// and knows neither what they do nor who calls them. capi/build makes it.
//
// The C functions (abi.c) refuse what must not reach Go; entry.go turns bytes
// and numbers into Go and back; package session does the rest, and package core
// joins it to the operations of package tools. Package pipe serves the same to
// programs that cannot load a Go library.
package main

import "C"

// main is not run: a library has none.
func main() {}
