package wire

import "context"

// The questions that a walk through lineage asks about many versions or runs at
// once.

// A Maker is what logged a version: a run, or something else.
type Maker struct {
	CreatedBy *struct {
		Typename string `graphql:"__typename" json:"__typename"`
		RunPlace `graphql:"... on Run"`
	} `json:"createdBy"`
}

// A Used holds the first runs that used a version; the server says how many, as
// where W&B's client asks.
type Used struct {
	UsedBy *Users `json:"usedBy"`
}

// ArtifactMakers asks which runs logged at most MaxBatch versions; nil for
// versions that are not there.
func ArtifactMakers(ctx context.Context, s *Sender, ids []ID) ([]*Maker, error) {
	return ofArtifacts[Maker](ctx, s, "ArtifactsCreatedBy", ids)
}

// UsersOfArtifacts asks which runs used at most MaxBatch versions; nil for
// versions that are not there.
func UsersOfArtifacts(ctx context.Context, s *Sender, ids []ID) ([]*Used, error) {
	return ofArtifacts[Used](ctx, s, "ArtifactsUsedBy", ids)
}

// ofArtifacts selects T of versions.
func ofArtifacts[T any](ctx context.Context, s *Sender, name string, ids []ID) ([]*T, error) {
	vars := Vars{}
	questions := make([]question, len(ids))
	for i, id := range ids {
		v := "id" + number(i)
		vars[v] = id
		questions[i] = question{field: "artifact(id: $" + v + ")", selection: new(T)}
	}
	return batch[T](ctx, s, Op{Name: name}, vars, questions)
}

// ArtifactsByID finds at most MaxBatch versions with one request; nil for those
// that are not there.
func ArtifactsByID(ctx context.Context, s *Sender, ids []ID) ([]*AliasedArtifact, error) {
	return ofArtifacts[AliasedArtifact](ctx, s, "ArtifactsByID", ids)
}

// A RunName names a run by its project and id.
type RunName struct {
	In
	Run string
}

// A Relative is as much of a version as a walk shows.
type Relative struct {
	ID               ID     `json:"id"`
	VersionIndex     *int   `json:"versionIndex"`
	State            string `json:"state"`
	ArtifactType     Name   `json:"artifactType"`
	ArtifactSequence Place  `json:"artifactSequence"`
}

// RunRelatives are the first versions on one side of a run.
type RunRelatives struct {
	DisplayName *string
	List        *Nodes[Relative]
}

// The two sides of a run.
type (
	inputsOf struct {
		DisplayName *string          `json:"displayName"`
		List        *Nodes[Relative] `graphql:"inputArtifacts(first: $perPage)" json:"inputArtifacts"`
	}
	outputsOf struct {
		DisplayName *string          `json:"displayName"`
		List        *Nodes[Relative] `graphql:"outputArtifacts(first: $perPage)" json:"outputArtifacts"`
	}
	moreInputs struct {
		List *Nodes[Relative] `graphql:"inputArtifacts(after: $cursor, first: $perPage)" json:"inputArtifacts"`
	}
	moreOutputs struct {
		List *Nodes[Relative] `graphql:"outputArtifacts(after: $cursor, first: $perPage)" json:"outputArtifacts"`
	}
)

func (l *moreInputs) list() *Nodes[Relative]  { return l.List }
func (l *moreOutputs) list() *Nodes[Relative] { return l.List }

// RunsInputs asks what at most MaxBatch runs used, perPage versions of each; nil
// for runs that are not there.
func RunsInputs(ctx context.Context, s *Sender, names []RunName, perPage int) ([]*RunRelatives, error) {
	return ofRuns(ctx, s, "RunsInputArtifacts", names, perPage, func(r inputsOf) RunRelatives { return RunRelatives(r) })
}

// RunsOutputs asks what at most MaxBatch runs logged.
func RunsOutputs(ctx context.Context, s *Sender, names []RunName, perPage int) ([]*RunRelatives, error) {
	return ofRuns(ctx, s, "RunsOutputArtifacts", names, perPage, func(r outputsOf) RunRelatives { return RunRelatives(r) })
}

// ofRuns selects S of runs.
func ofRuns[S any](ctx context.Context, s *Sender, name string, names []RunName, perPage int, to func(S) RunRelatives) ([]*RunRelatives, error) {
	vars := Vars{"perPage": perPage}
	questions := make([]question, len(names))
	for i, r := range names {
		k := number(i)
		vars["entity"+k], vars["project"+k], vars["run"+k] = r.Entity, r.Project, r.Run
		questions[i] = question{
			field:     "project(name: $project" + k + ", entityName: $entity" + k + ")",
			selection: [][2]any{{"run(name: $run" + k + ")", new(S)}},
		}
	}
	answers, err := batch[struct {
		Run *S `json:"run"`
	}](ctx, s, Op{Name: name}, vars, questions)
	if err != nil {
		return nil, err
	}
	out := make([]*RunRelatives, len(names))
	for i, a := range answers {
		if a != nil && a.Run != nil {
			r := to(*a.Run)
			out[i] = &r
		}
	}
	return out, nil
}

// MoreInputs asks for a page of what a run used, as a walk shows it.
func MoreInputs(ctx context.Context, s *Sender, r RunName, p Page) (*Nodes[Relative], Missing, error) {
	return runs[moreInputs, Nodes[Relative]](ctx, s, "RunInputArtifacts", r.In, r.Run, p.vars(Vars{}))
}

// MoreOutputs asks for a page of what a run logged.
func MoreOutputs(ctx context.Context, s *Sender, r RunName, p Page) (*Nodes[Relative], Missing, error) {
	return runs[moreOutputs, Nodes[Relative]](ctx, s, "RunOutputArtifacts", r.In, r.Run, p.vars(Vars{}))
}

type moreUsers struct {
	Artifact *struct {
		UsedBy *Users `graphql:"usedBy(after: $cursor, first: $perPage)" json:"usedBy"`
	} `graphql:"artifact(id: $id)" json:"artifact"`
}

// ArtifactUsers asks for a page of the runs that used a version. W&B's client
// never asks for a page; ArtifactUsedBy asks as it does.
func ArtifactUsers(ctx context.Context, s *Sender, id ID, p Page) (*Users, Missing, error) {
	out, err := Do[moreUsers](ctx, s, Op{Name: "ArtifactUsedBy"}, p.vars(Vars{"id": id}))
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Artifact == nil:
		return nil, MissingVersion, nil
	case out.Artifact.UsedBy == nil:
		return nil, MissingList, nil
	}
	return out.Artifact.UsedBy, Nothing, nil
}
