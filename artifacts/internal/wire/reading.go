package wire

import "context"

type currentManifest struct {
	Artifact *withManifest `graphql:"artifact(id: $id)" json:"artifact"`
}

type withManifest struct {
	CurrentManifest *struct {
		File struct {
			DirectURL string `graphql:"directUrl" json:"directUrl"`
		} `json:"file"`
	} `json:"currentManifest"`
}

// ArtifactManifestURL asks where a version's manifest is.
func ArtifactManifestURL(ctx context.Context, s *Sender, id ID) (string, Missing, error) {
	out, err := Do[currentManifest](ctx, s, Op{Name: "FetchArtifactManifest"}, Vars{"id": id})
	switch {
	case err != nil:
		return "", Nothing, err
	case out.Artifact == nil:
		return "", MissingVersion, nil
	case out.Artifact.CurrentManifest == nil:
		return "", MissingList, nil
	}
	return out.Artifact.CurrentManifest.File.DirectURL, Nothing, nil
}

// ArtifactManifestURLs asks with one request where the manifests of at most
// MaxBatch versions are; "" for those that have none, or are not there.
func ArtifactManifestURLs(ctx context.Context, s *Sender, ids []ID) ([]string, error) {
	vars := Vars{}
	questions := make([]question, len(ids))
	for i, id := range ids {
		k := number(i)
		vars["id"+k] = id
		questions[i] = question{field: "artifact(id: $id" + k + ")", selection: new(withManifest)}
	}
	answers, err := batch[withManifest](ctx, s, Op{Name: "FetchArtifactManifest"}, vars, questions)
	if err != nil {
		return nil, err
	}
	urls := make([]string, len(ids))
	for i, a := range answers {
		if a != nil && a.CurrentManifest != nil {
			urls[i] = a.CurrentManifest.File.DirectURL
		}
	}
	return urls, nil
}

// A FileURL is where the bytes of one file are.
type FileURL struct {
	Name      string `json:"name"`
	DirectURL string `graphql:"directUrl" json:"directUrl"`
}

type fileURLs struct {
	List *Nodes[FileURL] `graphql:"files(names: $fileNames, after: $cursor, first: $perPage)" json:"files"`
}

func (l *fileURLs) list() *Nodes[FileURL] { return l.List }

// ArtifactFileURLs asks where files of a version are, all of them if names is
// nil.
func ArtifactFileURLs(ctx context.Context, s *Sender, v Version, names []string, p Page) (*Nodes[FileURL], Missing, error) {
	return files[fileURLs, Nodes[FileURL]](ctx, s, "GetArtifactMembershipFileUrls", v, p.vars(fileVars(v, names)))
}
