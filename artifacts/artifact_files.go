package artifacts

import "time"

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
}

// Artifact is the version whose files are listed.
func (l *ArtifactFiles) Artifact() *Artifact { return l.artifact }

// Path is the version's entity, project and name.
func (l *ArtifactFiles) Path() []string {
	return []string{l.artifact.Entity, l.artifact.Project, l.artifact.Name()}
}
