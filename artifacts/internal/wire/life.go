package wire

import "context"

// What stands here is asked of the embedded registry only: W&B's schema has none
// of it. Its ServerInfo has features that say so.

// DateTime is a moment in UTC, as RFC 3339 has it.
type DateTime string

// A Deletion is one act of deleting.
type Deletion struct {
	ID             ID      `json:"id"`
	Kind           string  `json:"kind"`
	Cause          string  `json:"cause"`
	EntityName     string  `json:"entityName"`
	ProjectName    string  `json:"projectName"`
	CollectionName string  `json:"collectionName"`
	TypeName       string  `json:"typeName"`
	VersionIndex   *int    `json:"versionIndex"`
	ArtifactID     *ID     `graphql:"artifactID" json:"artifactID"`
	Digest         *string `json:"digest"`
	VersionCount   int     `json:"versionCount"`
	Size           int64   `json:"size"`
	Username       *string `json:"username"`
	Actor          *string `json:"actor"`
	Reason         *string `json:"reason"`
	DeletedAt      string  `json:"deletedAt"`
	RestoredAt     *string `json:"restoredAt"`
	CollectedAt    *string `json:"collectedAt"`
}

type projectDeletions struct {
	Project *struct {
		Deletions *Counted[Deletion] `graphql:"artifactDeletions(first: $perPage, after: $cursor, filters: $filters)" json:"artifactDeletions"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// ArtifactDeletions asks for a page of what was deleted in a project.
func ArtifactDeletions(ctx context.Context, s *Sender, in In, filters JSONString, p Page) (*Counted[Deletion], Missing, error) {
	vars := p.counted(in.vars())
	vars["filters"] = optional(filters)
	out, err := Do[projectDeletions](ctx, s, Op{Name: "ArtifactDeletions"}, vars)
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	case out.Project.Deletions == nil:
		return nil, MissingList, nil
	}
	return out.Project.Deletions, Nothing, nil
}

type oneDeletion struct {
	Deletion *Deletion `graphql:"artifactDeletion(id: $id)" json:"artifactDeletion"`
}

// ArtifactDeletion asks for a deletion; nil where it is not there.
func ArtifactDeletion(ctx context.Context, s *Sender, id ID) (*Deletion, error) {
	out, err := Do[oneDeletion](ctx, s, Op{Name: "ArtifactDeletion"}, Vars{"id": id})
	if err != nil {
		return nil, err
	}
	return out.Deletion, nil
}

// RestoreArtifactDeletionInput undoes a deletion.
type RestoreArtifactDeletionInput struct {
	DeletionID ID      `json:"deletionID"`
	Name       *string `json:"name,omitempty"`
}

// Restored is what undoing a deletion did.
type Restored struct {
	Deletion     *Deletion `json:"deletion"`
	VersionCount int       `json:"versionCount"`
	Aliases      []string  `json:"aliases"`
	Kept         []string  `json:"kept"`
}

type restoreDeletion struct {
	Result *Restored `graphql:"restoreArtifactDeletion(input: $input)" json:"restoreArtifactDeletion"`
}

// RestoreArtifactDeletion undoes a deletion. Repeating it changes nothing; the
// answer can be nil.
func RestoreArtifactDeletion(ctx context.Context, s *Sender, in RestoreArtifactDeletionInput) (*Restored, error) {
	out, err := Do[restoreDeletion](ctx, s, Op{"RestoreArtifactDeletion", Acts}, Vars{"input": in})
	if err != nil {
		return nil, err
	}
	return out.Result, nil
}

// An AliasMove is one change of what an alias names.
type AliasMove struct {
	ID               ID      `json:"id"`
	Alias            string  `json:"alias"`
	FromVersionIndex *int    `json:"fromVersionIndex"`
	ToVersionIndex   *int    `json:"toVersionIndex"`
	MovedAt          string  `json:"movedAt"`
	Operation        string  `json:"operation"`
	Username         *string `json:"username"`
	Actor            *string `json:"actor"`
	Reason           *string `json:"reason"`
}

type aliasMoves struct {
	Project *struct {
		Collection *struct {
			Moves *Nodes[AliasMove] `graphql:"aliasMoves(alias: $alias, first: $perPage, after: $cursor, filters: $filters)" json:"aliasMoves"`
		} `graphql:"artifactCollection(name: $collection)" json:"artifactCollection"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// AliasMoves asks for a page of the moves of a collection's aliases, or of one.
func AliasMoves(ctx context.Context, s *Sender, in In, collection, alias string, filters JSONString, p Page) (*Nodes[AliasMove], Missing, error) {
	vars := p.vars(in.vars())
	vars["collection"], vars["alias"], vars["filters"] = collection, optional(alias), optional(filters)
	out, err := Do[aliasMoves](ctx, s, Op{Name: "ArtifactAliasMoves"}, vars)
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	case out.Project.Collection == nil:
		return nil, MissingCollection, nil
	case out.Project.Collection.Moves == nil:
		return nil, MissingList, nil
	}
	return out.Project.Collection.Moves, Nothing, nil
}

// AliasAt is which version an alias named at a time.
type AliasAt struct {
	Known        bool       `json:"known"`
	VersionIndex *int       `json:"versionIndex"`
	Move         *AliasMove `json:"move"`
	Membership   *struct {
		VersionIndex *int `json:"versionIndex"`
	} `graphql:"artifactMembership" json:"artifactMembership"`
}

type aliasAt struct {
	Project *struct {
		Collection *struct {
			At *AliasAt `graphql:"aliasAt(alias: $alias, at: $at)" json:"aliasAt"`
		} `graphql:"artifactCollection(name: $collection)" json:"artifactCollection"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// GetAliasAt asks which version an alias named at a time.
func GetAliasAt(ctx context.Context, s *Sender, in In, collection, alias string, at DateTime) (*AliasAt, Missing, error) {
	vars := in.vars()
	vars["collection"], vars["alias"], vars["at"] = collection, alias, at
	out, err := Do[aliasAt](ctx, s, Op{Name: "ArtifactAliasAt"}, vars)
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	case out.Project.Collection == nil || out.Project.Collection.At == nil:
		return nil, MissingCollection, nil
	}
	return out.Project.Collection.At, Nothing, nil
}

type bytesFreed struct {
	Bytes *int64 `graphql:"artifactBytesFreed(artifactIDs: $ids)" json:"artifactBytesFreed"`
}

// ArtifactBytesFreed asks what deleting versions would free; nil where one of
// them is not there.
func ArtifactBytesFreed(ctx context.Context, s *Sender, ids []ID) (*int64, error) {
	out, err := Do[bytesFreed](ctx, s, Op{Name: "ArtifactBytesFreed"}, Vars{"ids": ids})
	if err != nil {
		return nil, err
	}
	return out.Bytes, nil
}

// An AuditEntry is one change that was made.
type AuditEntry struct {
	ID        ID      `json:"id"`
	LoggedAt  string  `json:"loggedAt"`
	Username  *string `json:"username"`
	Actor     *string `json:"actor"`
	Operation string  `json:"operation"`
	Subject   string  `json:"subject"`
	Details   string  `json:"details"`
	Reason    *string `json:"reason"`
}

type auditLog struct {
	Entity *struct {
		Log *Nodes[AuditEntry] `graphql:"auditLog(first: $perPage, after: $cursor, filters: $filters)" json:"auditLog"`
	} `graphql:"entity(name: $entity)" json:"entity"`
}

// AuditLog asks for a page of what was changed in an entity; nil where it is not
// there.
func AuditLog(ctx context.Context, s *Sender, entity string, filters JSONString, p Page) (*Nodes[AuditEntry], error) {
	out, err := Do[auditLog](ctx, s, Op{Name: "AuditLog"}, p.vars(Vars{"entity": entity, "filters": optional(filters)}))
	if err != nil || out.Entity == nil {
		return nil, err
	}
	return out.Entity.Log, nil
}

// UpdateEntityArtifactTTLInput sets the time to live that versions inherit; nil: for ever.
type UpdateEntityArtifactTTLInput struct {
	EntityName         string `json:"entityName"`
	TTLDurationSeconds *int64 `json:"ttlDurationSeconds,omitempty"`
}

type updateEntityTTL struct {
	Result *struct {
		Entity *struct {
			Seconds *int64 `graphql:"artifactTTLDurationSeconds" json:"artifactTTLDurationSeconds"`
		} `json:"entity"`
	} `graphql:"updateEntityArtifactTTL(input: $input)" json:"updateEntityArtifactTTL"`
}

// UpdateEntityArtifactTTL sets the time to live that versions of an entity inherit.
func UpdateEntityArtifactTTL(ctx context.Context, s *Sender, in UpdateEntityArtifactTTLInput) error {
	_, err := Do[updateEntityTTL](ctx, s, Op{"UpdateEntityArtifactTTL", Sets}, Vars{"input": in})
	return err
}
