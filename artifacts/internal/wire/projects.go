package wire

import "context"

// A ProjectInfo is what a list says of a project.
type ProjectInfo struct {
	ID          ID      `json:"id"`
	Name        string  `json:"name"`
	Entity      Name    `json:"entity"`
	Description *string `json:"description"`
	CreatedAt   string  `json:"createdAt"`
}

type projects struct {
	Models *Nodes[ProjectInfo] `graphql:"models(entityName: $entity, after: $cursor, first: $perPage)" json:"models"`
}

// Projects lists the projects of an entity; nil if there is no such entity, or
// not for the viewer.
func Projects(ctx context.Context, s *Sender, entity string, p Page) (*Nodes[ProjectInfo], error) {
	out, err := Do[projects](ctx, s, Op{Name: "Projects"}, p.vars(Vars{"entity": entity}))
	if err != nil {
		return nil, err
	}
	return out.Models, nil
}

// A RunInfo is what a list says of a run.
type RunInfo struct {
	Name        string   `json:"name"`
	DisplayName *string  `json:"displayName"`
	State       *string  `json:"state"`
	Group       *string  `json:"group"`
	JobType     *string  `json:"jobType"`
	Tags        []string `json:"tags"`
	CreatedAt   string   `json:"createdAt"`
	HeartbeatAt *string  `json:"heartbeatAt"`
	User        *struct {
		Username *string `json:"username"`
	} `json:"user"`
}

type runList struct {
	Project *struct {
		RunCount *int            `graphql:"runCount(filters: $filters)" json:"runCount"`
		Runs     *Nodes[RunInfo] `graphql:"runs(filters: $filters, after: $cursor, first: $perPage, order: $order)" json:"runs"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

type runCount struct {
	Project *struct {
		RunCount *int `graphql:"runCount(filters: $filters)" json:"runCount"`
	} `graphql:"project(name: $project, entityName: $entity)" json:"project"`
}

// Runs lists the runs of a project.
func Runs(ctx context.Context, s *Sender, in In, choice Choice, p Page) (*Counted[RunInfo], Missing, error) {
	vars := p.vars(in.vars())
	vars["filters"], vars["order"] = optional(choice.Filters), optional(choice.Order)
	out, err := Do[runList](ctx, s, Op{Name: "Runs"}, vars)
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	case out.Project.Runs == nil:
		return nil, MissingList, nil
	}
	return &Counted[RunInfo]{TotalCount: out.Project.RunCount, Nodes: *out.Project.Runs}, Nothing, nil
}

// CountRuns asks how many runs Runs would list.
func CountRuns(ctx context.Context, s *Sender, in In, filters JSONString) (*Total, Missing, error) {
	vars := in.vars()
	vars["filters"] = optional(filters)
	out, err := Do[runCount](ctx, s, Op{Name: "RunCount"}, vars)
	switch {
	case err != nil:
		return nil, Nothing, err
	case out.Project == nil:
		return nil, MissingProject, nil
	}
	return &Total{TotalCount: out.Project.RunCount}, Nothing, nil
}
