package artifacts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// artifactChanges are what setters set and Save has not sent.
type artifactChanges struct {
	description               *string
	metadata                  *wire.JSONString
	ttl                       *int64
	addAliases, removeAliases []string
	addTags, removeTags       []string
}

func (c artifactChanges) none() bool {
	return c.onlyAliases() && len(c.addAliases)+len(c.removeAliases) == 0
}

// onlyAliases reports whether nothing is to change that the version has in
// common with all collections that hold it.
func (c artifactChanges) onlyAliases() bool {
	return c.description == nil && c.metadata == nil && c.ttl == nil && len(c.addTags)+len(c.removeTags) == 0
}

// Changed reports whether something was set and not yet saved.
func (a *Artifact) Changed() bool { return !a.set.none() }

// SetDescription describes the version at the next Save; "" takes the
// description away. It is the same in every collection that holds the version.
func (a *Artifact) SetDescription(description string) {
	a.set.description = nil
	if description != text(a.Description) {
		a.set.description = &description
	}
}

// SetMetadata replaces the version's metadata at the next Save. KindInvalid if
// it is no JSON object, or one of more than 100 keys.
func (a *Artifact) SetMetadata(object json.RawMessage) error {
	entries, err := readMetadata(object)
	if err == nil && len(entries) > maxMetadataKeys {
		err = invalid("the metadata has %d keys, and W&B allows %d", len(entries), maxMetadataKeys)
	}
	if err != nil {
		return located("change the metadata of an artifact", a.QualifiedName(), err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, object); err != nil {
		return located("change the metadata of an artifact", a.QualifiedName(), invalid("the metadata is no JSON object: %v", err))
	}
	a.set.metadata = nil
	if now := compact.String(); now != string(a.Metadata) {
		wanted := wire.JSONString(now)
		a.set.metadata = &wanted
	}
	return nil
}

// MergeMetadata changes entries of the version's metadata at the next Save:
// those whose value is null are taken out, others are set, the rest stays (a
// JSON merge patch, RFC 7396). It starts from what the version was when it was
// fetched: what others changed since is overwritten, as with SetMetadata.
func (a *Artifact) MergeMetadata(patch json.RawMessage) error {
	const op = "change the metadata of an artifact"
	if _, err := readMetadata(patch); err != nil {
		return located(op, a.QualifiedName(), err)
	}
	now := a.Metadata
	if a.set.metadata != nil {
		now = json.RawMessage(*a.set.metadata)
	}
	merged, err := mergePatch(now, patch)
	if err != nil {
		return located(op, a.QualifiedName(), err)
	}
	return a.SetMetadata(merged)
}

// readMetadata reads a JSON object, and no null.
func readMetadata(text json.RawMessage) (map[string]json.RawMessage, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, invalid("the metadata is no JSON object: %v", err)
	}
	if entries == nil {
		return nil, invalid("the metadata is null and must be a JSON object")
	}
	return entries, nil
}

// mergePatch applies RFC 7396. Numbers stay as they were written.
func mergePatch(target, patch json.RawMessage) (json.RawMessage, error) {
	changes, err := readMetadata(patch)
	if err != nil {
		return patch, nil // no object: it replaces the target
	}
	entries, err := readMetadata(target)
	if err != nil {
		entries = map[string]json.RawMessage{}
	}
	for key, change := range changes {
		if string(bytes.TrimSpace(change)) == "null" {
			delete(entries, key)
			continue
		}
		if entries[key], err = mergePatch(entries[key], change); err != nil {
			return nil, err
		}
	}
	return json.Marshal(entries)
}

// SetTTL keeps the version for so long after its creation, from the next Save
// on; nil means for ever. KindInvalid for less than a second, for a version
// that is seen through a portfolio, and for types that W&B keeps for itself.
func (a *Artifact) SetTTL(ttl *time.Duration) error {
	seconds := int64(wire.TTLDisabled)
	if ttl != nil {
		if seconds = int64(*ttl / time.Second); seconds <= 0 {
			return located(opSetTTL, a.QualifiedName(), invalid("the time to live is %v, and must be a second or more", *ttl))
		}
	}
	return a.setTTL(seconds)
}

// InheritTTL keeps the version as long as its team wants, from the next Save on.
// KindInvalid as for SetTTL.
func (a *Artifact) InheritTTL() error { return a.setTTL(wire.TTLInherited) }

const opSetTTL = "set the time to live of an artifact"

func (a *Artifact) setTTL(seconds int64) error {
	switch {
	case a.IsLink():
		e := invalid("it was looked up in a portfolio, and its time to live belongs to the sequence that it was logged to")
		e.Next = fmt.Sprintf("set it for %q", a.SourceQualifiedName())
		return located(opSetTTL, a.QualifiedName(), e)
	case a.Type == "wandb-history":
		return located(opSetTTL, a.QualifiedName(), invalid("versions of type %q have none", a.Type))
	}
	a.set.ttl = &seconds
	return nil
}

// SetAliases replaces the version's aliases in its collection at the next Save.
// KindInvalid if one of them cannot be an alias.
func (a *Artifact) SetAliases(aliases []string) error {
	if err := checkAliases(aliases); err != nil {
		return located(opAlias, a.QualifiedName(), err)
	}
	a.set.addAliases, a.set.removeAliases = once(without(aliases, a.Aliases)), without(a.Aliases, aliases)
	return nil
}

// AddAliases gives the version aliases in its collection at the next Save. An
// alias that another version of the collection has moves from that to this.
func (a *Artifact) AddAliases(aliases ...string) error {
	if err := checkAliases(aliases); err != nil {
		return located(opAlias, a.QualifiedName(), err)
	}
	a.set.addAliases = once(append(a.set.addAliases, without(aliases, a.Aliases)...))
	a.set.removeAliases = without(a.set.removeAliases, aliases)
	return nil
}

// RemoveAliases takes aliases off the version in its collection at the next
// Save. One that it does not have is none to take off.
func (a *Artifact) RemoveAliases(aliases ...string) {
	a.set.removeAliases = once(append(a.set.removeAliases, without(aliases, without(aliases, a.Aliases))...))
	a.set.addAliases = without(a.set.addAliases, aliases)
}

const opAlias = "change the aliases of an artifact"

// SetTags replaces the version's tags at the next Save. They are the same in
// every collection that holds the version. KindInvalid if one cannot be a tag.
func (a *Artifact) SetTags(tags []string) error {
	tags, err := checkTags(tags)
	if err != nil {
		return located(opTag, a.QualifiedName(), err)
	}
	a.set.addTags, a.set.removeTags = without(tags, a.Tags), without(a.Tags, tags)
	return nil
}

// AddTags gives the version tags at the next Save.
func (a *Artifact) AddTags(tags ...string) error {
	tags, err := checkTags(tags)
	if err != nil {
		return located(opTag, a.QualifiedName(), err)
	}
	a.set.addTags = once(append(a.set.addTags, without(tags, a.Tags)...))
	a.set.removeTags = without(a.set.removeTags, tags)
	return nil
}

// RemoveTags takes tags off the version at the next Save. One that it does not
// have is none to take off.
func (a *Artifact) RemoveTags(tags ...string) {
	a.set.removeTags = once(append(a.set.removeTags, without(tags, without(tags, a.Tags))...))
	a.set.addTags = without(a.set.addTags, tags)
}

const opTag = "change the tags of an artifact"

// once drops repeated words.
func once(words []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		again := seen[w]
		seen[w] = true
		return again
	})
}

// Save sends what setters changed, and nothing if that is nothing: added
// aliases (W&B: AddAliases), removed ones (DeleteAliases), then description,
// metadata, time to live and tags (UpdateArtifact). W&B has no transaction
// around these: when one fails, the earlier ones stand and are not sent again
// by the next Save, and the error says so.
//
// For a version that is seen through a portfolio, description, metadata and
// tags are those of the sequence that it was logged to. Where this API key may
// not write there (W&B: IsProjectReadOnly) Save is KindDenied and sends
// nothing; aliases alone need only the portfolio.
func (a *Artifact) Save(ctx context.Context) error {
	const op = "save artifact"
	if a.set.none() {
		return nil
	}
	if err := a.checkSource(ctx, op); err != nil {
		return err
	}
	var done []string
	for _, step := range []struct {
		what string
		do   func(context.Context) (bool, error)
	}{
		{"new aliases", a.sendNewAliases},
		{"removed aliases", a.sendRemovedAliases},
		{"attributes", a.sendAttributes},
	} {
		sent, err := step.do(ctx)
		if err != nil {
			e := a.client.fail(ctx, op, a.QualifiedName(), err).(*Error)
			if len(done) > 0 {
				e.Message = "the " + strings.Join(done, " and the ") + " were saved, the " + step.what + " not: " + e.Message
				e.Next = strings.TrimPrefix(e.Next+"; Save again to send the rest", "; ")
			}
			return e
		}
		if sent {
			done = append(done, step.what)
		}
	}
	return nil
}

// checkSource refuses what the server would refuse too late, when the aliases
// are changed already.
func (a *Artifact) checkSource(ctx context.Context, op string) error {
	if !a.IsLink() || a.set.onlyAliases() {
		return nil
	}
	may := false
	if a.SourceEntity != "" && a.SourceProject != "" { // otherwise the project cannot be seen
		var err error
		if may, err = wire.MayWrite(ctx, a.client.sender, wire.In{Entity: a.SourceEntity, Project: a.SourceProject}); err != nil {
			return a.client.fail(ctx, op, a.QualifiedName(), err)
		}
	}
	if may {
		return nil
	}
	return &Error{
		Kind: KindDenied, Op: op, Path: a.QualifiedName(),
		Message: fmt.Sprintf("it is linked from %q, whose project this API key may not change; nothing was saved", a.SourceQualifiedName()),
		Next:    "change aliases only, which belong to the portfolio, or ask whoever owns that project",
	}
}

// here are aliases in the collection that the version was looked up in.
func (a *Artifact) here(aliases []string) []wire.ArtifactCollectionAliasInput {
	out := make([]wire.ArtifactCollectionAliasInput, len(aliases))
	for i, alias := range aliases {
		out[i] = wire.ArtifactCollectionAliasInput{
			EntityName: a.Entity, ProjectName: a.Project, ArtifactCollectionName: a.Collection, Alias: alias,
		}
	}
	return out
}

func (a *Artifact) sendNewAliases(ctx context.Context) (bool, error) {
	added := a.set.addAliases
	if len(added) == 0 {
		return false, nil
	}
	if err := wire.AddAliases(ctx, a.client.sender, wire.AddAliasesInput{ArtifactID: wire.ID(a.ID), Aliases: a.here(added)}); err != nil {
		return false, err
	}
	a.Aliases, a.set.addAliases = once(append(slices.Clone(a.Aliases), added...)), nil
	return true, nil
}

func (a *Artifact) sendRemovedAliases(ctx context.Context) (bool, error) {
	removed := a.set.removeAliases
	if len(removed) == 0 {
		return false, nil
	}
	if err := wire.DeleteAliases(ctx, a.client.sender, wire.DeleteAliasesInput{ArtifactID: wire.ID(a.ID), Aliases: a.here(removed)}); err != nil {
		return false, err
	}
	a.Aliases, a.set.removeAliases = without(a.Aliases, removed), nil
	return true, nil
}

func (a *Artifact) sendAttributes(ctx context.Context) (bool, error) {
	if a.set.onlyAliases() {
		return false, nil
	}
	got, err := wire.UpdateArtifact(ctx, a.client.sender, wire.UpdateArtifactInput{
		ArtifactID:         wire.ID(a.ID),
		Description:        a.set.description,
		Metadata:           a.set.metadata,
		TTLDurationSeconds: a.set.ttl,
		TagsToAdd:          tagInputs(a.set.addTags),
		TagsToDelete:       tagInputs(a.set.removeTags),
	})
	if err != nil {
		return false, err
	}
	if got == nil {
		return false, corrupt("a version was changed and left out of the answer")
	}
	own := seat{a.SourceEntity, a.SourceProject, a.SourceCollection, a.SourceVersion, 0}
	at := seat{a.Entity, a.Project, a.Collection, a.Version, a.VersionIndex}
	now, err := a.client.toArtifact(got, a.Type, own, at, a.Aliases)
	if err != nil {
		return false, err
	}
	*a = *now
	return true, nil
}

func tagInputs(names []string) []wire.TagInput {
	out := make([]wire.TagInput, len(names))
	for i, n := range names {
		out[i] = wire.TagInput{TagName: n}
	}
	return out
}

// Reload fetches the version anew. What was set and not saved stays set.
func (a *Artifact) Reload(ctx context.Context) error {
	now, err := a.client.Artifact(ctx, a.QualifiedName())
	if err != nil {
		return err
	}
	now.set = a.set
	*a = *now
	return nil
}
