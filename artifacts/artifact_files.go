package artifacts

import (
	"context"
	"slices"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// FilesOptions say which of a version's files to list. nil means all.
type FilesOptions struct {
	PerPage int      // items per request; 0 means DefaultPerPage
	After   string   // cursor to continue behind
	Names   []string // only these paths
}

// A File is one file of a version.
type File struct {
	ID string `json:"id"`
	// Name is the path inside the version, with "/".
	Name     string `json:"name"`
	Size     int64  `json:"size"` // bytes
	Mimetype string `json:"mimetype,omitempty"`
	// Digest is the manifest's: base64 MD5 for stored files, whatever the
	// store said for references.
	Digest string `json:"digest,omitempty"`
	MD5    string `json:"md5,omitempty"` // base64
	// StoragePath is where the server keeps it.
	StoragePath string     `json:"storagePath,omitempty"`
	UpdatedAt   *time.Time `json:"updatedAt,omitempty"`
	// DirectURL fetches the bytes without credentials, for a while: treat it as
	// a secret. It never appears in logs or errors.
	DirectURL string `json:"-"`
	// URL is the server's page or stable address of the file, or "".
	URL string `json:"-"`
}

// ArtifactFiles are the files of one version (W&B: ArtifactMembershipFiles).
// Len is KindUnsupported on servers without TOTAL_COUNT_IN_FILE_CONNECTION.
type ArtifactFiles struct {
	*Pager[*File]
	artifact *Artifact
	names    []string
}

func newArtifactFiles(a *Artifact, opts *FilesOptions) *ArtifactFiles {
	if opts == nil {
		opts = &FilesOptions{}
	}
	l := &ArtifactFiles{artifact: a, names: slices.Clone(opts.Names)}
	l.Pager = newPager(list[*File]{
		op:    "list the files of an artifact",
		path:  a.QualifiedName(),
		check: l.check,
		fetch: l.fetch,
		count: l.count,
	}, opts.PerPage, opts.After)
	return l
}

// check refuses an Artifact that was made by hand rather than by a Client.
func (l *ArtifactFiles) check() error {
	if l.artifact.client != nil {
		return nil
	}
	return &Error{
		Kind: KindInvalid, Op: l.op, Path: l.path,
		Message: "this Artifact came from no server",
		Next:    "get it from a Client",
	}
}

func (l *ArtifactFiles) version() wire.Version {
	a := l.artifact
	return wire.Version{In: wire.In{Entity: a.Entity, Project: a.Project}, Collection: a.Collection, Alias: a.Version}
}

func (l *ArtifactFiles) fetch(ctx context.Context, after string, perPage int) ([]*File, PageInfo, error) {
	c, v := l.artifact.client, l.version()
	counting, err := c.supports(ctx, featureFilesTotal)
	if err != nil {
		return nil, PageInfo{}, err
	}
	conn, lacks, err := wire.ArtifactFiles(ctx, c.sender, v, l.names, counting, wire.Page{First: perPage, After: after, WithTotal: after == ""})
	if err != nil {
		return nil, PageInfo{}, c.fail(ctx, l.op, l.path, err)
	}
	if conn == nil {
		return nil, PageInfo{}, missing(l.op, lacks, v.In, "", v.Collection, v.Alias)
	}
	items := make([]*File, 0, len(conn.Edges))
	for _, e := range conn.Edges {
		if e.Node == nil {
			continue
		}
		f, err := toFile(e.Node)
		if err != nil {
			return nil, PageInfo{}, located(l.op, l.path, err)
		}
		items = append(items, f)
	}
	return items, toPageInfo(conn.PageInfo, conn.TotalCount), nil
}

func (l *ArtifactFiles) count(ctx context.Context) (int, error) {
	c, v := l.artifact.client, l.version()
	counting, err := c.supports(ctx, featureFilesTotal)
	if err != nil {
		return 0, err
	}
	if !counting {
		return 0, &Error{
			Kind: KindUnsupported, Op: l.op, Path: l.path,
			Message: "this server cannot count files (it lacks " + featureFilesTotal + ")",
			Next:    "take Artifact.FileCount, or walk the list",
		}
	}
	total, lacks, err := wire.CountArtifactFiles(ctx, c.sender, v, l.names)
	return c.total(ctx, l.op, l.path, total, err, func() error {
		return missing(l.op, lacks, v.In, "", v.Collection, v.Alias)
	})
}

// Artifact is the version whose files are listed.
func (l *ArtifactFiles) Artifact() *Artifact { return l.artifact }

// Path is the version's entity, project and name.
func (l *ArtifactFiles) Path() []string {
	return []string{l.artifact.Entity, l.artifact.Project, l.artifact.Name()}
}
