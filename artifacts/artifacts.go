package artifacts

// ArtifactsOptions say which versions to list, and how. nil means every
// committed one, newest first.
type ArtifactsOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
	// Filters are MongoDB-like conditions on a version's fields, as W&B takes
	// them. nil means {"state": "COMMITTED"}; other filters replace that.
	Filters map[string]any
	// Order is a field name ("createdAt", "versionIndex"), with "-" before it
	// for descending.
	Order string
	// Tags keeps only versions that have all of them. It is applied to pages
	// after they arrive, as in W&B: a page can come out short, and Len, which
	// counts what All would give, walks the list.
	Tags []string
}

// Artifacts are the versions of one collection (W&B: ProjectArtifacts).
type Artifacts struct {
	*Pager[*Artifact]
	entity, project, typeName, collection string
}

// Artifacts lists the versions of a collection. typeName may be "" where the
// caller does not know it.
func (c *Client) Artifacts(entity, project, typeName, collection string, opts *ArtifactsOptions) *Artifacts {
	return nil
}

// Entity owns the project.
func (l *Artifacts) Entity() string { return l.entity }

// Project holds the collection.
func (l *Artifacts) Project() string { return l.project }

// Type is the type of the versions, "" if it was not given.
func (l *Artifacts) Type() string { return l.typeName }

// CollectionName is the collection whose versions are listed.
func (l *Artifacts) CollectionName() string { return l.collection }
