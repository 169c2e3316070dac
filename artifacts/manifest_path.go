package artifacts

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxEntryPath is the longest path of an entry, in bytes. It is what file
// systems allow for a path at most.
const maxEntryPath = 4096

// CheckEntryPath checks that a path may name an entry of a manifest:
// relative, with "/" between elements, and written the shortest way. It is
// applied to what people add and to what servers send alike, so that no
// manifest names a file outside of the directory that it is downloaded to, on
// any system: not with "..", an absolute path, a drive ("C:x"), a backslash
// that another system reads as "/", or a NUL that cuts the path short.
// KindInvalid says which rule is broken.
func CheckEntryPath(path string) error {
	if why := badEntryPath(path); why != "" {
		return &Error{
			Kind: KindInvalid, Op: "check the path of a file", Path: path,
			Message: why,
			Next:    `write it relative to the artifact, like "data/train.csv"`,
		}
	}
	return nil
}

// badEntryPath says what is wrong with a path, "" if nothing.
func badEntryPath(path string) string {
	switch {
	case path == "":
		return "it is empty"
	case len(path) > maxEntryPath:
		return fmt.Sprintf("it has %d bytes, and %d are the most", len(path), maxEntryPath)
	case !utf8.ValidString(path):
		return "it is not UTF-8, which manifests are written in"
	case strings.IndexByte(path, 0) >= 0:
		return "it holds a NUL"
	case path[0] == '/', path[0] == '\\':
		return "it is absolute"
	case len(path) > 1 && path[1] == ':' && isLetter(path[0]):
		return "it begins with a drive letter"
	}
	for rest, more := path, true; more; {
		var element string
		element, rest, more = strings.Cut(rest, "/")
		switch element {
		case "":
			return "one of its elements is empty"
		case ".", "..":
			return fmt.Sprintf("it holds the element %q", element)
		}
		// Names with a backslash are real on Unix; those in which it would
		// lead upwards elsewhere are refused everywhere.
		if strings.Contains(element, `\`) {
			for part := range strings.SplitSeq(element, `\`) {
				if part == ".." {
					return `it holds ".." between backslashes`
				}
			}
		}
	}
	return ""
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
