package artifacts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// A LineageDirection says which way to walk.
type LineageDirection string

// The directions: to what a version was made from, to what was made from it, or
// both.
const (
	Upstream   LineageDirection = "upstream"
	Downstream LineageDirection = "downstream"
	BothWays   LineageDirection = "both"
)

// LineageOptions bound a walk. nil means both ways within the defaults.
type LineageOptions struct {
	// Direction is BothWays where it is "".
	Direction LineageDirection
	// Depth is how many runs lie between the start and the farthest version at
	// most. 0 means 10.
	Depth int
	// MaxNodes is how many versions and runs to find at most. 0 means 1,000.
	MaxNodes int
}

const (
	defaultDepth    = 10
	defaultMaxNodes = 1000
)

// A Lineage is what a walk found: versions and runs, and who used or logged
// what, as far as this API key may see them.
type Lineage struct {
	// Artifacts and Runs are in the order in which they were found, nearest
	// first; the start is among them.
	Artifacts []LineageArtifact `json:"artifacts"`
	Runs      []LineageRun      `json:"runs"`
	Edges     []LineageEdge     `json:"edges"`
	// Complete says that nothing was left out. Otherwise Left says what was,
	// and why.
	Complete bool     `json:"complete"`
	Left     []string `json:"left,omitempty"`
}

// A LineageArtifact is a version in a lineage.
type LineageArtifact struct {
	ID string `json:"id"`
	// Name is "entity/project/collection:v<N>" in the sequence that it was
	// logged to.
	Name  string `json:"name"`
	Type  string `json:"type"`
	State State  `json:"state"`
	// Depth is how many runs lie between it and the start; below zero upstream.
	Depth int `json:"depth"`
}

// A LineageRun is a run in a lineage.
type LineageRun struct {
	RunPath
	DisplayName string `json:"displayName,omitempty"`
	// Depth is that of the versions on its far side.
	Depth int `json:"depth"`
}

// A LineageEdge says that a run used or logged a version.
type LineageEdge struct {
	Run RunPath `json:"run"`
	// Artifact is the version's id.
	Artifact string           `json:"artifact"`
	Mode     RunArtifactsMode `json:"mode"`
}

// Lineage walks from the version to the runs that logged and used it, from
// these to the versions on their other side, and so on: upstream what the
// version was made from, downstream what was made from it. All versions of one
// distance are asked about with one request for a hundred, and so are all runs
// (W&B: ArtifactCreatedBy, ArtifactUsedBy, RunInputArtifacts,
// RunOutputArtifacts, many times in one operation).
func (a *Artifact) Lineage(ctx context.Context, opts *LineageOptions) (*Lineage, error) {
	if opts == nil {
		opts = &LineageOptions{}
	}
	const op = "follow the lineage of an artifact"
	w := lineageWalk{
		c: a.client, op: op, path: a.QualifiedName(),
		depth: orDefault(opts.Depth, defaultDepth), most: orDefault(opts.MaxNodes, defaultMaxNodes),
		out:   &Lineage{Artifacts: []LineageArtifact{}, Runs: []LineageRun{}, Edges: []LineageEdge{}, Complete: true},
		known: map[string]int{}, edges: map[LineageEdge]bool{},
	}
	directions := []LineageDirection{opts.Direction}
	switch opts.Direction {
	case "", BothWays:
		directions = []LineageDirection{Upstream, Downstream}
	case Upstream, Downstream:
	default:
		return nil, located(op, w.path, invalid("there is no direction %q; there are upstream, downstream and both", opts.Direction))
	}
	w.artifact(LineageArtifact{ID: a.ID, Name: a.SourceQualifiedName(), Type: a.Type, State: a.State})
	for _, d := range directions {
		if err := w.walk(ctx, a.ID, d); err != nil {
			return nil, err
		}
	}
	return w.out, nil
}

// A lineageWalk is one Lineage under way.
type lineageWalk struct {
	c           *Client
	op, path    string
	depth, most int
	out         *Lineage
	known       map[string]int // where in out: versions by id, runs by path
	edges       map[LineageEdge]bool
}

// walk goes one way from a version.
func (w *lineageWalk) walk(ctx context.Context, start string, d LineageDirection) error {
	step := 1
	if d == Upstream {
		step = -1
	}
	at := []string{start}
	// What one way has passed, the other may pass again: a run can lie on both.
	passed := map[string]bool{start: true}
	for depth := step; len(at) > 0; depth += step {
		if depth*step > w.depth {
			return w.beyond(ctx, at, d, depth-step, passed)
		}
		runs, err := w.runsOf(ctx, at, d, depth)
		if err != nil {
			return err
		}
		runs = unpassed(runs, passed, RunPath.String)
		if at, err = w.artifactsOf(ctx, runs, d, depth); err != nil {
			return err
		}
		at = unpassed(at, passed, func(id string) string { return id })
	}
	return nil
}

// unpassed are the items that were not passed yet, and are now.
func unpassed[T any](items []T, passed map[string]bool, key func(T) string) []T {
	return slices.DeleteFunc(items, func(t T) bool {
		k := key(t)
		was := passed[k]
		passed[k] = true
		return was
	})
}

// beyond looks past the last versions of a walk: at what they have to do with
// runs that it passed already, and whether there are others, which it leaves out.
func (w *lineageWalk) beyond(ctx context.Context, at []string, d LineageDirection, depth int, passed map[string]bool) error {
	mode := Used
	if d == Upstream {
		mode = Logged
	}
	near, err := w.ends(ctx, at, d)
	if err != nil {
		return err
	}
	for i, n := range near {
		all := !n.more
		for _, r := range n.runs {
			if passed[r.String()] {
				w.edge(LineageEdge{Run: r, Artifact: at[i], Mode: mode})
			} else {
				all = false
			}
		}
		if !all {
			w.leave("what lies %s of depth %d", d, depth)
		}
	}
	return nil
}

func (w *lineageWalk) leave(format string, args ...any) {
	w.out.Complete = false
	if left := fmt.Sprintf(format, args...); !slices.Contains(w.out.Left, left) {
		w.out.Left = append(w.out.Left, left)
	}
}

// room reports whether another version or run may be found, and notes if not.
func (w *lineageWalk) room() bool {
	if len(w.out.Artifacts)+len(w.out.Runs) < w.most {
		return true
	}
	w.leave("everything after the first %d versions and runs", w.most)
	return false
}

// artifact notes a version; false if there is no room for it.
func (w *lineageWalk) artifact(a LineageArtifact) bool {
	if _, ok := w.known[a.ID]; ok {
		return true
	}
	if !w.room() {
		return false
	}
	w.known[a.ID] = len(w.out.Artifacts)
	w.out.Artifacts = append(w.out.Artifacts, a)
	return true
}

func (w *lineageWalk) run(r LineageRun) bool {
	if _, ok := w.known[r.String()]; ok {
		return true
	}
	if !w.room() {
		return false
	}
	w.known[r.String()] = len(w.out.Runs)
	w.out.Runs = append(w.out.Runs, r)
	return true
}

func (w *lineageWalk) edge(e LineageEdge) {
	if !w.edges[e] {
		w.edges[e] = true
		w.out.Edges = append(w.out.Edges, e)
	}
}

// A nearRuns are the runs on one side of a version.
type nearRuns struct {
	runs  []RunPath
	after string // where more follow, the cursor
	more  bool
}

// ends finds the runs on one side of versions, in their order.
func (w *lineageWalk) ends(ctx context.Context, ids []string, d LineageDirection) ([]nearRuns, error) {
	out := make([]nearRuns, 0, len(ids))
	for chunk := range slices.Chunk(ids, wire.MaxBatch) {
		asked := make([]wire.ID, len(chunk))
		for i, id := range chunk {
			asked[i] = wire.ID(id)
		}
		if d == Upstream {
			makers, err := wire.ArtifactMakers(ctx, w.c.sender, asked)
			if err != nil {
				return nil, w.c.fail(ctx, w.op, w.path, err)
			}
			for _, m := range makers {
				var near nearRuns
				if m != nil && m.CreatedBy != nil && m.CreatedBy.Typename == "Run" && m.CreatedBy.Project != nil {
					near.runs = []RunPath{toRunPath(&m.CreatedBy.RunPlace)}
				}
				out = append(out, near)
			}
			continue
		}
		users, err := wire.UsersOfArtifacts(ctx, w.c.sender, asked)
		if err != nil {
			return nil, w.c.fail(ctx, w.op, w.path, err)
		}
		for _, u := range users {
			var near nearRuns
			if u != nil && u.UsedBy != nil {
				near.runs = toRunPaths(u.UsedBy.Edges)
				near.after, near.more = text(u.UsedBy.PageInfo.EndCursor), u.UsedBy.PageInfo.HasNextPage
			}
			out = append(out, near)
		}
	}
	return out, nil
}

// runsOf notes the runs on one side of versions and returns them.
func (w *lineageWalk) runsOf(ctx context.Context, ids []string, d LineageDirection, depth int) ([]RunPath, error) {
	mode := Used
	if d == Upstream {
		mode = Logged
	}
	near, err := w.ends(ctx, ids, d)
	if err != nil {
		return nil, err
	}
	var found []RunPath
	for i, n := range near {
		note := func(runs []RunPath) bool {
			for _, r := range runs {
				if !w.run(LineageRun{RunPath: r, Depth: depth}) {
					return false
				}
				w.edge(LineageEdge{Run: r, Artifact: ids[i], Mode: mode})
				found = append(found, r)
			}
			return true
		}
		if !note(n.runs) {
			continue
		}
		for n.more && w.room() {
			got, _, err := wire.ArtifactUsers(ctx, w.c.sender, wire.ID(ids[i]), wire.Page{First: w.page(), After: n.after})
			if err != nil {
				if err = w.c.fail(ctx, w.op, w.path, err); !errors.Is(err, ErrUnsupported) {
					return nil, err
				}
			}
			if err != nil || got == nil || text(got.PageInfo.EndCursor) == n.after {
				w.leave("some of the runs that used %s", w.out.Artifacts[w.known[ids[i]]].Name)
				break
			}
			if !note(toRunPaths(got.Edges)) {
				break
			}
			n.after, n.more = text(got.PageInfo.EndCursor), got.PageInfo.HasNextPage
		}
	}
	return found, nil
}

// page is how many items to ask for: no more than there is room for.
func (w *lineageWalk) page() int {
	return min(walkPerPage, max(1, w.most-len(w.out.Artifacts)-len(w.out.Runs))+1)
}

// relativesAtOnce is how many versions of each run one request asks for.
const relativesAtOnce = 100

// artifactsOf notes the versions on the far side of runs and returns their ids.
func (w *lineageWalk) artifactsOf(ctx context.Context, runs []RunPath, d LineageDirection, depth int) ([]string, error) {
	ask, askMore, mode := wire.RunsOutputs, wire.MoreOutputs, Logged
	if d == Upstream {
		ask, askMore, mode = wire.RunsInputs, wire.MoreInputs, Used
	}
	var found []string
	for chunk := range slices.Chunk(runs, wire.MaxBatch) {
		names := make([]wire.RunName, len(chunk))
		for i, r := range chunk {
			names[i] = wire.RunName{In: wire.In{Entity: r.Entity, Project: r.Project}, Run: r.ID}
		}
		got, err := ask(ctx, w.c.sender, names, relativesAtOnce)
		if err != nil {
			return nil, w.c.fail(ctx, w.op, w.path, err)
		}
		for i, near := range got {
			if near == nil || near.List == nil {
				w.leave("what run %s %s", chunk[i], mode)
				continue
			}
			w.out.Runs[w.known[chunk[i].String()]].DisplayName = text(near.DisplayName)
			page, seen := near.List, cursors{}
			for {
				if full := w.relatives(page, chunk[i], mode, depth, &found); full || !page.PageInfo.HasNextPage || !w.room() {
					break
				}
				after := text(page.PageInfo.EndCursor)
				if after == "" || !seen.add(after) {
					w.leave("some of what run %s %s", chunk[i], mode)
					break
				}
				if page, _, err = askMore(ctx, w.c.sender, names[i], wire.Page{First: w.page(), After: after}); err != nil {
					return nil, w.c.fail(ctx, w.op, w.path, err)
				}
				if page == nil { // deleted meanwhile
					w.leave("some of what run %s %s", chunk[i], mode)
					break
				}
			}
		}
	}
	return found, nil
}

// relatives notes the versions of a page; full means that there is no room for
// them all.
func (w *lineageWalk) relatives(page *wire.Nodes[wire.Relative], r RunPath, mode RunArtifactsMode, depth int, found *[]string) (full bool) {
	for _, e := range page.Edges {
		if e.Node == nil || e.Node.ArtifactSequence.Project == nil { // not for this viewer
			continue
		}
		if e.Node.VersionIndex == nil { // still being written
			continue
		}
		entity, project := within(&e.Node.ArtifactSequence)
		a := LineageArtifact{
			ID:    string(e.Node.ID),
			Name:  join(entity, project, e.Node.ArtifactSequence.Name) + ":v" + strconv.Itoa(*e.Node.VersionIndex),
			Type:  e.Node.ArtifactType.Name,
			State: State(e.Node.State),
			Depth: depth,
		}
		if !w.artifact(a) {
			return true
		}
		w.edge(LineageEdge{Run: r, Artifact: a.ID, Mode: mode})
		*found = append(*found, a.ID)
	}
	return false
}
