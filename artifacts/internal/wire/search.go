package wire

import "context"

// Matches are the versions of one collection that were looked for: their number
// and the first of them.
type Matches = MatchesAs[PortfolioVersion]

// MatchesAs are Matches of which N is shown.
type MatchesAs[N any] struct {
	Place
	Versions struct {
		TotalCount *int               `json:"totalCount"`
		PageInfo   PageInfo           `json:"pageInfo"`
		Edges      []VersionedEdge[N] `json:"edges"`
	} `graphql:"artifacts(first: $perCollection, filters: $filters, order: $order)" json:"artifacts"`
}

// SearchCollections looks for versions in at most MaxBatch collections with one
// request, the first perCollection of each; nil for collections that are not
// there. It is ours: W&B's client asks collection by collection.
func SearchCollections(ctx context.Context, s *Sender, ids []ID, choice Choice, shape ListShape, perCollection int) ([]*Matches, error) {
	vars := Vars{"perCollection": perCollection, "filters": optional(choice.Filters), "order": optional(choice.Order)}
	var selection any = new(Matches)
	if shape != (ListShape{}) {
		shape.vars(vars)
		selection = new(MatchesAs[linkedAs[shapedFacts]])
		if shape.UseCount {
			selection = new(MatchesAs[linkedAs[countedFacts]])
		}
	}
	questions := make([]question, len(ids))
	for i, id := range ids {
		name := "id" + number(i)
		vars[name] = id
		questions[i] = question{field: "artifactCollection(id: $" + name + ")", selection: selection}
	}
	return batch[Matches](ctx, s, Op{Name: "SearchArtifactCollections"}, vars, questions)
}
