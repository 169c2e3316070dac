package artifacts

import "context"

// NewDraft begins a version with the same contents, in the sequence that the
// version was logged to. Files that stay as they are need not be at hand and
// are not sent again. Description and metadata are taken over; aliases, tags
// and TTL are not.
func (a *Artifact) NewDraft(ctx context.Context) (*Draft, error) {
	const op = "begin a version from another"
	if err := a.check(op); err != nil {
		return nil, err
	}
	m, err := a.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	d, err := NewArtifact(a.Type, a.SourceCollection)
	if err != nil {
		return nil, err
	}
	for e := range m.All() {
		if e.algorithm() != algorithmMD5 {
			return nil, &Error{
				Kind: KindUnsupported, Op: op, Path: a.QualifiedName(),
				Message: "its digests are made by " + e.algorithm() + ", which this program cannot make",
				Next:    "begin the version with the wandb package, or download it and log the files anew",
			}
		}
		d.files[e.Path] = draftFile{kept: *e}
	}
	d.base, d.entity, d.project, d.region = a, a.SourceEntity, a.SourceProject, m.region
	d.Description, d.Metadata = text(a.Description), a.Metadata
	return d, nil
}
