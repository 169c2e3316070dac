package wire

import "context"

type currentManifest struct {
	Artifact *struct {
		CurrentManifest *struct {
			File struct {
				DirectURL string `graphql:"directUrl" json:"directUrl"`
			} `json:"file"`
		} `json:"currentManifest"`
	} `graphql:"artifact(id: $id)" json:"artifact"`
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
