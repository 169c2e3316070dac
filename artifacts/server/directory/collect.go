package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/dir"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// The defaults of CollectOptions.
const (
	DefaultRetention      = 7 * 24 * time.Hour
	DefaultUploadAge      = 8 * 24 * time.Hour // a day more than the URLs of an upload are good
	DefaultAuditRetention = 400 * 24 * time.Hour
	DefaultBlobAge        = time.Minute
)

// CollectOptions are what Collect may be told. A field that is zero takes its default.
type CollectOptions struct {
	// DryRun changes nothing and says what would be done.
	DryRun bool
	// Retention is how long what was deleted can be restored.
	Retention time.Duration
	// UploadAge is how long nobody has gone on with an upload that is given up.
	UploadAge time.Duration
	// AuditRetention is how long entries of the audit log are kept.
	AuditRetention time.Duration
	// BlobAge is for how long stored bytes that nothing needs are left alone: at
	// most Retention. What is to stay is safe at any age; an upload that ends at
	// the very moment at which the same bytes are taken away is sent once more.
	BlobAge time.Duration
	// Progress, when not nil, is told what is being done.
	Progress func(what string)
	// Clock is time.Now when nil.
	Clock metadata.Clock
}

// A Collection is what Collect took away, or would with DryRun.
type Collection struct {
	Path   string `json:"path"`
	DryRun bool   `json:"dry_run"`
	metadata.Collected
	// Blobs are stored files that nothing needs any more, and Leftovers what
	// killed processes and clients that went away have left, with their bytes.
	Blobs         int   `json:"blobs"`
	Bytes         int64 `json:"bytes,string"`
	Leftovers     int   `json:"leftovers"`
	LeftoverBytes int64 `json:"leftover_bytes,string"`
	// RestorableSince is when what can still be restored was deleted at the earliest.
	RestorableSince time.Time `json:"restorable_since"`
}

// Collect takes away what nobody can ask for any more: the contents of versions
// that were deleted longer ago than they can be restored, uploads that nobody
// went on with, stored bytes that nothing needs, old entries of the audit log.
// Several processes may serve the registry meanwhile, and several may collect.
// Killed at any moment, it has lost nothing that was to stay; what it did not
// come to is taken by the next one. It returns what it has done also when it
// fails.
func (d *Directory) Collect(ctx context.Context, o CollectOptions) (Collection, error) {
	o = o.withDefaults()
	now := o.Clock()
	keep := metadata.Retention{Deleted: now.Add(-o.Retention), Uploads: now.Add(-o.UploadAge), Audit: now.Add(-o.AuditRetention)}
	out := Collection{Path: d.Path, DryRun: o.DryRun, RestorableSince: keep.Deleted.UTC()}
	var err error
	o.Progress("deleted versions")
	if o.DryRun {
		out.Collected, err = d.Metadata.Collectable(ctx, keep)
	} else {
		if _, err = d.Metadata.Expire(ctx); err == nil {
			out.Collected, err = d.Metadata.Collect(ctx, keep)
		}
	}
	if err != nil {
		return out, d.collectError(ctx, err)
	}
	if err := d.collectBlobs(ctx, o, keep, &out); err != nil {
		return out, d.collectError(ctx, err)
	}
	o.Progress("leftovers")
	leftovers := d.Blobs.CollectStale
	if o.DryRun {
		leftovers = d.Blobs.Leftovers
	}
	found, err := leftovers(ctx, dir.Ages{})
	for _, l := range found {
		out.Leftovers++
		out.LeftoverBytes += l.Size
	}
	return out, d.collectError(ctx, err)
}

func (o CollectOptions) withDefaults() CollectOptions {
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{{&o.UploadAge, DefaultUploadAge}, {&o.AuditRetention, DefaultAuditRetention}, {&o.BlobAge, min(DefaultBlobAge, o.Retention)}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o
}

// collectBlobs deletes the stored bytes that nothing needs.
func (d *Directory) collectBlobs(ctx context.Context, o CollectOptions, keep metadata.Retention, out *Collection) error {
	o.Progress("stored bytes")
	got, err := d.Blobs.Collect(ctx, blobs.Collection{Age: o.BlobAge, DryRun: o.DryRun, Needed: func(ctx context.Context) (func(string) bool, error) {
		needed := map[blobKey]struct{}{}
		note := func(key string, _ int64) error {
			needed[keyOf(key)] = struct{}{}
			return nil
		}
		var err error
		if o.DryRun {
			err = d.Metadata.KeysAfter(ctx, keep, note)
		} else {
			err = d.Metadata.Keys(ctx, note)
		}
		return func(key string) bool {
			_, ok := needed[keyOf(key)]
			return ok
		}, err
	}})
	out.Blobs, out.Bytes = got.Blobs, got.Bytes
	return err
}

// collectError words what ended a collection.
func (d *Directory) collectError(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fail(metadata.KindCanceled, ctx.Err(), "collecting in %s was ended before it was done; what was begun is safe, and the next one goes on", d.Path)
	}
	if err != nil {
		return pathError(d.Path, err)
	}
	return nil
}

// Text says what was collected, one line each, for people.
func (c Collection) Text() []string {
	var lines []string
	add := func(n int, one, many string) {
		switch n {
		case 0:
		case 1:
			lines = append(lines, "1 "+one)
		default:
			lines = append(lines, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(c.Versions, "deleted version that can no longer be restored", "deleted versions that can no longer be restored")
	add(c.Collections, "deleted collection", "deleted collections")
	add(c.Uploads, "upload that nobody went on with", "uploads that nobody went on with")
	add(c.AuditEntries, "old entry of the audit log", "old entries of the audit log")
	if c.Blobs > 0 {
		add(c.Blobs, "stored file that nothing needs ("+bytesText(c.Bytes)+")", "stored files that nothing needs ("+bytesText(c.Bytes)+")")
	}
	if c.Leftovers > 0 {
		add(c.Leftovers, "unfinished file of a process that is gone ("+bytesText(c.LeftoverBytes)+")", "unfinished files of processes that are gone ("+bytesText(c.LeftoverBytes)+")")
	}
	return lines
}
