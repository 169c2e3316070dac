package metadata

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// MaxName is the most characters that a name, an alias or a tag may have.
const MaxName = 128

// typeForm and tagForm are compiled when first asked for: the letters of all
// scripts take more time and memory than all else that a program that only is
// a client begins with.
var (
	typeForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[-_\p{L}\p{N}]+( *[-._\p{L}\p{N}]+)*$`)
	})
	tagForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[-_\p{L}\p{N}]+( +[-_\p{L}\p{N}]+)*$`)
	})
	versionLikeForm = regexp.MustCompile(`^v[0-9]+$`)
)

// CheckEntityName, CheckProjectName and CheckRunName refuse with KindInvalid
// what cannot stand in the path of a URL.
func CheckEntityName(name string) error { return checkPathName("entity name", name) }

// CheckProjectName: see CheckEntityName.
func CheckProjectName(name string) error { return checkPathName("project name", name) }

// CheckRunName: see CheckEntityName.
func CheckRunName(name string) error { return checkPathName("run id", name) }

func checkPathName(what, name string) error {
	if err := checkName(what, name); err != nil {
		return err
	}
	if strings.ContainsAny(name, `/\#?%:`) {
		return invalidf(`the %s %q is not valid: it must not contain / \ # ? %% or :`, what, name)
	}
	return nil
}

// CheckCollectionName refuses with KindInvalid a name that no sequence or
// portfolio may have: one with a slash, or with the colon that divides a
// collection from a version.
func CheckCollectionName(name string) error {
	if err := checkName("collection name", name); err != nil {
		return err
	}
	if strings.ContainsAny(name, "/:") {
		return invalidf("the collection name %q is not valid: it must not contain / or :", name)
	}
	return nil
}

// CheckTypeName refuses with KindInvalid a name that no artifact type may have.
func CheckTypeName(name string) error {
	if err := checkName("artifact type", name); err != nil {
		return err
	}
	if !typeForm().MatchString(name) {
		return invalidf("the artifact type %q is not valid: use letters, digits, - _ . and spaces between them", name)
	}
	return nil
}

// CheckTag refuses with KindInvalid a word that cannot be a tag.
func CheckTag(name string) error {
	if err := checkName("tag", name); err != nil {
		return err
	}
	if !tagForm().MatchString(name) {
		return invalidf("the tag %q is not valid: use letters, digits, - _ and spaces between them", name)
	}
	return nil
}

// CheckAlias refuses with KindInvalid a word that cannot be an alias: v3 and
// its like always mean the version of that number.
func CheckAlias(name string) error {
	if err := checkName("alias", name); err != nil {
		return err
	}
	if strings.ContainsAny(name, "/:") {
		return invalidf("the alias %q is not valid: it must not contain / or :", name)
	}
	if versionLikeForm.MatchString(name) {
		return invalidf("the alias %q is not valid: v and a number always means that version; choose another word", name)
	}
	return nil
}

// checkName holds what is true of every name.
func checkName(what, name string) error {
	switch {
	case name == "":
		return invalidf("the %s is empty", what)
	case !utf8.ValidString(name):
		return invalidf("the %s %q is not valid UTF-8", what, name)
	case utf8.RuneCountInString(name) > MaxName:
		return invalidf("the %s %.40q... has %d characters; at most %d are accepted", what, name, utf8.RuneCountInString(name), MaxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return invalidf("the %s %q is not valid: it contains a control character", what, name)
	case strings.TrimSpace(name) != name:
		return invalidf("the %s %q is not valid: it begins or ends with a space", what, name)
	case name == "." || name == "..":
		return invalidf("the %s %q is not valid: it means a folder", what, name)
	}
	return nil
}
