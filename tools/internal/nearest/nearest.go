// Package nearest finds the names that somebody probably meant.
package nearest

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// longest bounds the work for one comparison; names of artifacts are shorter.
const longest = 128

// Names returns at most n of the known names that look most like name, the
// likeliest first. Names that have little in common with it are left out.
func Names(name string, known []string, n int) []string {
	type guess struct {
		name string
		cost int
	}
	want := fold(name)
	// One wrong character in three; anything could be meant by one or two.
	allowed := 0
	if n := utf8.RuneCountInString(want); n > 2 {
		allowed = (n + 1) / 3
	}
	var guesses []guess
	for _, k := range known {
		have := fold(k)
		cost := edits(want, have)
		switch {
		case have == want:
			cost = 0 // differs in case or in - and _ only
		case cost <= allowed:
		case len(want) >= 3 && strings.Contains(have, want), len(have) >= 3 && strings.Contains(want, have):
			cost = allowed + 1 // a part of the name, or more than the name
		default:
			continue
		}
		guesses = append(guesses, guess{k, cost})
	}
	slices.SortStableFunc(guesses, func(a, b guess) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.name, b.name))
	})
	out := make([]string, 0, min(n, len(guesses)))
	for _, g := range guesses[:min(n, len(guesses))] {
		out = append(out, g.name)
	}
	return out
}

// fold makes names equal that people take for the same.
func fold(s string) string {
	if len(s) > longest {
		s = s[:longest]
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '-', ' ', '.':
			return '_'
		}
		return r
	}, strings.ToLower(s))
}

// edits is the number of characters to insert, remove, replace or swap with
// their neighbour to get from a to b (optimal string alignment).
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
