package wire

import "context"

// The selections of a run's artifacts, by what the run did with them.
type (
	loggedArtifacts struct {
		List *Counted[AliasedArtifact] `graphql:"outputArtifacts(after: $cursor, first: $perPage)" json:"outputArtifacts"`
	}
	usedArtifacts struct {
		List *Counted[AliasedArtifact] `graphql:"inputArtifacts(after: $cursor, first: $perPage)" json:"inputArtifacts"`
	}
	loggedTotal struct {
		List *Total `graphql:"outputArtifacts" json:"outputArtifacts"`
	}
	usedTotal struct {
		List *Total `graphql:"inputArtifacts" json:"inputArtifacts"`
	}
)

func (l *loggedArtifacts) list() *Counted[AliasedArtifact] { return l.List }
func (l *usedArtifacts) list() *Counted[AliasedArtifact]   { return l.List }
func (l *loggedTotal) list() *Total                        { return l.List }
func (l *usedTotal) list() *Total                          { return l.List }

type ofRun[L any] struct {
	Project *struct {
		Run *L `graphql:"run(name: $run)" json:"run"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// LoggedArtifacts lists what a run logged.
func LoggedArtifacts(ctx context.Context, s *Sender, in In, run string, p Page) (*Counted[AliasedArtifact], Missing, error) {
	return runs[loggedArtifacts, Counted[AliasedArtifact]](ctx, s, "RunOutputArtifacts", in, run, p.counted(Vars{}))
}

// UsedArtifacts lists what a run used.
func UsedArtifacts(ctx context.Context, s *Sender, in In, run string, p Page) (*Counted[AliasedArtifact], Missing, error) {
	return runs[usedArtifacts, Counted[AliasedArtifact]](ctx, s, "RunInputArtifacts", in, run, p.counted(Vars{}))
}

// CountLoggedArtifacts asks how many versions a run logged.
func CountLoggedArtifacts(ctx context.Context, s *Sender, in In, run string) (*Total, Missing, error) {
	return runs[loggedTotal, Total](ctx, s, "RunOutputArtifactsTotal", in, run, Vars{})
}

// CountUsedArtifacts asks how many versions a run used.
func CountUsedArtifacts(ctx context.Context, s *Sender, in In, run string) (*Total, Missing, error) {
	return runs[usedTotal, Total](ctx, s, "RunInputArtifactsTotal", in, run, Vars{})
}

// runs sends a query for L, which holds the list C, of a run.
func runs[L, C any, P interface {
	*L
	list() *C
}](ctx context.Context, s *Sender, name string, in In, run string, vars Vars) (*C, Missing, error) {
	vars["entity"], vars["project"], vars["run"] = in.Entity, in.Project, run
	out, err := Do[ofRun[L]](ctx, s, Op{Name: name}, vars)
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	case out.Project.Run == nil:
		return nil, MissingRun, nil
	}
	if c := P(out.Project.Run).list(); c != nil {
		return c, Nothing, nil
	}
	return nil, MissingList, nil
}
