package artifacts

// A ManifestDiff says how the files of one version differ from those of
// another. The lists are in byte order of the paths.
type ManifestDiff struct {
	Added   []ManifestEntry  `json:"added"`
	Removed []ManifestEntry  `json:"removed"`
	Changed []ManifestChange `json:"changed"`
	// Same is how many files are in both as they are.
	Same int `json:"same"`
}

// A ManifestChange is a file that has other bytes, or a reference that leads
// elsewhere.
type ManifestChange struct {
	Old ManifestEntry `json:"old"`
	New ManifestEntry `json:"new"`
}

// Diff says what became of the files of an older manifest in this one.
func (m *Manifest) Diff(old *Manifest) ManifestDiff {
	d := ManifestDiff{Added: []ManifestEntry{}, Removed: []ManifestEntry{}, Changed: []ManifestChange{}}
	before, after := old.entries, m.entries
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(after) == 0 || (len(before) > 0 && before[0].Path < after[0].Path):
			d.Removed = append(d.Removed, before[0])
			before = before[1:]
		case len(before) == 0 || after[0].Path < before[0].Path:
			d.Added = append(d.Added, after[0])
			after = after[1:]
		default:
			if before[0].Digest != after[0].Digest || before[0].Ref != after[0].Ref {
				d.Changed = append(d.Changed, ManifestChange{before[0], after[0]})
			} else {
				d.Same++
			}
			before, after = before[1:], after[1:]
		}
	}
	return d
}
