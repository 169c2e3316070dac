package tools

import (
	"context"
	"encoding/base64"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/reliquary/reliquary/artifacts"
)

// LogArtifactInput says what to make a version of.
type LogArtifactInput struct {
	// Where the version goes; made if it is new.
	Collection string `json:"collection" jsonschema:"example=team/vision/detector"`
	// dataset, model, ... Needed for a new collection.
	Type string `json:"type,omitempty"`
	// Begin with the files, description and metadata of this version of the collection: latest, v3.
	Base string `json:"base,omitempty"`
	// Files and folders of the base to leave out.
	Remove []string `json:"remove,omitempty" jsonschema:"maxItems=10000"`
	// Files and folders of this computer.
	Files []FileToLog `json:"files,omitempty" jsonschema:"maxItems=10000"`
	// Of folders, leave out what fits: by name (*.tmp), or with a slash by path in the folder (cache/**).
	Exclude    []string         `json:"exclude,omitempty" jsonschema:"maxItems=100,example=*.tmp"`
	Contents   []ContentToLog   `json:"contents,omitempty" jsonschema:"maxItems=1000"`
	References []ReferenceToLog `json:"references,omitempty" jsonschema:"maxItems=10000"`

	Description *string `json:"description,omitempty" jsonschema:"maxLength=100000"`
	Metadata    *Object `json:"metadata,omitempty"`
	// Besides latest.
	Aliases []string `json:"aliases,omitempty" jsonschema:"maxItems=50"`
	Tags    []string `json:"tags,omitempty" jsonschema:"maxItems=100"`
	// Deleted so long after its creation; 0: never. Default: as the team wants.
	TTLSeconds *int64 `json:"ttl_seconds,omitempty" jsonschema:"minimum=0"`
	// That logs it. Default: a new one.
	Run string `json:"run,omitempty" jsonschema:"example=team/vision/1a2b3c4d"`
	// Make a version even if the newest has the same contents.
	AlwaysNew bool `json:"always_new,omitempty"`
	// Do not copy what is sent into the cache of this computer.
	SkipCache bool `json:"skip_cache,omitempty"`
}

// FileToLog is a file or folder of this computer.
type FileToLog struct {
	Local string `json:"local" jsonschema:"example=out/model.bin"`
	// In the artifact. Default: a file's own name; a folder's files go to the top.
	Path string `json:"path,omitempty"`
}

// ContentToLog is a small file that comes with the call.
type ContentToLog struct {
	Path string `json:"path" jsonschema:"example=report.md"`
	Text string `json:"text,omitempty"`
	// Instead of text.
	Base64 string `json:"base64,omitempty"`
}

// ReferenceToLog is something that stays where it is.
type ReferenceToLog struct {
	URI string `json:"uri" jsonschema:"example=s3://bucket/data.parquet"`
	// In the artifact. Default: the last part of the URI.
	Path string `json:"path,omitempty"`
	// ETag or other digest of what is there, where it is known.
	Checksum  string `json:"checksum,omitempty"`
	SizeBytes Bytes  `json:"size_bytes,omitempty" jsonschema:"pattern=^[0-9]+$,maxLength=18"`
	// Do not look at it: its digest is the URI.
	NoChecksum bool `json:"no_checksum,omitempty"`
}

// LogArtifactOutput is the version, and what was new in it.
type LogArtifactOutput struct {
	Artifact string `json:"artifact"`
	ID       string `json:"id"`
	// False: the newest version had the same contents and is the answer.
	New       bool     `json:"new"`
	Digest    string   `json:"digest"`
	Files     int64    `json:"files"`
	SizeBytes Bytes    `json:"size_bytes"`
	Aliases   []string `json:"aliases"`
	// That the server did not have yet.
	SentFiles int   `json:"sent_files"`
	SentBytes Bytes `json:"sent_bytes"`
	// Run.
	LoggedBy string `json:"logged_by,omitempty"`
}

func logArtifact() Operation {
	return Define("log_artifact", Writes, Words{
		Title:       "Log an artifact version",
		Description: "Make a new artifact version from files, folders, given contents and references, or from another version with changes. Files that the server has are not sent again; if nothing is new no version is made, and the answer says so.",
		Toolset:     ToolsetFiles,
		// Each call makes a run where none is named, and a version with always_new.
		NotIdempotent: true,
	}, func(ctx context.Context, c *artifacts.Client, in LogArtifactInput) (LogArtifactOutput, error) {
		var out LogArtifactOutput
		if err := in.check(); err != nil {
			return out, err
		}
		at, err := readCollection(ctx, c, "collection", in.Collection)
		if err != nil {
			return out, err
		}
		o := &artifacts.LogOptions{Entity: at.Entity, Project: at.Project, AlwaysNew: in.AlwaysNew, FillCache: !in.SkipCache, Progress: progressOf(ctx)}
		if in.Run != "" {
			run, err := readRun(ctx, c, "run", in.Run)
			if err != nil {
				return out, err
			}
			if run.place() != at.place() {
				return out, invalid("run", "name a run of that project, or leave it out", "the run is in %s and the collection in %s", run.place(), at.place())
			}
			o.Run = run.Run
		}
		d, err := in.draft(ctx, c, at)
		if err != nil {
			return out, err
		}
		logged, err := c.LogArtifact(ctx, d, o)
		if err != nil {
			return out, err
		}
		out = LogArtifactOutput{
			Artifact: logged.QualifiedName(), ID: logged.ID, New: !logged.Existed, Digest: logged.Digest,
			Files: logged.FileCount, SizeBytes: Bytes(logged.Size), Aliases: logged.Aliases,
			SentFiles: logged.SentFiles, SentBytes: Bytes(logged.SentBytes),
		}
		if logged.Run.ID != "" {
			out.LoggedBy = logged.Run.String()
		}
		return out, nil
	})
}

// check refuses what the schema cannot.
func (in LogArtifactInput) check() error {
	switch {
	case in.Base == "" && len(in.Remove) > 0:
		return invalid("remove", "name the version to begin with in base", "there is nothing to remove from: the version begins empty")
	case in.Base == "" && len(in.Files)+len(in.Contents)+len(in.References) == 0:
		return invalid("files", "give files, contents or references, or a base", "there is nothing to make a version of")
	case in.TTLSeconds != nil && *in.TTLSeconds > mostSeconds:
		return tooLongToKeep(*in.TTLSeconds)
	}
	for _, pattern := range in.Exclude {
		if !doublestar.ValidatePattern(pattern) {
			return invalid("exclude", "close every bracket and brace", "exclude has %s, which is no pattern", quote(pattern))
		}
	}
	for _, f := range in.Contents {
		if f.Text != "" && f.Base64 != "" {
			return invalid("contents", "give one of them", "%s has both text and base64", quote(f.Path))
		}
	}
	return nil
}

// draft puts the version together. Nothing is sent.
func (in LogArtifactInput) draft(ctx context.Context, c *artifacts.Client, at asked) (*artifacts.Draft, error) {
	d, err := in.begin(ctx, c, at)
	if err != nil {
		return nil, err
	}
	for _, name := range in.Remove {
		if err := d.Remove(name); err != nil {
			return nil, blame("remove", err)
		}
	}
	for _, f := range in.Files {
		if err := f.add(ctx, d, in.folders()); err != nil {
			return nil, err
		}
	}
	for _, f := range in.Contents {
		data := []byte(f.Text)
		if f.Base64 != "" {
			if data, err = base64.StdEncoding.DecodeString(f.Base64); err != nil {
				return nil, invalid("contents", "encode it again", "%s is not base64: %v", quote(f.Path), err)
			}
		}
		if err := d.AddBytes(f.Path, data); err != nil {
			return nil, blame("contents", err)
		}
	}
	for _, r := range in.References {
		if err := r.add(ctx, d); err != nil {
			return nil, err
		}
	}
	if in.Description != nil {
		d.Description = *in.Description
	}
	if in.Metadata != nil {
		d.Metadata = in.Metadata.RawMessage
	}
	d.Aliases, d.Tags = in.Aliases, in.Tags
	switch ttl := in.TTLSeconds; {
	case ttl == nil:
		d.TTL = artifacts.InheritTTL
	case *ttl == 0:
		d.TTL = artifacts.KeepForever
	default:
		d.TTL = time.Duration(*ttl) * time.Second
	}
	return d, nil
}

// begin is an empty draft, or one with the contents of the base.
func (in LogArtifactInput) begin(ctx context.Context, c *artifacts.Client, at asked) (*artifacts.Draft, error) {
	if in.Base != "" {
		base := at
		base.Alias, base.Argument = in.Base, "base"
		a, err := c.Artifact(ctx, base.Path.String())
		if err != nil {
			return nil, suggest(ctx, c, base, err)
		}
		switch {
		case a.IsLink():
			return nil, invalid("collection", "log to "+artifacts.Path{Entity: a.SourceEntity, Project: a.SourceProject, Collection: a.SourceCollection}.String(),
				"%s is a portfolio, which holds links and no versions of its own", at.Path)
		case in.Type != "" && in.Type != a.Type:
			return nil, invalid("type", "leave it out", "the collection %s is of type %s, not %s", at.Path, quote(a.Type), quote(in.Type))
		}
		return a.NewDraft(ctx)
	}
	typeName := in.Type
	if typeName == "" {
		attrs, err := c.ArtifactCollection(at.Entity, at.Project, "", at.Collection).Attrs(ctx)
		if err != nil {
			e := explained(ctx, err)
			if e.Code == artifacts.KindNotFound {
				e.Argument, e.Next = "type", "give the artifact type of the new collection, as dataset or model"
			}
			return nil, e
		}
		typeName = attrs.Type
	}
	d, err := artifacts.NewArtifact(typeName, at.Collection)
	if err != nil {
		return nil, blame("collection", err)
	}
	return d, nil
}

// folders say what of folders to add.
func (in LogArtifactInput) folders() *artifacts.DirOptions {
	if len(in.Exclude) == 0 {
		return nil
	}
	return &artifacts.DirOptions{Ignore: func(name string, _ fs.DirEntry) bool {
		for _, pattern := range in.Exclude {
			at := name
			if !strings.Contains(pattern, "/") { // it is about names, wherever they are
				at = path.Base(name)
			}
			if doublestar.MatchUnvalidated(pattern, at) {
				return true
			}
		}
		return false
	}}
}

// add adds a file or folder of this computer.
func (f FileToLog) add(ctx context.Context, d *artifacts.Draft, folders *artifacts.DirOptions) error {
	p, err := local(ctx, "files", f.Local)
	if err != nil {
		return err
	}
	info, err := p.stat()
	if err != nil {
		return p.fail("files", err)
	}
	switch {
	case p.root == nil && info.IsDir():
		err = d.AddDir(p.path, f.Path, folders)
	case p.root == nil:
		err = d.AddFile(p.path, f.Path)
	case info.IsDir():
		err = p.addDir(d, f.Path, folders)
	default:
		err = d.AddFileFS(p.root.FS(), p.slashed(), f.Path)
	}
	switch {
	case escapes(err):
		return p.fail("files", err)
	case err != nil:
		return blame("files", err)
	}
	return nil
}

// add adds a reference.
func (r ReferenceToLog) add(ctx context.Context, d *artifacts.Draft) error {
	o := &artifacts.ReferenceOptions{Checksum: r.Checksum, Size: int64(r.SizeBytes), NoChecksum: r.NoChecksum, FollowTo: followerTo(ctx)}
	if u, err := url.Parse(r.URI); err == nil && follower(ctx) != nil {
		switch strings.ToLower(u.Scheme) {
		case "file":
			return &Error{
				Code: artifacts.KindDenied, Argument: "references",
				Message: "files of this computer may not be referred to here", Next: "log the file itself, with files",
			}
		case "http", "https":
			// Looking would have this computer ask an address of the caller's choice.
			o.NoChecksum = o.NoChecksum || r.Checksum == ""
		}
	}
	if err := d.AddReference(r.URI, r.Path, o); err != nil {
		return blame("references", err)
	}
	return nil
}
