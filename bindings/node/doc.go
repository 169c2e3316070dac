// Package node holds the tests of the npm package reliquary, which is made
// here: build makes the addon of ./addon and the C library, pack the packages.
// README.md is for those who use it.
//
// The JavaScript (./src, in TypeScript) is thin: a session carries calls to the
// operations of package tools and back, and the documented classes hold what
// those gave. src/native.ts chooses between the addon and, with musl, a process
// (src/pipe.ts, and Go package capi/pipe) that does the same. Types of operations are generated (src/operations.ts).
package node
