package tools

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/reliquary/reliquary/artifacts"
)

// GetArtifactInput names a version.
type GetArtifactInput struct {
	// Or :v3. Default: latest.
	Artifact string `json:"artifact" jsonschema:"example=team/vision/detector:latest"`
	// Entries of the metadata to show, long ones too.
	MetadataKeys []string `json:"metadata_keys,omitempty" jsonschema:"maxItems=50"`
	Showing
}

// GetArtifactOutput is a version.
type GetArtifactOutput struct {
	Artifact    string   `json:"artifact" detail:"always"`
	Type        string   `json:"type"`
	State       string   `json:"state" jsonschema:"enum=PENDING,enum=COMMITTED,enum=DELETED"`
	Aliases     []string `json:"aliases"`
	MoreAliases int      `json:"more_aliases,omitempty" detail:"with=aliases"`
	Tags        []string `json:"tags"`
	SizeBytes   Bytes    `json:"size_bytes"`
	Files       int64    `json:"files"`
	CreatedAt   Moment   `json:"created_at"`
	// Kept so long after created_at. Absent: for ever.
	TTLSeconds *int64 `json:"ttl_seconds,omitempty"`
	// Where it was logged, if reached through a portfolio.
	Source string `json:"source,omitempty"`
	Creator
	// Runs.
	UsedBy         []string `json:"used_by"`
	UsedByComplete bool     `json:"used_by_complete" detail:"with=used_by"`
	// Entries that the metadata has, where it is not shown itself.
	MetadataKeys     []string `json:"metadata_keys,omitempty"`
	MoreMetadataKeys int      `json:"more_metadata_keys,omitempty" detail:"with=metadata_keys"`
	ID               string   `json:"id" detail:"full"`
	Description      string   `json:"description,omitempty" detail:"full"`
	// Equal digests mean equal contents.
	Digest    string         `json:"digest" detail:"full"`
	UpdatedAt *Moment        `json:"updated_at,omitempty" detail:"full"`
	Metadata  map[string]any `json:"metadata,omitempty" detail:"full"`
	// Too long to be shown unasked: see metadata_keys.
	MetadataOmitted []OmittedEntry `json:"metadata_omitted,omitempty" detail:"with=metadata"`
}

// OmittedEntry is an entry of metadata that is not shown.
type OmittedEntry struct {
	Key   string `json:"key"`
	Bytes int    `json:"bytes"`
}

// How much metadata is shown, as JSON: unasked, and of entries asked for.
const (
	metadataUnasked = 6_000
	metadataAsked   = 20_000
	mostUsersShown  = 50
	mostOmitted     = 100
	mostKeysShown   = 30
)

func getArtifact() Operation {
	return Define("get_artifact", Reads, Words{
		Title:       "Get an artifact version",
		Description: "Get one artifact version: aliases, tags, size, who logged it and the runs that used it. Full adds description, digest and metadata. Use preview_artifact_file for its files.",
		Toolset:     ToolsetArtifacts,
	}, func(ctx context.Context, c *artifacts.Client, in GetArtifactInput) (GetArtifactOutput, error) {
		var out GetArtifactOutput
		a, err := artifactAt(ctx, c, "artifact", in.Artifact)
		if err != nil {
			return out, err
		}
		out = GetArtifactOutput{
			Artifact:    a.QualifiedName(),
			ID:          a.ID,
			Type:        a.Type,
			State:       string(a.State),
			Description: clipPointer(a.Description, clippedAlone),
			SizeBytes:   Bytes(a.Size),
			Files:       a.FileCount,
			Digest:      a.Digest,
			CreatedAt:   moment(a.CreatedAt),
			UpdatedAt:   maybeMoment(a.UpdatedAt),
		}
		out.Aliases, out.MoreAliases = some(a.Aliases, mostAliases)
		out.Tags, _ = some(a.Tags, mostAliases)
		if a.TTL != nil {
			seconds := int64(a.TTL.Seconds())
			out.TTLSeconds = &seconds
		}
		if a.IsLink() {
			out.Source = a.SourceQualifiedName()
		}
		if len(in.MetadataKeys) > 0 {
			show(ctx, "metadata")
		}
		if out.Metadata, out.MetadataOmitted, err = showMetadata(a.Metadata, in.MetadataKeys, metadataUnasked); err != nil {
			return out, err
		}
		if !shows(ctx, "metadata") {
			out.nameMetadata()
		}
		err = out.lineage(ctx, a)
		return out, err
	})
}

// lineage fills in who made and who used a version.
func (out *GetArtifactOutput) lineage(ctx context.Context, a *artifacts.Artifact) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if !showsCreator(ctx) {
			return nil
		}
		by, err := a.FindCreator(ctx)
		out.Creator = creator(by)
		return unlessUnsupported(err)
	})
	g.Go(func() error {
		if !shows(ctx, "used_by") {
			return nil
		}
		runs, complete, err := a.UsedBy(ctx)
		var more int
		out.UsedBy, more = some(runNames(runs), mostUsersShown)
		out.UsedByComplete = err == nil && complete && more == 0
		return unlessUnsupported(err)
	})
	return g.Wait()
}

// unlessUnsupported drops the error of a server that cannot tell lineage: the
// rest of the answer is true without it, and used_by_complete says so.
func unlessUnsupported(err error) error {
	if errors.Is(err, artifacts.ErrUnsupported) {
		return nil
	}
	return err
}

func runNames(runs []artifacts.RunPath) []string {
	names := make([]string, len(runs))
	for i, r := range runs {
		names[i] = r.String()
	}
	return names
}

// nameMetadata names the entries of metadata instead of showing them.
func (out *GetArtifactOutput) nameMetadata() {
	keys := slices.Collect(maps.Keys(out.Metadata))
	for _, o := range out.MetadataOmitted {
		keys = append(keys, o.Key)
	}
	slices.Sort(keys)
	out.MetadataKeys, out.MoreMetadataKeys = some(keys, mostKeysShown)
	for i, k := range out.MetadataKeys {
		out.MetadataKeys[i] = clip(k, clippedInLists)
	}
}

// showMetadata chooses what to show of metadata: everything that is not too
// long for a budget, or the entries that were asked for. What it leaves out it
// names.
func showMetadata(raw json.RawMessage, keys []string, budget int) (map[string]any, []OmittedEntry, error) {
	entries := map[string]json.RawMessage{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &entries); err != nil {
			return nil, nil, err
		}
	}
	all := slices.Sorted(maps.Keys(entries))
	for _, k := range keys {
		if _, ok := entries[k]; !ok {
			e := &Error{
				Code: artifacts.KindNotFound, Argument: "metadata_keys",
				Message: fmt.Sprintf("the metadata has no entry %q", clip(k, clippedInLists)),
			}
			propose(e, k, all, true, func(name string) string { return clip(name, clippedInLists) }, "entries", "get_artifact without metadata_keys")
			return nil, nil, e
		}
	}
	wanted := all
	if len(keys) > 0 {
		budget, wanted = metadataAsked, keys
	}
	// Short entries first: one that is long must not push the others out.
	wanted = slices.Clone(wanted)
	slices.SortStableFunc(wanted, func(a, b string) int { return cmp.Compare(len(entries[a]), len(entries[b])) })
	shown := map[string]any{}
	for _, k := range wanted {
		size := len(k) + len(entries[k])
		if size > budget {
			continue
		}
		budget -= size
		d := json.NewDecoder(bytes.NewReader(entries[k]))
		d.UseNumber() // numbers stay as they were written
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		shown[k] = value
	}
	var omitted []OmittedEntry
	for _, k := range all {
		if _, ok := shown[k]; !ok && len(omitted) < mostOmitted {
			omitted = append(omitted, OmittedEntry{Key: clip(k, clippedInLists), Bytes: len(entries[k])})
		}
	}
	return shown, omitted, nil
}
