package graph

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// defaultProject is where a run goes that names none, as in W&B.
const defaultProject = "uncategorized"

// runToWrite finds a run that the viewer may change.
func (rq *request) runToWrite(ctx context.Context, entity, project, name string) (metadata.Run, error) {
	p, err := rq.projectToWrite(ctx, entity, project)
	if err != nil {
		return metadata.Run{}, err
	}
	r, err := rq.store.Run(ctx, p.ID, name)
	if metadata.IsNotFound(err) {
		return r, fail(metadata.KindNotFound, "run '%s' not found in project '%s' of entity '%s'", name, p.Name, p.Entity)
	}
	return r, err
}

// UpsertBucket creates or updates a run.
func (mutation) UpsertBucket(ctx context.Context, in UpsertBucketInput) (*UpsertBucketPayload, error) {
	rq := requestOf(ctx)
	u := metadata.RunUpdate{
		UserID:      rq.viewer.User.ID,
		DisplayName: in.DisplayName, Description: in.Description, Notes: in.Notes, Group: in.GroupName,
		JobType: in.JobType, Sweep: in.Sweep, State: in.State, Host: in.Host, Program: in.JobProgram,
		Repo: in.JobRepo, Commit: in.Commit, Config: in.Config, SummaryMetrics: in.SummaryMetrics, Tags: in.Tags,
	}
	if in.ID != nil {
		n, err := runID.number(*in.ID)
		if err != nil {
			return nil, err
		}
		r, err := rq.store.RunByID(ctx, n)
		if err != nil {
			return nil, missing(err, "run "+*in.ID)
		}
		if err := rq.mayWrite(ctx, r.EntityID, r.ProjectID, "runs of entity '"+r.Entity+"'", "run "+*in.ID); err != nil {
			return nil, err
		}
		u.ID = n
	} else {
		u.Entity, u.Project, u.Name = rq.entityName(textOf(in.EntityName)), textOf(in.ModelName), textOf(in.Name)
		if u.Project == "" {
			u.Project = defaultProject
		}
		if _, err := rq.placeToWrite(ctx, u.Entity, u.Project); err != nil {
			return nil, err
		}
		if u.Name == "" {
			u.Name = strings.ToLower(rand.Text()[:8])
		}
	}
	r, inserted, err := rq.store.UpsertRun(ctx, u)
	if err != nil {
		return nil, err
	}
	return &UpsertBucketPayload{Bucket: rq.newRun(r), Inserted: &inserted, ClientMutationID: in.ClientMutationID}, nil
}

// maxRunFiles bounds the files of one request for upload addresses.
const maxRunFiles = 10_000

// CreateRunFiles makes addresses to upload files of a run to.
func (mutation) CreateRunFiles(ctx context.Context, in CreateRunFilesInput) (*CreateRunFilesPayload, error) {
	rq := requestOf(ctx)
	r, err := rq.runToWrite(ctx, in.EntityName, in.ProjectName, in.RunName)
	if err != nil {
		return nil, err
	}
	if len(in.Files) > maxRunFiles {
		return nil, fail(metadata.KindInvalid, "%d files are asked for at once; at most %d are answered", len(in.Files), maxRunFiles)
	}
	out := &CreateRunFilesPayload{
		RunID: runID.globalID(r.ID), UploadHeaders: []string{}, Files: make([]*CreatedRunFile, len(in.Files)),
		ClientMutationID: in.ClientMutationID,
	}
	for i, name := range in.Files {
		if err := checkPath("the file", name); err != nil {
			return nil, err
		}
		up := transfer.RunFileUpload{RunID: r.ID, Name: name, Holder: rq.holder(r.EntityID, r.ProjectID)}
		out.Files[i] = &CreatedRunFile{Name: name, UploadURL: rq.signer.UploadURL(rq.base, up)}
	}
	return out, nil
}

// MarkRunFilesUploaded succeeds when the files are there: uploads record
// themselves, so that there is nothing left to mark.
func (mutation) MarkRunFilesUploaded(ctx context.Context, in MarkRunFilesUploadedInput) (*MarkRunFilesUploadedPayload, error) {
	rq := requestOf(ctx)
	r, err := rq.runToWrite(ctx, in.EntityName, in.ProjectName, in.RunName)
	if err != nil {
		return nil, err
	}
	for _, name := range in.Files {
		if _, err := rq.store.RunFile(ctx, r.ID, name); err != nil {
			return nil, err
		}
	}
	return &MarkRunFilesUploadedPayload{Success: true, ClientMutationID: in.ClientMutationID}, nil
}
