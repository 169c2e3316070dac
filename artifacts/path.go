package artifacts

// A Path names a version, or a collection when Alias is "".
type Path struct {
	// Entity and Project are "" where the text named none.
	Entity, Project string
	// Collection is the name of a sequence or portfolio.
	Collection string
	// Alias is an alias ("latest", "prod/eu") or a version ("v3"); it may hold slashes.
	Alias string
}

// ParsePath reads "[[entity/]project/]collection[:alias]". KindInvalid for anything else.
func ParsePath(s string) (Path, error) { return Path{}, nil }

// String gives the text that ParsePath reads.
func (p Path) String() string { return "" }
