package artifacts

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// A Path names a version, or a collection when Alias is "".
type Path struct {
	// Entity and Project are "" where the text named none.
	Entity, Project string
	// Collection is the name of a sequence or portfolio.
	Collection string
	// Alias is an alias ("latest", "prod/eu") or a version ("v3"); it may hold slashes.
	Alias string
}

// ParsePath reads "[[entity/]project/]collection[:alias]". The first colon
// begins the alias, which may itself hold slashes and colons. KindInvalid for
// anything else.
func ParsePath(s string) (Path, error) {
	bad := func(why string) (Path, error) {
		return Path{}, &Error{
			Kind: KindInvalid, Op: "read artifact path", Path: s,
			Message: why,
			Next:    `write it as "entity/project/collection:alias"`,
		}
	}
	place, alias, aliased := strings.Cut(s, ":")
	p := Path{Alias: alias}
	switch parts := strings.Split(place, "/"); len(parts) {
	case 1:
		p.Collection = parts[0]
	case 2:
		p.Project, p.Collection = parts[0], parts[1]
	case 3:
		p.Entity, p.Project, p.Collection = parts[0], parts[1], parts[2]
	default:
		return bad(fmt.Sprintf("it has %d parts before the alias, and three at most make sense", len(parts)))
	}
	switch {
	case strings.HasPrefix(alias, "//"):
		return bad("it is a URL, not a path")
	case s == "":
		return bad("it is empty")
	case p.Collection == "":
		return bad("it names no collection")
	case aliased && alias == "":
		return bad("it has a colon and no alias behind it")
	case strings.Count(place, "/") > 0 && p.Project == "", strings.Count(place, "/") == 2 && p.Entity == "":
		return bad("one of its parts is empty")
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return bad("it holds control characters")
	}
	return p, nil
}

// String gives the text that ParsePath reads. Parts that are missing on the
// left are left out.
func (p Path) String() string {
	s := p.Collection
	if p.Project != "" {
		s = p.Project + "/" + s
	}
	if p.Entity != "" {
		s = p.Entity + "/" + s
	}
	if p.Alias != "" {
		s += ":" + p.Alias
	}
	return s
}

// Name is "collection" or "collection:alias".
func (p Path) Name() string { return Path{Collection: p.Collection, Alias: p.Alias}.String() }

// IsArtifactID reports whether s is a server's id of a version, as Client.Artifact
// takes it, rather than a name.
func IsArtifactID(s string) bool { return isArtifactID(s) }

// isArtifactID reports whether s is a server's id of a version rather than a
// name: ids of W&B are base64 of "Artifact:<number>".
func isArtifactID(s string) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	return err == nil && strings.HasPrefix(string(b), "Artifact:")
}
