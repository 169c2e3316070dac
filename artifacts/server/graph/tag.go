package graph

import "github.com/reliquary/reliquary/artifacts/server/metadata"

// A Tag is on collections or versions of its project.
type Tag struct{ t metadata.Tag }

func (t *Tag) ID() string   { return tagID.globalID(t.t.ID) }
func (t *Tag) Name() string { return t.t.Name }

func newTags(list []metadata.Tag) []*Tag {
	all, out := make([]Tag, len(list)), make([]*Tag, len(list))
	for i, t := range list {
		all[i] = Tag{t}
		out[i] = &all[i]
	}
	return out
}

// tagNames reads the tags of an input.
func tagNames(in []*TagInput) []string {
	names := make([]string, len(in))
	for i, t := range in {
		names[i] = t.TagName
	}
	return names
}
