package tools

import (
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// This file holds what operations of ToolsetClasses give: whole objects, under
// W&B's names, with nothing cut short.

// ArtifactTypeNode is an artifact type with all its attributes.
type ArtifactTypeNode struct {
	ID          string    `json:"id"`
	Entity      string    `json:"entity"`
	Project     string    `json:"project"`
	Name        string    `json:"name"`
	Description *string   `json:"description,omitempty"`
	CreatedAt   time.Time `json:"created_at"`
}

func typeNode(entity, project string, a artifacts.ArtifactTypeAttrs) ArtifactTypeNode {
	return ArtifactTypeNode{ID: a.ID, Entity: entity, Project: project, Name: a.Name, Description: a.Description, CreatedAt: a.CreatedAt}
}

// ArtifactCollectionNode is a collection with all its attributes but aliases.
type ArtifactCollectionNode struct {
	ID          string     `json:"id"`
	Kind        string     `json:"kind" jsonschema:"enum=SEQUENCE,enum=PORTFOLIO"`
	Entity      string     `json:"entity"`
	Project     string     `json:"project"`
	Name        string     `json:"name"`
	Type        string     `json:"type"`
	Description *string    `json:"description,omitempty"`
	Tags        []string   `json:"tags"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   *time.Time `json:"updated_at,omitempty"`
}

func collectionNode(a artifacts.ArtifactCollectionAttrs) ArtifactCollectionNode {
	return ArtifactCollectionNode{
		ID: a.ID, Kind: string(a.Kind), Entity: a.Entity, Project: a.Project, Name: a.Name, Type: a.Type,
		Description: a.Description, Tags: a.Tags, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
}

// ArtifactNode is a version with all its attributes, as seen in one collection.
type ArtifactNode struct {
	ID           string   `json:"id"`
	Entity       string   `json:"entity"`
	Project      string   `json:"project"`
	Collection   string   `json:"collection"`
	Version      string   `json:"version"`
	VersionIndex int      `json:"version_index"`
	Aliases      []string `json:"aliases"`
	// Where it was logged; the same place unless it is a link.
	SourceEntity     string  `json:"source_entity"`
	SourceProject    string  `json:"source_project"`
	SourceCollection string  `json:"source_collection"`
	SourceVersion    string  `json:"source_version"`
	Type             string  `json:"type"`
	State            string  `json:"state"`
	Description      *string `json:"description,omitempty"`
	// Left out if there is none.
	Metadata   *Object  `json:"metadata,omitempty"`
	Tags       []string `json:"tags"`
	Digest     string   `json:"digest"`
	CommitHash string   `json:"commit_hash,omitempty"`
	Size       Bytes    `json:"size"`
	FileCount  int64    `json:"file_count"`
	// Kept so long after created_at. Left out: for ever.
	TTLSeconds     *int64     `json:"ttl_seconds,omitempty"`
	TTLIsInherited bool       `json:"ttl_is_inherited"`
	HistoryStep    *int64     `json:"history_step,omitempty"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      *time.Time `json:"updated_at,omitempty"`
}

func artifactNode(a *artifacts.Artifact) ArtifactNode {
	n := ArtifactNode{
		ID: a.ID, Entity: a.Entity, Project: a.Project, Collection: a.Collection,
		Version: a.Version, VersionIndex: a.VersionIndex, Aliases: listed(a.Aliases),
		SourceEntity: a.SourceEntity, SourceProject: a.SourceProject,
		SourceCollection: a.SourceCollection, SourceVersion: a.SourceVersion,
		Type: a.Type, State: string(a.State), Description: a.Description, Tags: listed(a.Tags),
		Digest: a.Digest, CommitHash: a.CommitHash, Size: Bytes(a.Size), FileCount: a.FileCount,
		TTLIsInherited: a.TTLIsInherited, HistoryStep: a.HistoryStep,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
	if a.Metadata != nil {
		n.Metadata = &Object{a.Metadata}
	}
	if a.TTL != nil {
		seconds := int64(a.TTL.Seconds())
		n.TTLSeconds = &seconds
	}
	return n
}

// listed is a list that is written as [] when it is empty.
func listed(words []string) []string {
	if words == nil {
		return []string{}
	}
	return words
}

// FileNode is a file of a version as the server knows it.
type FileNode struct {
	ID string `json:"id"`
	// The path in the version.
	Name     string `json:"name"`
	Size     Bytes  `json:"size"`
	Mimetype string `json:"mimetype,omitempty"`
	// Base64 MD5, or what the store of a reference said.
	Digest      string     `json:"digest,omitempty"`
	MD5         string     `json:"md5,omitempty"`
	StoragePath string     `json:"storage_path,omitempty"`
	UpdatedAt   *time.Time `json:"updated_at,omitempty"`
	// Fetches the bytes without credentials, for a while: a secret.
	DirectURL string `json:"direct_url,omitempty"`
	URL       string `json:"url,omitempty"`
}

func fileNode(f *artifacts.File) FileNode {
	return FileNode{
		ID: f.ID, Name: f.Name, Size: Bytes(f.Size), Mimetype: f.Mimetype, Digest: f.Digest, MD5: f.MD5,
		StoragePath: f.StoragePath, UpdatedAt: f.UpdatedAt, DirectURL: f.DirectURL, URL: f.URL,
	}
}

// ManifestEntryNode is an entry of a version's manifest.
type ManifestEntryNode struct {
	Path   string `json:"path"`
	Digest string `json:"digest"`
	// Left out if the manifest does not say.
	Size *Bytes `json:"size,omitempty"`
	// The URI of a reference; left out for a file that the server keeps.
	Ref             string  `json:"ref,omitempty"`
	BirthArtifactID string  `json:"birth_artifact_id,omitempty"`
	Extra           *Object `json:"extra,omitempty"`
}

func entryNode(e *artifacts.ManifestEntry) ManifestEntryNode {
	n := ManifestEntryNode{Path: e.Path, Digest: e.Digest, Ref: e.Ref, BirthArtifactID: e.BirthArtifactID}
	if e.Size >= 0 {
		size := Bytes(e.Size)
		n.Size = &size
	}
	if e.Extra != nil {
		n.Extra = &Object{e.Extra}
	}
	return n
}

// RunNode is a run as lists show it.
type RunNode struct {
	ID          string     `json:"id"`
	Entity      string     `json:"entity"`
	Project     string     `json:"project"`
	DisplayName string     `json:"display_name,omitempty"`
	State       string     `json:"state,omitempty"`
	Group       string     `json:"group,omitempty"`
	JobType     string     `json:"job_type,omitempty"`
	Tags        []string   `json:"tags"`
	User        string     `json:"user,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	HeartbeatAt *time.Time `json:"heartbeat_at,omitempty"`
}

func runNode(r artifacts.Run) RunNode {
	return RunNode{
		ID: r.ID, Entity: r.Entity, Project: r.Project, DisplayName: r.DisplayName, State: r.State, Group: r.Group,
		JobType: r.JobType, Tags: listed(r.Tags), User: r.User, CreatedAt: r.CreatedAt, HeartbeatAt: r.HeartbeatAt,
	}
}

// RunName names a run.
type RunName struct {
	Entity  string `json:"entity"`
	Project string `json:"project"`
	ID      string `json:"id"`
}

func runName(r artifacts.RunPath) RunName { return RunName(r) }

// ProjectNode is a project with all its attributes.
type ProjectNode struct {
	ID          string    `json:"id"`
	Entity      string    `json:"entity"`
	Name        string    `json:"name"`
	Description *string   `json:"description,omitempty"`
	CreatedAt   time.Time `json:"created_at"`
}

func projectNode(p artifacts.Project) ProjectNode { return ProjectNode(p) }
