package graph

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A Run is one execution that logs and uses artifacts.
type Run struct {
	rq    *request
	r     metadata.Run
	lines lazy[map[string]int64]
}

// A RunConnection is a page of runs.
type RunConnection struct {
	connection
	Edges []*RunEdge
}

func (rq *request) newRun(r metadata.Run) *Run { return &Run{rq: rq, r: r} }

func (c *RunConnection) add(ctx context.Context, rq *request) func([]metadata.Edge[metadata.Run]) error {
	return func(edges []metadata.Edge[metadata.Run]) error {
		edges, err := onlyVisible(ctx, rq, edges, func(r metadata.Run) (int64, int64) { return r.EntityID, r.ProjectID })
		for _, e := range edges {
			c.Edges = append(c.Edges, &RunEdge{Cursor: e.Cursor, Node: rq.newRun(e.Node)})
		}
		return err
	}
}

// The streams of a run, by the names that clients give their files.
const (
	historyStream = "wandb-history.jsonl"
	eventsStream  = "wandb-events.jsonl"
	outputStream  = "output.log"
)

func (r *Run) ID() string              { return runID.globalID(r.r.ID) }
func (r *Run) Name() string            { return r.r.Name }
func (r *Run) Description() *string    { return textOrNull(r.r.Description) }
func (r *Run) Notes() *string          { return textOrNull(r.r.Notes) }
func (r *Run) Group() *string          { return textOrNull(r.r.Group) }
func (r *Run) JobType() *string        { return textOrNull(r.r.JobType) }
func (r *Run) SweepName() *string      { return textOrNull(r.r.Sweep) }
func (r *Run) State() string           { return r.r.State }
func (r *Run) Host() *string           { return textOrNull(r.r.Host) }
func (r *Run) Commit() *string         { return textOrNull(r.r.Commit) }
func (r *Run) Config() *string         { return textOrNull(r.r.Config) }
func (r *Run) SummaryMetrics() *string { return textOrNull(r.r.SummaryMetrics) }
func (r *Run) CreatedAt() time.Time    { return r.r.CreatedAt }
func (r *Run) UpdatedAt() *time.Time   { return timeOrNull(r.r.UpdatedAt) }
func (r *Run) HeartbeatAt() *time.Time { return timeOrNull(r.r.HeartbeatAt) }
func (r *Run) ProjectID() int64        { return r.r.ProjectID }

// Stopped says whether somebody asked the run to stop; nobody can yet.
func (r *Run) Stopped() bool { return false }

// DisplayName is the run's id where it was given no name.
func (r *Run) DisplayName() *string {
	if r.r.DisplayName == "" {
		return &r.r.Name
	}
	return &r.r.DisplayName
}

func (r *Run) Tags() []string {
	if r.r.Tags == nil {
		return []string{}
	}
	return r.r.Tags
}

// ReadOnly says whether the viewer may not change the run.
func (r *Run) ReadOnly(ctx context.Context) (bool, error) {
	ok, err := r.rq.viewer.MayWrite(ctx, r.r.EntityID, r.r.ProjectID)
	return !ok, err
}

// Project is where the run is.
func (r *Run) Project() *Project {
	return r.rq.projectRef(r.r.ProjectID, r.r.Project, r.r.EntityID, r.r.Entity)
}

// User is who started the run.
func (r *Run) User() *User {
	if r.r.UserID == 0 {
		return nil
	}
	if r.r.UserID == r.rq.viewer.User.ID {
		return &User{rq: r.rq, u: r.rq.viewer.User}
	}
	return &User{rq: r.rq, u: metadata.User{ID: r.r.UserID, Username: r.r.Username}}
}

func (r *Run) count(ctx context.Context, stream string) (int64, error) {
	n, err := r.lines.get(func() (map[string]int64, error) { return r.rq.store.RunLineCounts(ctx, r.r.ID) })
	return n[stream], err
}

func (r *Run) HistoryLineCount(ctx context.Context) (int64, error) {
	return r.count(ctx, historyStream)
}
func (r *Run) EventsLineCount(ctx context.Context) (int64, error) { return r.count(ctx, eventsStream) }
func (r *Run) LogLineCount(ctx context.Context) (int64, error)    { return r.count(ctx, outputStream) }

// HistoryTail is the last line of the run's history, in a list.
func (r *Run) HistoryTail(ctx context.Context) (*string, error) { return r.tail(ctx, historyStream) }

// EventsTail is the last line of the run's system metrics, in a list.
func (r *Run) EventsTail(ctx context.Context) (*string, error) { return r.tail(ctx, eventsStream) }

func (r *Run) tail(ctx context.Context, stream string) (*string, error) {
	lines, err := r.rq.store.RunTail(ctx, r.r.ID, stream, 1)
	if err != nil {
		return nil, err
	}
	if lines == nil {
		lines = []string{}
	}
	text, err := json.Marshal(lines)
	return textOrNull(string(text)), err
}

// SystemMetrics is the last line of system metrics.
func (r *Run) SystemMetrics(ctx context.Context) (*string, error) {
	lines, err := r.rq.store.RunTail(ctx, r.r.ID, eventsStream, 1)
	if err != nil || len(lines) == 0 || !json.Valid([]byte(lines[0])) {
		return nil, err
	}
	return &lines[0], nil
}

// WandbConfig is what clients keep in the configuration under _wandb. With
// "t" among the keys it tells a resuming client that the run has begun.
func (r *Run) WandbConfig(keys []string) *string {
	var config struct {
		Wandb struct {
			Value map[string]json.RawMessage `json:"value"`
		} `json:"_wandb"`
	}
	if r.r.Config == "" || json.Unmarshal([]byte(r.r.Config), &config) != nil || config.Wandb.Value == nil {
		return nil
	}
	out := config.Wandb.Value
	if len(keys) > 0 {
		out = make(map[string]json.RawMessage)
		for _, k := range keys {
			if v, ok := config.Wandb.Value[k]; ok {
				out[k] = v
			}
		}
	}
	text, err := json.Marshal(out)
	if err != nil { // valid JSON read a moment ago
		return nil
	}
	return textOrNull(string(text))
}

// OutputArtifacts are those that the run logged.
func (r *Run) OutputArtifacts(ctx context.Context, first *int64, after *string) (*ArtifactConnection, error) {
	return r.artifacts(ctx, metadata.Output, pageArgs{first: first, after: after})
}

// InputArtifacts are those that the run used.
func (r *Run) InputArtifacts(ctx context.Context, first *int64, after *string) (*ArtifactConnection, error) {
	return r.artifacts(ctx, metadata.Input, pageArgs{first: first, after: after})
}

func (r *Run) artifacts(ctx context.Context, d metadata.Direction, a pageArgs) (*ArtifactConnection, error) {
	out := &ArtifactConnection{Edges: []*ArtifactEdge{}}
	var err error
	out.connection, err = fetch(ctx, a,
		func(ctx context.Context, page metadata.Page) (metadata.Connection[metadata.Artifact], error) {
			return r.rq.store.RunArtifacts(ctx, r.r.ID, d, page)
		},
		func(ctx context.Context, _ *metadata.Filter) (int, error) {
			return r.countArtifacts(ctx, d)
		},
		func(edges []metadata.Edge[metadata.Artifact]) error {
			edges, err := r.rq.visibleVersions(ctx, edges)
			versions := make([]metadata.Artifact, len(edges))
			for i, e := range edges {
				versions[i] = e.Node
			}
			for i, a := range r.rq.newArtifacts(versions) {
				out.Edges = append(out.Edges, &ArtifactEdge{Cursor: edges[i].Cursor, Node: a})
			}
			return err
		})
	return out, err
}

// countArtifacts counts what artifacts lists. Those of projects that the viewer
// may not see are looked at one by one, since a portfolio may show some of them.
func (r *Run) countArtifacts(ctx context.Context, d metadata.Direction) (int, error) {
	list, err := r.rq.store.CountRunArtifacts(ctx, r.r.ID, d)
	if err != nil {
		return 0, err
	}
	n, all, err := r.rq.visibleOf(ctx, list)
	if err != nil || all {
		return n, err
	}
	n = 0
	for page := (metadata.Page{First: metadata.MaxFirst}); ; {
		got, err := r.rq.store.RunArtifacts(ctx, r.r.ID, d, page)
		if err != nil {
			return 0, err
		}
		edges, err := r.rq.visibleVersions(ctx, got.Edges)
		if err != nil {
			return 0, err
		}
		n += len(edges)
		if !got.HasNextPage {
			return n, nil
		}
		page.After = got.EndCursor()
	}
}

// HistoryKeys names what the run's history holds, with the last step, in W&B's
// form: {"lastStep": 9, "keys": {"loss": {"typeCounts": [{"type": "number", "count": 10}]}}}.
// Unlike the run's other documents it is sent as an object, not as text.
func (r *Run) HistoryKeys(ctx context.Context) (map[string]any, error) {
	n, err := r.HistoryLineCount(ctx)
	if err != nil || n == 0 {
		return nil, err
	}
	lines, err := r.rq.store.RunTail(ctx, r.r.ID, historyStream, int(n))
	if err != nil {
		return nil, err
	}
	counts := make(map[string]map[string]int) // by key and type
	last := int64(-1)
	for _, line := range lines {
		var row map[string]any
		if json.Unmarshal([]byte(line), &row) != nil {
			continue // not a row; the client's own business
		}
		if step, ok := row["_step"].(float64); ok {
			last = max(last, int64(step))
		}
		for k, v := range row {
			if counts[k] == nil {
				counts[k] = make(map[string]int)
			}
			counts[k][jsonType(v)]++
		}
	}
	keys := make(map[string]any, len(counts))
	for k, types := range counts {
		var list []any
		for _, t := range slices.Sorted(maps.Keys(types)) {
			list = append(list, map[string]any{"type": t, "count": types[t]})
		}
		keys[k] = map[string]any{"typeCounts": list}
	}
	return map[string]any{"lastStep": last, "keys": keys}, nil
}

// jsonType is W&B's word for the type of a value in a history.
func jsonType(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "list"
	case map[string]any:
		if t, ok := v["_type"].(string); ok {
			return t
		}
		return "map"
	default:
		return "other"
	}
}
