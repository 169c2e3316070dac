package wire

import "context"

// CreateArtifactInput starts a version. What is optional in it and newer than
// the oldest servers is left out where it is not given.
type CreateArtifactInput struct {
	EntityName                string               `json:"entityName"`
	ProjectName               string               `json:"projectName"`
	ArtifactTypeName          string               `json:"artifactTypeName"`
	ArtifactCollectionName    string               `json:"artifactCollectionName"`
	RunName                   *string              `json:"runName,omitempty"`
	Digest                    string               `json:"digest"`
	DigestAlgorithm           string               `json:"digestAlgorithm"`
	Description               *string              `json:"description,omitempty"`
	Aliases                   []ArtifactAliasInput `json:"aliases"`
	Tags                      []TagInput           `json:"tags,omitempty"`
	Metadata                  *JSONString          `json:"metadata,omitempty"`
	TTLDurationSeconds        *int64               `json:"ttlDurationSeconds,omitempty"`
	HistoryStep               *int64               `json:"historyStep,omitempty"`
	EnableDigestDeduplication bool                 `json:"enableDigestDeduplication"`
	ClientID                  ID                   `json:"clientID"`
	SequenceClientID          ID                   `json:"sequenceClientID"`
	StorageRegion             *string              `json:"storageRegion,omitempty"`
}

// ArtifactAliasInput is an alias in a collection.
type ArtifactAliasInput struct {
	ArtifactCollectionName string `json:"artifactCollectionName"`
	Alias                  string `json:"alias"`
}

// DigestMD5 is the algorithm of all digests that this package makes.
const DigestMD5 = "MANIFEST_MD5"

// A CreatedArtifact is a version that was started, or the committed one that
// has the same content.
type CreatedArtifact struct {
	ID               ID     `json:"id"`
	State            string `json:"state"`
	ArtifactSequence *struct {
		LatestArtifact *struct {
			ID ID `json:"id"`
		} `json:"latestArtifact"`
	} `json:"artifactSequence"`
}

type createArtifact struct {
	Result *struct {
		Artifact *CreatedArtifact `json:"artifact"`
	} `graphql:"createArtifact(input: $input)" json:"createArtifact"`
}

// CreateArtifact starts a version; the answer can be nil. Sending it twice
// leaves a version that nobody sees, which the server drops in time.
func CreateArtifact(ctx context.Context, s *Sender, in CreateArtifactInput) (*CreatedArtifact, error) {
	out, err := Do[createArtifact](ctx, s, Op{"CreateArtifact", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil {
		return nil, err
	}
	return out.Result.Artifact, nil
}

// CreateArtifactManifestInput announces a manifest, and with a digest asks
// where to upload it to.
type CreateArtifactManifestInput struct {
	ArtifactID     ID     `json:"artifactID"`
	BaseArtifactID *ID    `json:"baseArtifactID,omitempty"`
	Name           string `json:"name"`
	Digest         string `json:"digest"`
	EntityName     string `json:"entityName"`
	ProjectName    string `json:"projectName"`
	RunName        string `json:"runName"`
	Type           string `json:"type"`
}

// FullManifest is the type of a manifest that lists everything.
const FullManifest = "FULL"

type announceManifest struct {
	Result *struct {
		ArtifactManifest *struct {
			ID ID `json:"id"`
		} `json:"artifactManifest"`
	} `graphql:"createArtifactManifest(input: $input)" json:"createArtifactManifest"`
}

// AnnounceManifest says that a manifest will come and returns its id, "" if the
// server left it out.
func AnnounceManifest(ctx context.Context, s *Sender, in CreateArtifactManifestInput) (ID, error) {
	out, err := Do[announceManifest](ctx, s, Op{"CreateArtifactManifest", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil || out.Result.ArtifactManifest == nil {
		return "", err
	}
	return out.Result.ArtifactManifest.ID, nil
}

// An Upload says where to put bytes.
type Upload struct {
	UploadURL     *string  `graphql:"uploadUrl" json:"uploadUrl"`
	UploadHeaders []string `json:"uploadHeaders"`
}

type createManifest struct {
	Result *struct {
		ArtifactManifest *struct {
			ID   ID      `json:"id"`
			File *Upload `json:"file"`
		} `json:"artifactManifest"`
	} `graphql:"createArtifactManifest(input: $input)" json:"createArtifactManifest"`
}

// CreateManifest asks where to upload a manifest to; the answer can be nil.
func CreateManifest(ctx context.Context, s *Sender, in CreateArtifactManifestInput) (*Upload, error) {
	out, err := Do[createManifest](ctx, s, Op{"CreateArtifactManifest", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil || out.Result.ArtifactManifest == nil {
		return nil, err
	}
	return out.Result.ArtifactManifest.File, nil
}

// CreateArtifactFilesInput asks where to upload files to.
type CreateArtifactFilesInput struct {
	ArtifactFiles []CreateArtifactFileSpecInput `json:"artifactFiles"`
	StorageLayout string                        `json:"storageLayout"`
}

// CreateArtifactFileSpecInput is one file to be uploaded.
type CreateArtifactFileSpecInput struct {
	ArtifactID         ID                 `json:"artifactID"`
	ArtifactManifestID *ID                `json:"artifactManifestID,omitempty"`
	Name               string             `json:"name"`
	MD5                string             `json:"md5"`
	UploadPartsInput   []UploadPartsInput `json:"uploadPartsInput,omitempty"`
}

// UploadPartsInput is one part of a large file, numbered from 1. When parts
// are completed, HexMD5 carries the ETag that the upload was answered with.
type UploadPartsInput struct {
	PartNumber int64  `json:"partNumber"`
	HexMD5     string `json:"hexMD5"`
}

// StorageLayoutV2 keeps files by the version that brought them.
const StorageLayoutV2 = "V2"

// A FileUpload is where to put one file. A nil UploadURL says that the server
// has the bytes.
type FileUpload struct {
	StoragePath *string `json:"storagePath"`
	Upload
	UploadMultipartURLs *MultipartUpload `graphql:"uploadMultipartUrls" json:"uploadMultipartUrls"`
	// Artifact is the version that first brought the bytes.
	Artifact *struct {
		ID ID `json:"id"`
	} `json:"artifact"`
}

// A MultipartUpload is where to put the parts of a large file.
type MultipartUpload struct {
	UploadID       string `graphql:"uploadID" json:"uploadID"`
	UploadURLParts []struct {
		PartNumber int64  `json:"partNumber"`
		UploadURL  string `graphql:"uploadUrl" json:"uploadUrl"`
	} `graphql:"uploadUrlParts" json:"uploadUrlParts"`
}

type createFiles struct {
	Result *struct {
		Files struct {
			Edges []Edge[FileUpload] `json:"edges"`
		} `json:"files"`
	} `graphql:"createArtifactFiles(input: $input)" json:"createArtifactFiles"`
}

// CreateArtifactFiles asks where to upload files to. The answers come in the
// order of the questions; whether there are as many is the caller's to check.
func CreateArtifactFiles(ctx context.Context, s *Sender, in CreateArtifactFilesInput) ([]Edge[FileUpload], error) {
	out, err := Do[createFiles](ctx, s, Op{"CreateArtifactFiles", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil {
		return nil, err
	}
	return out.Result.Files.Edges, nil
}

// CompleteMultipartUploadArtifactInput joins the parts of a large file.
type CompleteMultipartUploadArtifactInput struct {
	CompleteMultipartAction string             `json:"completeMultipartAction"`
	CompletedParts          []UploadPartsInput `json:"completedParts"`
	ArtifactID              ID                 `json:"artifactID"`
	StoragePath             string             `json:"storagePath"`
	UploadID                string             `json:"uploadID"`
}

// CompleteParts is the one action of CompleteMultipartUploadArtifactInput.
const CompleteParts = "Complete"

type completeMultipart struct {
	Result *struct {
		Digest *string `json:"digest"`
	} `graphql:"completeMultipartUploadArtifact(input: $input)" json:"completeMultipartUploadArtifact"`
}

// CompleteMultipart joins the parts of a large file.
func CompleteMultipart(ctx context.Context, s *Sender, in CompleteMultipartUploadArtifactInput) error {
	_, err := Do[completeMultipart](ctx, s, Op{"CompleteMultipartUploadArtifact", Sets}, Vars{"input": in})
	return err
}

type commitArtifact struct {
	Result *struct {
		Artifact *struct {
			ID ID `json:"id"`
		} `json:"artifact"`
	} `graphql:"commitArtifact(input: {artifactID: $id})" json:"commitArtifact"`
}

// CommitArtifact makes a version whole. A server that is asked twice answers
// the second time as the first.
func CommitArtifact(ctx context.Context, s *Sender, id ID) error {
	_, err := Do[commitArtifact](ctx, s, Op{"CommitArtifact", Sets}, Vars{"id": id})
	return err
}

type clientIDMapping struct {
	Mapping *struct {
		ServerID ID `graphql:"serverID" json:"serverID"`
	} `graphql:"clientIDMapping(clientID: $clientID)" json:"clientIDMapping"`
}

// ClientIDMapping finds the server's id of a version that a client named by
// its own, "" if there is none.
func ClientIDMapping(ctx context.Context, s *Sender, clientID ID) (ID, error) {
	out, err := Do[clientIDMapping](ctx, s, Op{Name: "ClientIDMapping"}, Vars{"clientID": clientID})
	if err != nil || out.Mapping == nil {
		return "", err
	}
	return out.Mapping.ServerID, nil
}

// UpsertBucketInput creates or changes a run. Name is the run's id.
type UpsertBucketInput struct {
	Name        string  `json:"name"`
	EntityName  string  `json:"entityName"`
	ModelName   string  `json:"modelName"` // the project
	DisplayName *string `json:"displayName,omitempty"`
	JobType     *string `json:"jobType,omitempty"`
	State       *string `json:"state,omitempty"`
}

// A Run is where a run is.
type Run struct {
	ID          ID       `json:"id"`
	Name        string   `json:"name"`
	DisplayName *string  `json:"displayName"`
	Project     *Project `json:"project"`
}

type upsertBucket struct {
	Result *struct {
		Bucket *Run `json:"bucket"`
	} `graphql:"upsertBucket(input: $input)" json:"upsertBucket"`
}

// UpsertBucket creates or changes a run; the answer can be nil.
func UpsertBucket(ctx context.Context, s *Sender, in UpsertBucketInput) (*Run, error) {
	out, err := Do[upsertBucket](ctx, s, Op{"UpsertBucket", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil {
		return nil, err
	}
	return out.Result.Bucket, nil
}

// UseArtifactInput records that a run read a version. The version's own entity
// and project are for servers that know them.
type UseArtifactInput struct {
	EntityName          string  `json:"entityName"`
	ProjectName         string  `json:"projectName"`
	RunName             string  `json:"runName"`
	ArtifactID          ID      `json:"artifactID"`
	ArtifactEntityName  *string `json:"artifactEntityName,omitempty"`
	ArtifactProjectName *string `json:"artifactProjectName,omitempty"`
}

type useArtifact struct {
	Result *struct {
		Artifact *AliasedArtifact `json:"artifact"`
	} `graphql:"useArtifact(input: $input)" json:"useArtifact"`
}

// UseArtifact records that a run read a version, and finds the version; nil if
// the server leaves it out.
func UseArtifact(ctx context.Context, s *Sender, in UseArtifactInput) (*AliasedArtifact, error) {
	out, err := Do[useArtifact](ctx, s, Op{"UseArtifact", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil {
		return nil, err
	}
	return out.Result.Artifact, nil
}

// UseArtifactByNameInput records that a run read the version that a name means.
type UseArtifactByNameInput struct {
	EntityName          string `json:"entityName"`
	ProjectName         string `json:"projectName"`
	RunName             string `json:"runName"`
	ArtifactEntityName  string `json:"artifactEntityName"`
	ArtifactProjectName string `json:"artifactProjectName"`
	ArtifactName        string `json:"artifactName"` // "collection:alias"
}

type useArtifactByName struct {
	Result *struct {
		ArtifactMembership *Membership `json:"artifactMembership"`
	} `graphql:"useArtifactByName(input: $input)" json:"useArtifactByName"`
}

// UseArtifactByName finds a version by its name and records that a run read it;
// nil, and nothing recorded, if there is none. It is ours: W&B has two
// operations for it.
func UseArtifactByName(ctx context.Context, s *Sender, in UseArtifactByNameInput) (*Membership, error) {
	out, err := Do[useArtifactByName](ctx, s, Op{"UseArtifactByName", Sets}, Vars{"input": in})
	if err != nil || out.Result == nil || out.Result.ArtifactMembership == nil || out.Result.ArtifactMembership.Artifact == nil {
		return nil, err
	}
	return out.Result.ArtifactMembership, nil
}
