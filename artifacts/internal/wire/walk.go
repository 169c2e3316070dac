package wire

import "context"

// The questions that a walk through lineage asks about many versions or runs at
// once.

// Ends are both sides of a version: the run that logged it and those that used
// it.
type Ends struct {
	CreatedBy *Creator `json:"createdBy"`
	// UsedBy is asked for as W&B's client does, without saying how many.
	UsedBy *Users `json:"usedBy"`
}

// A Creator is a run, or something else that makes versions.
type Creator struct {
	Typename string `graphql:"__typename" json:"__typename"`
	RunPlace `graphql:"... on Run"`
}

// ArtifactsLineage asks for the ends of at most MaxBatch versions with one
// request; nil for versions that are not there.
func ArtifactsLineage(ctx context.Context, s *Sender, ids []ID) ([]*Ends, error) {
	vars := Vars{}
	questions := make([]question, len(ids))
	for i, id := range ids {
		name := "id" + number(i)
		vars[name] = id
		questions[i] = question{field: "artifact(id: $" + name + ")", selection: new(Ends)}
	}
	return batch[Ends](ctx, s, Op{Name: "ArtifactsLineage"}, vars, questions)
}

// A RunName names a run by its project and id.
type RunName struct {
	In
	Run string
}

// RunEnds are both sides of a run.
type RunEnds struct {
	DisplayName     *string            `json:"displayName"`
	InputArtifacts  *Nodes[WalkedNode] `graphql:"inputArtifacts(first: $perPage)" json:"inputArtifacts"`
	OutputArtifacts *Nodes[WalkedNode] `graphql:"outputArtifacts(first: $perPage)" json:"outputArtifacts"`
}

// A WalkedNode is as much of a version as a walk shows.
type WalkedNode struct {
	ID               ID     `json:"id"`
	VersionIndex     *int   `json:"versionIndex"`
	State            string `json:"state"`
	ArtifactType     Name   `json:"artifactType"`
	ArtifactSequence Place  `json:"artifactSequence"`
}

// RunsLineage asks for the ends of at most MaxBatch runs with one request,
// perPage versions on each side; nil for runs that are not there.
func RunsLineage(ctx context.Context, s *Sender, runs []RunName, perPage int) ([]*RunEnds, error) {
	vars := Vars{"perPage": perPage}
	questions := make([]question, len(runs))
	for i, r := range runs {
		k := number(i)
		vars["entity"+k], vars["project"+k], vars["run"+k] = r.Entity, r.Project, r.Run
		questions[i] = question{
			field:     "project(name: $project" + k + ", entityName: $entity" + k + ")",
			selection: [][2]any{{"run(name: $run" + k + ")", new(RunEnds)}},
		}
	}
	answers, err := batch[struct {
		Run *RunEnds `json:"run"`
	}](ctx, s, Op{Name: "RunsLineage"}, vars, questions)
	if err != nil {
		return nil, err
	}
	out := make([]*RunEnds, len(runs))
	for i, a := range answers {
		if a != nil {
			out[i] = a.Run
		}
	}
	return out, nil
}

type moreUsers struct {
	Artifact *struct {
		UsedBy *Nodes[RunPlace] `graphql:"usedBy(after: $cursor, first: $perPage)" json:"usedBy"`
	} `graphql:"artifact(id: $id)" json:"artifact"`
}

// ArtifactUsers asks for a page of the runs that used a version. W&B's client
// never asks for a page; ArtifactUsedBy asks as it does.
func ArtifactUsers(ctx context.Context, s *Sender, id ID, p Page) (*Nodes[RunPlace], Missing, error) {
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

// RunRelatives asks for a page of the versions that a run used or logged, with
// as much of them as a walk shows.
func RunRelatives(ctx context.Context, s *Sender, r RunName, used bool, p Page) (*Nodes[WalkedNode], Missing, error) {
	vars := p.vars(Vars{})
	if used {
		return runs[usedNodes, Nodes[WalkedNode]](ctx, s, "RunInputArtifacts", r.In, r.Run, vars)
	}
	return runs[loggedNodes, Nodes[WalkedNode]](ctx, s, "RunOutputArtifacts", r.In, r.Run, vars)
}

type (
	loggedNodes struct {
		List *Nodes[WalkedNode] `graphql:"outputArtifacts(after: $cursor, first: $perPage)" json:"outputArtifacts"`
	}
	usedNodes struct {
		List *Nodes[WalkedNode] `graphql:"inputArtifacts(after: $cursor, first: $perPage)" json:"inputArtifacts"`
	}
)

func (l *loggedNodes) list() *Nodes[WalkedNode] { return l.List }
func (l *usedNodes) list() *Nodes[WalkedNode]   { return l.List }
