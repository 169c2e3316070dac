package tools

import (
	"context"
	"path/filepath"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/reliquary/reliquary/artifacts"
)

// DownloadArtifactInput says what of a version to download, and where to.
type DownloadArtifactInput struct {
	UsableArtifact
	// Folder, made if it is new. Default: artifacts/<collection>:v<N>, as the wandb package does.
	To string `json:"to,omitempty" jsonschema:"example=data"`
	FileSelection
	// Leave out what the version only refers to.
	SkipReferences bool `json:"skip_references,omitempty"`
	// Make hard links to the cache, read-only: takes no space.
	Link bool `json:"link,omitempty"`
	// Neither use nor fill the cache.
	SkipCache bool `json:"skip_cache,omitempty"`
}

// FileSelection selects files of a version; all of it has to fit.
type FileSelection struct {
	// Only these files.
	Paths []string `json:"paths,omitempty" jsonschema:"maxItems=10000"`
	// Only paths that begin so, as images/.
	Prefix string `json:"prefix,omitempty"`
	// Only paths that fit the pattern: * and ? stop at a slash, ** does not.
	Glob string `json:"glob,omitempty" jsonschema:"example=**/*.csv"`
}

// DownloadArtifactOutput says what the download came to.
type DownloadArtifactOutput struct {
	Artifact string `json:"artifact"`
	ID       string `json:"id"`
	// Folder, absolute.
	To        string `json:"to"`
	Files     int    `json:"files"`
	SizeBytes Bytes  `json:"size_bytes"`
	// Of these files: in place before, from the cache, and from the server.
	Unchanged    int   `json:"unchanged"`
	FromCache    int   `json:"from_cache"`
	Fetched      int   `json:"fetched"`
	FetchedBytes Bytes `json:"fetched_bytes"`
	// As asked.
	SkippedReferences int `json:"skipped_references,omitempty"`
	// Without a connection: when the server last said that this is the version.
	KnownSince *Moment `json:"known_since,omitempty"`
}

func downloadArtifact() Operation {
	return Define("download_artifact", Writes, Words{
		Title:       "Download an artifact version",
		Description: "Put the files of an artifact version, or some of them, into a folder. Digests are checked; files that are in place or in the cache are not fetched again, and what is in the cache needs no connection.",
		Toolset:     ToolsetFiles,
		LocalFiles:  true,
	}, func(ctx context.Context, c *artifacts.Client, in DownloadArtifactInput) (DownloadArtifactOutput, error) {
		var out DownloadArtifactOutput
		o := &artifacts.DownloadOptions{
			SkipCache: in.SkipCache, SkipReferences: in.SkipReferences, Follow: follower(ctx), FollowTo: followerTo(ctx), Progress: progressOf(ctx),
		}
		if in.Link {
			o.Place = artifacts.PlaceLink
		}
		if err := in.FileSelection.check(); err != nil {
			return out, err
		}
		o.Paths, o.PathPrefix, o.Match = in.Paths, in.Prefix, in.match()
		if in.To != "" { // what cannot be used is refused before anybody is asked
			if _, err := local(ctx, "to", in.To); err != nil {
				return out, err
			}
		}
		found, err := in.UsableArtifact.find(ctx, c)
		if err != nil {
			return out, err
		}
		to := in.To
		if to == "" {
			to = filepath.Join("artifacts", found.SourceName())
		}
		p, err := local(ctx, "to", to)
		if err != nil {
			return out, err
		}
		if o.Root = p.path; p.root != nil {
			o.Within, o.Root = p.root, p.rel
		}
		got, err := found.Download(ctx, o)
		if err != nil {
			return out, err
		}
		return DownloadArtifactOutput{
			Artifact: found.QualifiedName(), ID: found.ID, To: p.path,
			Files: got.Files, SizeBytes: Bytes(got.Bytes), Unchanged: got.Unchanged, FromCache: got.FromCache,
			Fetched: got.Fetched, FetchedBytes: Bytes(got.FetchedBytes), SkippedReferences: got.SkippedReferences,
			KnownSince: found.knownSince(),
		}, nil
	})
}

// check refuses what the schema cannot.
func (in FileSelection) check() error {
	if in.Glob != "" && !doublestar.ValidatePattern(in.Glob) {
		return invalid("glob", "close every bracket and brace", "glob is %s, which is no pattern", quote(in.Glob))
	}
	return nil
}

// match selects by the pattern, nil for everything.
func (in FileSelection) match() func(path string) bool {
	if in.Glob == "" {
		return nil
	}
	return func(path string) bool { return doublestar.MatchUnvalidated(in.Glob, path) }
}
