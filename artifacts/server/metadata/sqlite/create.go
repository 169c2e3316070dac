package sqlite

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// CreateArtifact starts a version, or returns the one that is already there.
func (s *Store) CreateArtifact(ctx context.Context, n metadata.NewArtifact) (metadata.Artifact, error) {
	if err := checkNew(n); err != nil {
		return metadata.Artifact{}, err
	}
	ctx = acting(ctx, "createArtifact")
	var a metadata.Artifact
	err := s.write(ctx, func(q session) error {
		id, err := createArtifact(ctx, q, n, s.now())
		if err != nil {
			return err
		}
		a, err = artifactByID(ctx, q, id)
		return err
	})
	return a, err
}

func checkNew(n metadata.NewArtifact) error {
	if n.Digest == "" || len(n.Digest) > metadata.MaxName {
		return invalid("the digest %.40q of the new version of %q is not valid; send the digest of its manifest", n.Digest, n.Sequence)
	}
	for _, id := range []string{n.ClientID, n.SequenceClientID, n.DistributedID} {
		if len(id) > 4*metadata.MaxName {
			return invalid("the client or distributed id %.20q... is longer than %d bytes", id, 4*metadata.MaxName)
		}
	}
	for _, alias := range n.Aliases {
		if err := metadata.CheckAlias(alias); err != nil {
			return err
		}
	}
	if err := checkTags(n.Tags); err != nil {
		return err
	}
	if err := checkTTL(n.TTLDurationSeconds); err != nil {
		return err
	}
	return checkJSON("metadata", n.Metadata)
}

// createArtifact returns the id of the version to go on with. The order of the
// questions matters: a client id names one version whatever else was sent (the
// request may be a retry), a distributed id joins the writers of one version,
// and only then may equal content stand for a new version.
func createArtifact(ctx context.Context, q session, n metadata.NewArtifact, now int64) (int64, error) {
	p, err := project(ctx, q, n.Entity, n.Project)
	if err != nil {
		return 0, err
	}
	t, err := ensureType(ctx, q, p.ID, n.Type, now)
	if err != nil {
		return 0, err
	}
	seq, err := ensureCollection(ctx, q, p.ID, t, metadata.Sequence, n.Sequence, now)
	if err != nil {
		return 0, err
	}
	var runID int64
	if n.RunName != "" {
		err := one(ctx, q, "SELECT id FROM runs WHERE project_id = ? AND name = ?", []any{p.ID, n.RunName}, &runID)
		if missing(err) {
			return 0, notFound("run %q not found in project %q of entity %q", n.RunName, n.Project, n.Entity)
		}
		if err != nil {
			return 0, err
		}
	}
	old, err := existing(ctx, q, n, seq)
	if err != nil {
		return 0, err
	}
	if old != nil {
		return old.ID, rejoin(ctx, q, n, *old, seq, runID, now)
	}
	aliases, err := json.Marshal(unique(n.Aliases))
	if err != nil {
		return 0, err
	}
	ttl := n.TTLDurationSeconds
	if ttl != nil && *ttl == -1 {
		ttl = nil
	}
	var id int64
	if err := one(ctx, q, `INSERT INTO artifacts (sequence_id, state, digest, description, metadata, ttl_seconds, history_step, commit_hash, run_id, user_id, distributed_id, sequence_client_id, pending_aliases, created_at, updated_at)
		VALUES (?, 'PENDING', ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		[]any{seq.ID, n.Digest, n.Description, n.Metadata, ttl, n.HistoryStep, optional(runID), optional(n.UserID), n.DistributedID, n.SequenceClientID, string(aliases), now, now}, &id); err != nil {
		return 0, err
	}
	if err := setClientID(ctx, q, n.ClientID, id); err != nil {
		return 0, err
	}
	return id, addArtifactTags(ctx, q, p.ID, id, n.Tags)
}

// existing finds the version that a request for a new one stands for, if any.
func existing(ctx context.Context, q session, n metadata.NewArtifact, seq metadata.Collection) (*metadata.Artifact, error) {
	if n.ClientID != "" {
		a, err := artifactByClientID(ctx, q, n.ClientID)
		switch {
		case missing(err) || err == nil && a.State == metadata.Deleted:
		case err != nil:
			return nil, err
		case a.SequenceID != seq.ID:
			return nil, conflict("the client id of the new version of %q belongs to another artifact already; log a new artifact object", n.Sequence)
		case a.State == metadata.Committed && a.Digest != n.Digest && n.DistributedID == "":
			return nil, conflict("the client id of the new version of %q belongs to %s, whose content is another one; log a new artifact object", n.Sequence, artifactName(a))
		default:
			return &a, nil
		}
	}
	if n.DistributedID != "" {
		a, err := first(ctx, q, plainly(scanArtifact), "SELECT "+artifactColumns+" FROM "+artifactFrom+" WHERE a.sequence_id = ? AND a.distributed_id = ? AND a.distributed_id <> '' AND a.state = 'PENDING'", seq.ID, n.DistributedID)
		if !missing(err) {
			return &a, err
		}
	}
	// Of a distributed version the digest is that of one writer's part.
	if n.Deduplicate && n.DistributedID == "" {
		a, err := first(ctx, q, plainly(scanArtifact), "SELECT "+artifactColumns+" FROM "+artifactFrom+" WHERE a.sequence_id = ? AND a.digest = ? AND a.state = 'COMMITTED' ORDER BY a.version_index DESC LIMIT 1", seq.ID, n.Digest)
		if !missing(err) {
			return &a, err
		}
	}
	return nil, nil
}

// rejoin records what a request says of a version that is there already.
func rejoin(ctx context.Context, q session, n metadata.NewArtifact, old metadata.Artifact, seq metadata.Collection, runID, now int64) error {
	if err := setClientID(ctx, q, n.ClientID, old.ID); err != nil {
		return err
	}
	if err := addArtifactTags(ctx, q, old.ProjectID, old.ID, n.Tags); err != nil {
		return err
	}
	if old.State == metadata.Pending {
		var text string
		if err := one(ctx, q, "SELECT pending_aliases FROM artifacts WHERE id = ?", []any{old.ID}, &text); err != nil {
			return err
		}
		var aliases []string
		if err := json.Unmarshal([]byte(text), &aliases); err != nil {
			return corrupt(err, "the aliases of %s are damaged: %v; run `reliquary doctor`", artifactName(old), err)
		}
		merged, err := json.Marshal(unique(append(aliases, n.Aliases...)))
		if err != nil {
			return err
		}
		return run(ctx, q, "UPDATE artifacts SET pending_aliases = ?, digest = ?, run_id = coalesce(run_id, ?), updated_at = ? WHERE id = ?", string(merged), n.Digest, optional(runID), now, old.ID)
	}
	if runID != 0 {
		if err := recordRunArtifact(ctx, q, runID, metadata.Output, old.ID, "", now); err != nil {
			return err
		}
	}
	var member int64
	if err := one(ctx, q, "SELECT id FROM memberships WHERE artifact_id = ? AND collection_id = ? AND removed_at IS NULL", []any{old.ID, seq.ID}, &member); err != nil {
		return err
	}
	if len(n.Aliases)+len(n.Tags) > 0 {
		if err := audit(ctx, q, old.EntityID, now, artifactSubject(old), "logged again with "+listed(append(slices.Clone(n.Aliases), n.Tags...))); err != nil {
			return err
		}
	}
	return setAliases(ctx, q, seq.ID, member, n.Aliases, now)
}

func setClientID(ctx context.Context, q session, clientID string, artifactID int64) error {
	if clientID == "" {
		return nil
	}
	return run(ctx, q, "INSERT INTO client_ids (client_id, artifact_id) VALUES (?, ?) ON CONFLICT DO UPDATE SET artifact_id = excluded.artifact_id", clientID, artifactID)
}

// unique keeps the first of equal words.
func unique(words []string) []string {
	kept := []string{}
	for _, w := range words {
		if !slices.Contains(kept, w) {
			kept = append(kept, w)
		}
	}
	return kept
}
