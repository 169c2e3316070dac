package tools

import "regexp"

// usualName is of the characters that names of artifacts, runs and files usually
// have.
var usualName = regexp.MustCompile(`^[\w.:/@+=-]+$`)

// said is a name that others gave, as a sentence of ours has it: in quotes, unless
// it is usual. An alias or a file may be named like an order to whoever reads the
// sentence, and must not be taken for a part of it.
func said(name string) string {
	if usualName.MatchString(name) {
		return name
	}
	return quote(name)
}

func allSaid(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = said(name)
	}
	return out
}
