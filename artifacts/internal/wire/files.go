package wire

import "context"

// A File is one file of a version.
type File struct {
	ID          ID      `json:"id"`
	DisplayName string  `json:"displayName"`
	URL         *string `json:"url"`
	SizeBytes   int64   `json:"sizeBytes"`
	StoragePath *string `json:"storagePath"`
	Mimetype    *string `json:"mimetype"`
	UpdatedAt   *string `json:"updatedAt"`
	Digest      *string `json:"digest"`
	MD5         *string `json:"md5"`
	DirectURL   *string `json:"directUrl"`
}

// The selections of a version's files: with the length for servers that can
// count them, without for those that cannot.
type (
	countedFiles struct {
		List *Counted[File] `graphql:"files(names: $fileNames, after: $cursor, first: $perPage)" json:"files"`
	}
	uncountedFiles struct {
		List *Nodes[File] `graphql:"files(names: $fileNames, after: $cursor, first: $perPage)" json:"files"`
	}
	filesTotal struct {
		List *Total `graphql:"files(names: $fileNames)" json:"files"`
	}
)

func (l *countedFiles) list() *Counted[File] { return l.List }
func (l *uncountedFiles) list() *Nodes[File] { return l.List }
func (l *filesTotal) list() *Total           { return l.List }

type ofMembership[L any] struct {
	ArtifactMembership *L `graphql:"artifactMembership(aliasName: $alias)" json:"artifactMembership"`
}

// A Version names a version by where it is in a collection.
type Version struct {
	In
	Collection, Alias string
}

// ArtifactFiles lists a version's files, only those named if names is not nil.
// counting says that the server can count them.
func ArtifactFiles(ctx context.Context, s *Sender, v Version, names []string, counting bool, p Page) (*Counted[File], Missing, error) {
	vars := p.vars(fileVars(v, names))
	if !counting {
		l, missing, err := files[uncountedFiles, Nodes[File]](ctx, s, "ArtifactMembershipFiles", v, vars)
		if l == nil {
			return nil, missing, err
		}
		return &Counted[File]{Nodes: *l}, Nothing, nil
	}
	vars["withTotal"] = p.WithTotal
	return files[countedFiles, Counted[File]](ctx, s, "ArtifactMembershipFiles", v, vars)
}

// CountArtifactFiles asks how many files ArtifactFiles would list.
func CountArtifactFiles(ctx context.Context, s *Sender, v Version, names []string) (*Total, Missing, error) {
	return files[filesTotal, Total](ctx, s, "ArtifactMembershipFilesTotal", v, fileVars(v, names))
}

func fileVars(v Version, names []string) Vars {
	vars := Vars{"alias": v.Alias, "fileNames": (*[]string)(nil)}
	if names != nil {
		vars["fileNames"] = &names
	}
	return vars
}

// files sends a query for L, which holds the list C, of a version.
func files[L, C any, P interface {
	*L
	list() *C
}](ctx context.Context, s *Sender, name string, v Version, vars Vars) (*C, Missing, error) {
	out, missing, err := find[ofMembership[L]](ctx, s, Op{Name: name}, Collection{In: v.In, Name: v.Collection}, vars)
	switch {
	case out == nil:
		return nil, missing, err
	case out.ArtifactMembership == nil:
		return nil, MissingVersion, nil
	}
	if c := P(out.ArtifactMembership).list(); c != nil {
		return c, Nothing, nil
	}
	return nil, MissingList, nil
}
