package graph

import "github.com/reliquary/reliquary/artifacts/server/metadata"

func newTag(t metadata.Tag) *Tag { return &Tag{ID: tagID.globalID(t.ID), Name: t.Name} }

func newTags(list []metadata.Tag) []*Tag {
	out := make([]*Tag, len(list))
	for i, t := range list {
		out[i] = newTag(t)
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
