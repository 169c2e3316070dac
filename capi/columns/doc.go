// Package columns turns lists of structs into columns as Arrow lays them out in
// memory, in one block that C can hand on without looking at a single value.
//
// It is a small part of Arrow, written here because that part is small: the
// library that covers all of it would add half to the size of ours. It knows
// strings, whole numbers, booleans, times, and lists of strings. columns.c knows
// the same layout and makes the structs of Arrow's C data interface of a block.
package columns
