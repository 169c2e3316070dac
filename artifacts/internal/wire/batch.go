package wire

import (
	"context"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	graphql "github.com/hasura/go-graphql-client"
)

// MaxBatch is the most questions that one operation asks at once.
const MaxBatch = 100

// A question is one field of an operation, and what is selected of it.
type question struct {
	field     string
	selection any
}

// batch sends questions of one form as one operation, each under an alias of
// its own, and returns the answers in their order: nil for null.
func batch[T any](ctx context.Context, s *Sender, op Op, vars Vars, questions []question) ([]*T, error) {
	selection := make([][2]any, len(questions))
	for i, q := range questions {
		selection[i] = [2]any{alias(i) + ": " + q.field, q.selection}
	}
	construct := graphql.ConstructQuery
	if op.Effect != Reads {
		construct = graphql.ConstructMutation
	}
	doc, err := construct(selection, vars, graphql.OperationName(op.Name))
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", op.Name, err)
	}
	x := &exchange[map[string]jsontext.Value]{sender: s, op: op}
	client := graphql.NewClient(s.URL, x)
	if _, err := client.ExecRaw(ctx, doc, vars, graphql.OperationName(op.Name)); err != nil {
		return nil, err
	}
	switch {
	case len(x.answer.Errors) > 0:
		return nil, x.answer.Errors
	case x.answer.Data == nil:
		return nil, ErrNoData
	}
	out := make([]*T, len(questions))
	for i := range out {
		raw := (*x.answer.Data)[alias(i)]
		if len(raw) == 0 {
			continue
		}
		if err := json.Unmarshal(raw, &out[i], tolerant); err != nil {
			return nil, &DecodeError{err}
		}
	}
	return out, nil
}

func alias(i int) string { return "a" + number(i) }

// number tells the variables of one question from those of the others.
func number(i int) string { return strconv.Itoa(i) }

// A VersionName names a version by its project and "collection:alias".
type VersionName struct {
	In
	Name string
}

// A Found is what the server knows of a name: a membership, or what is missing.
type Found struct {
	Membership *Membership
	Missing    Missing
}

// MembershipsByName finds at most MaxBatch versions with one request.
func MembershipsByName(ctx context.Context, s *Sender, names []VersionName) ([]Found, error) {
	vars := Vars{}
	questions := make([]question, len(names))
	for i, n := range names {
		k := number(i)
		vars["entity"+k], vars["project"+k], vars["name"+k] = n.Entity, n.Project, n.Name
		questions[i] = question{
			field:     "project(name: $project" + k + ", entityName: $entity" + k + ")",
			selection: [][2]any{{"artifactCollectionMembership(name: $name" + k + ")", new(Membership)}},
		}
	}
	answers, err := batch[struct {
		Membership *Membership `json:"artifactCollectionMembership"`
	}](ctx, s, Op{Name: "ArtifactMembershipsByName"}, vars, questions)
	if err != nil {
		return nil, err
	}
	out := make([]Found, len(names))
	for i, a := range answers {
		switch {
		case a == nil:
			out[i].Missing = MissingProject
		case a.Membership == nil, a.Membership.Artifact == nil:
			out[i].Missing = MissingVersion
		default:
			out[i].Membership = a.Membership
		}
	}
	return out, nil
}

// UseArtifacts records with one request that a run read versions, at most
// MaxBatch of them.
func UseArtifacts(ctx context.Context, s *Sender, inputs []UseArtifactInput) error {
	vars := Vars{}
	questions := make([]question, len(inputs))
	type used struct {
		Artifact *struct {
			ID ID `json:"id"`
		} `json:"artifact"`
	}
	for i, in := range inputs {
		k := number(i)
		vars["input"+k] = in
		questions[i] = question{field: "useArtifact(input: $input" + k + ")", selection: new(used)}
	}
	_, err := batch[used](ctx, s, Op{"UseArtifact", Sets}, vars, questions)
	return err
}
