package graph

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A kind names what a global id stands for. A global id is the standard base64,
// with padding, of "<kind>:<number>": clients decode those of artifacts and
// write them into wandb-artifact:// references in hex.
type kind string

const (
	artifactID        kind = "Artifact"
	collectionID      kind = "ArtifactCollection"
	membershipID      kind = "ArtifactCollectionMembership"
	aliasID           kind = "ArtifactAlias"
	artifactTypeID    kind = "ArtifactType"
	artifactFileID    kind = "ArtifactFile"
	manifestID        kind = "ArtifactManifest"
	tagID             kind = "Tag"
	projectID         kind = "Project"
	projectInternalID kind = "ProjectInternalId" // clients decode it for registry filters
	runID             kind = "Run"
	runFileID         kind = "RunFile"
	userID            kind = "User"
	entityID          kind = "Entity"
	organizationID    kind = "Organization"
	deletionID        kind = "ArtifactDeletion"
	aliasMoveID       kind = "ArtifactAliasMove"
	auditEntryID      kind = "AuditLogEntry"
)

// globalID is the id that clients see.
func (k kind) globalID(n int64) string {
	return base64.StdEncoding.EncodeToString([]byte(string(k) + ":" + strconv.FormatInt(n, 10)))
}

// nameID is the id of something that has a name rather than a number.
func (k kind) nameID(parent int64, name string) string {
	return base64.StdEncoding.EncodeToString([]byte(string(k) + ":" + strconv.FormatInt(parent, 10) + ":" + name))
}

// number reads a global id of this kind. KindInvalid if it is none, or one of
// another kind.
func (k kind) number(id string) (int64, error) {
	text, err := base64.StdEncoding.DecodeString(id)
	if err != nil {
		// W&B's own ids appear without their padding in places.
		if text, err = base64.RawStdEncoding.DecodeString(id); err != nil {
			return 0, fail(metadata.KindInvalid, "%q is not the id of %s", id, k.words())
		}
	}
	is, rest, ok := strings.Cut(string(text), ":")
	n, err := strconv.ParseInt(rest, 10, 64)
	if !ok || err != nil || n <= 0 {
		return 0, fail(metadata.KindInvalid, "%q is not the id of %s", id, k.words())
	}
	if kind(is) != k {
		return 0, fail(metadata.KindInvalid, "%q is the id of %s, not of %s", id, kind(is).words(), k.words())
	}
	return n, nil
}

// words says the kind as one would in a sentence.
func (k kind) words() string {
	switch k {
	case artifactID:
		return "an artifact"
	case collectionID:
		return "an artifact collection"
	case membershipID:
		return "an artifact membership"
	case aliasID:
		return "an alias"
	case artifactTypeID:
		return "an artifact type"
	case artifactFileID:
		return "a file of an artifact"
	case manifestID:
		return "an artifact manifest"
	case tagID:
		return "a tag"
	case projectID, projectInternalID:
		return "a project"
	case runID:
		return "a run"
	case runFileID:
		return "a file of a run"
	case userID:
		return "a user"
	case entityID:
		return "an entity"
	case organizationID:
		return "an organization"
	case deletionID:
		return "a deletion"
	case aliasMoveID:
		return "a move of an alias"
	case auditEntryID:
		return "an entry of the audit log"
	default:
		return "something unknown"
	}
}

// ParseArtifactID reads the global id of an artifact. KindInvalid if it is none.
func ParseArtifactID(id string) (int64, error) { return artifactID.number(id) }
