package artifacts

// CollectionsOptions say which collections to list, and how. nil means all,
// newest first.
type CollectionsOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
	// Filters are MongoDB-like conditions on a collection's fields, as W&B
	// takes them: {"name": {"$regex": "^det"}}. KindUnsupported on servers
	// without ARTIFACT_COLLECTIONS_FILTERING_SORTING.
	Filters map[string]any
	// Order is a field name, with "-" before it for descending. Needs the same feature.
	Order string
}

// ArtifactCollections are the collections of one type in a project (W&B:
// ArtifactTypeArtifactCollections), or of all types (ProjectArtifactCollections).
type ArtifactCollections struct {
	*Pager[*ArtifactCollection]
	entity, project, typeName string
}

// ArtifactCollections lists the collections of a project. typeName "" means
// those of all types.
func (c *Client) ArtifactCollections(entity, project, typeName string, opts *CollectionsOptions) *ArtifactCollections {
	return nil
}

// Entity owns the project.
func (l *ArtifactCollections) Entity() string { return l.entity }

// Project is the project whose collections are listed.
func (l *ArtifactCollections) Project() string { return l.project }

// TypeName is the type that the collections have, "" for any.
func (l *ArtifactCollections) TypeName() string { return l.typeName }
