package artifacts

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// W&B's rules for names, checked here so that a mistake costs no request. The
// server has the last word.

const maxName = 128 // characters

func invalid(format string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Message: fmt.Sprintf(format, args...)}
}

// checkCollectionName checks the name of a sequence or portfolio.
func checkCollectionName(name string) error {
	switch {
	case name == "":
		return invalid("a collection's name cannot be empty")
	case utf8.RuneCountInString(name) > maxName:
		return invalid("the name has %d characters, and W&B allows %d", utf8.RuneCountInString(name), maxName)
	case strings.Contains(name, "/"):
		return invalid("%q is no name for a collection: it holds a slash", name)
	}
	return nil
}

// tagForm is compiled when first asked for: the letters of all scripts take more
// time and memory than all else in this package does at the start of a program.
var tagForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[-\p{L}\p{N}_]+( +[-\p{L}\p{N}_]+)*$`)
})

// checkTags checks tags and drops repeated ones.
func checkTags(tags []string) ([]string, error) {
	out := make([]string, 0, len(tags))
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case utf8.RuneCountInString(t) > maxName:
			return nil, invalid("a tag has %d characters, and W&B allows %d", utf8.RuneCountInString(t), maxName)
		case !tagForm().MatchString(t):
			return nil, &Error{
				Kind:    KindInvalid,
				Message: fmt.Sprintf("%q cannot be a tag", t),
				Next:    "use letters, digits, hyphens and underscores, with spaces only between them",
			}
		}
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out, nil
}

// checkAliases checks what is to be an alias.
func checkAliases(aliases []string) error {
	for _, a := range aliases {
		switch {
		case a == "":
			return invalid("an alias cannot be empty")
		case strings.ContainsAny(a, "/:"):
			return invalid("%q cannot be an alias: it holds a slash or a colon", a)
		case utf8.RuneCountInString(a) > maxName:
			return invalid("an alias has %d characters, and W&B allows %d", utf8.RuneCountInString(a), maxName)
		case isVersion(a):
			return &Error{
				Kind:    KindInvalid,
				Message: fmt.Sprintf("%q cannot be an alias: it has the form of a version's number, which the server gives", a),
				Next:    "use a word",
			}
		}
	}
	return nil
}

// checkType checks that a collection of this name may have, and lose, a type:
// W&B keeps some for itself.
func checkType(typeName, collection string) error {
	if typeName == "" {
		return invalid("a type's name cannot be empty")
	}
	if strings.ContainsAny(typeName, "/:") {
		return invalid("%q is no name for a type: it holds a slash or a colon", typeName)
	}
	if utf8.RuneCountInString(typeName) > maxName {
		return invalid("the type's name has %d characters, and W&B allows %d", utf8.RuneCountInString(typeName), maxName)
	}
	reserved := strings.HasPrefix(typeName, "wandb-")
	switch typeName {
	case "job":
		reserved = true
	case "run_table":
		reserved = strings.HasPrefix(collection, "run-")
	case "code":
		reserved = strings.HasPrefix(collection, "source-")
	}
	if reserved {
		return &Error{
			Kind:    KindInvalid,
			Message: fmt.Sprintf("artifact type %q is reserved for internal use", typeName),
			Next:    "use another type",
		}
	}
	return nil
}
