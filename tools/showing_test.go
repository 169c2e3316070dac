package tools_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// A listener notes what is sent, and lets some of it be refused.
type listener struct {
	sent   []sentQuery
	refuse func(sentQuery) string // the error of the answer; "": none
}

type sentQuery struct {
	OperationName, Query string
	Variables            map[string]any
}

func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var q sentQuery
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	l.sent = append(l.sent, q)
	if l.refuse != nil {
		if message := l.refuse(q); message != "" {
			text, err := json.Marshal(map[string]any{"errors": []any{map[string]any{"message": message}}})
			return &http.Response{
				StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)),
			}, err
		}
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return http.DefaultTransport.RoundTrip(r)
}

// operations are the names of what was sent, sorted.
func (l *listener) operations() []string {
	var names []string
	for _, q := range l.sent {
		names = append(names, q.OperationName)
	}
	slices.Sort(names)
	return names
}

// creatorsAreTold: lists of versions tell, in one request, who logged each and how
// many runs used it.
func creatorsAreTold(t *testing.T, s *shop, c *artifacts.Client) {
	run, err := c.NewRun(t.Context(), &artifacts.RunOptions{DisplayName: "sunny-field-1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []artifacts.LogOptions{{Run: run.ID}, {WithoutRun: true}} {
		d, err := artifacts.NewArtifact("made", "made-by")
		if err == nil {
			err = d.AddBytes("f", []byte(o.Run))
		}
		if err == nil {
			d.Metadata = json.RawMessage(`{"lr": 0.1, "long": "` + strings.Repeat("x", 2_000) + `"}`)
			_, err = c.LogArtifact(t.Context(), d, &o)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l := &listener{}
	out := call[tools.ListArtifactsOutput](t, s.client(t, l), "list_artifacts", args{"collection": s.path("made-by"), "detail": "full"})
	if got := l.operations(); !slices.Equal(got, []string{"ProjectArtifacts"}) {
		t.Errorf("the list took %q", got)
	}
	byUser, byRun := out.Artifacts[0], out.Artifacts[1]
	if byUser.LoggedBy != "" || byUser.LoggedByName != "" || byUser.LoggedByUser != s.Username {
		t.Errorf("logged by a user: %+v", byUser)
	}
	if byRun.LoggedBy != run.String() || byRun.LoggedByName != "sunny-field-1" || byRun.LoggedByUser != s.Username {
		t.Errorf("logged by a run: %+v", byRun)
	}
	if byRun.Metadata["lr"] != 0.1 || len(byRun.MetadataOmitted) != 1 || byRun.MetadataOmitted[0].Key != "long" || byRun.Digest == "" {
		t.Errorf("in full: %+v", byRun)
	}
	for version, want := range map[string]int{"v0": 0, "v1": 1, "v2": 0} {
		for _, item := range call[tools.ListArtifactsOutput](t, c, "list_artifacts", args{"collection": s.path("imagenet-mini")}).Artifacts {
			if item.Version == version && (item.UsedByRuns == nil || *item.UsedByRuns != want || item.LoggedBy != s.path(s.runs["prepare"]) || item.Files == 0) {
				t.Errorf("imagenet-mini:%s: %+v", version, item)
			}
		}
	}
	linked := call[tools.ListArtifactsOutput](t, c, "list_artifacts", args{"collection": s.path("released-models")}).Artifacts[0]
	if linked.LoggedBy != s.path(s.runs["train"]) || linked.UsedByRuns == nil || *linked.UsedByRuns != 1 {
		t.Errorf("in a portfolio: %+v", linked)
	}
	found := call[tools.SearchArtifactsOutput](t, c, "search_artifacts", args{"name": "made-by", "fields": []string{"logged_by_name"}}).Found[0].Newest[1]
	if found.LoggedByName != "sunny-field-1" || found.LoggedBy != "" {
		t.Errorf("found: %+v", found)
	}
	listed := call[tools.ListArtifactCollectionsOutput](t, c, "list_artifact_collections", args{"name_contains": "resnet", "detail": "full"}).Collections[0]
	if listed.LatestVersion != "v1" || listed.LatestLoggedBy != s.path(s.runs["train"]) || listed.LatestLoggedByUser != s.Username || *listed.LatestFiles != 2 || *listed.LatestSizeBytes == 0 {
		t.Errorf("the latest of a collection: %+v", listed)
	}
	one := call[tools.GetArtifactOutput](t, c, "get_artifact", args{"artifact": s.path("made-by:v0"), "detail": "full"})
	if one.LoggedBy != run.String() || one.LoggedByName != "sunny-field-1" || one.LoggedByUser != s.Username {
		t.Errorf("alone: %+v", one)
	}
	lineage := call[tools.GetLineageOutput](t, c, "get_lineage", args{"artifact": s.path("imagenet-mini:v1"), "detail": "full"})
	for _, a := range lineage.Artifacts {
		if a.SizeBytes == nil || *a.SizeBytes == 0 || a.Digest == "" || a.CreatedAt.IsZero() {
			t.Errorf("in a lineage: %+v", a)
		}
	}
}

// countsCanBeMissing: a server that does not tell how many runs used a version
// still lists it.
func countsCanBeMissing(t *testing.T, s *shop) {
	l := &listener{refuse: func(q sentQuery) string {
		if strings.Contains(q.Query, "usedBy") {
			return `Cannot query field "totalCount" on type "RunConnection".`
		}
		return ""
	}}
	c := s.client(t, l)
	out := call[tools.ListArtifactsOutput](t, c, "list_artifacts", args{"collection": s.path("imagenet-mini")})
	if len(out.Artifacts) != 3 || out.Artifacts[0].UsedByRuns != nil || out.Artifacts[0].LoggedBy != s.path(s.runs["prepare"]) {
		t.Errorf("listed %+v", out.Artifacts)
	}
	found := call[tools.SearchArtifactsOutput](t, c, "search_artifacts", args{"name": "imagenet"})
	if len(found.Found) != 1 || found.Found[0].Newest[0].UsedByRuns != nil || found.Found[0].Newest[0].LoggedBy == "" {
		t.Errorf("found %+v", found.Found)
	}
	if e := refuse(t, c, "search_artifacts", args{"filters": map[string]any{"$nonsense": 1}}); e.Code != artifacts.KindInvalid {
		t.Errorf("a bad filter: %+v", e)
	}
}

// onlyWhatIsShown: what is not shown is not asked for.
func onlyWhatIsShown(t *testing.T, s *shop) {
	asked := func(name string, a args) map[string]any {
		t.Helper()
		l := &listener{}
		if _, err := tryIn(t.Context(), t, s.client(t, l), name, a); err != nil {
			t.Fatal(err)
		}
		for _, q := range l.sent {
			if strings.HasPrefix(q.OperationName, "ProjectArtifact") {
				q.Variables["usedBy"] = strings.Contains(q.Query, "usedBy")
				return q.Variables
			}
		}
		t.Fatalf("%s sent %q", name, l.operations())
		return nil
	}
	for _, tt := range []struct {
		args                       args
		metadata, createdBy, count any
	}{
		{args{}, false, true, true},
		{args{"detail": "full"}, true, true, true},
		{args{"fields": []string{"size_bytes"}}, false, false, false},
		{args{"fields": []string{"metadata", "used_by_runs"}}, true, false, true},
	} {
		tt.args["collection"] = s.path("imagenet-mini")
		v := asked("list_artifacts", tt.args)
		if v["withMetadata"] != tt.metadata || v["withCreatedBy"] != tt.createdBy || v["usedBy"] != tt.count {
			t.Errorf("%v asks %v", tt.args, v)
		}
	}
	for detail, want := range map[string]any{"concise": false, "full": true} {
		if v := asked("list_artifact_collections", args{"detail": detail}); v["withDetails"] != want || v["withNewest"] != true {
			t.Errorf("collections, %s, asks %v", detail, v)
		}
	}
	if v := asked("list_artifact_collections", args{"fields": []string{"type"}}); v["withNewest"] != false {
		t.Errorf("types of collections asks %v", v)
	}
	for _, tt := range []struct {
		name string
		args args
		want []string
	}{
		{"get_artifact", args{"artifact": s.path("imagenet-mini:v1"), "fields": []string{"aliases"}}, []string{"ArtifactMembershipByName"}},
		{"list_artifact_types", args{"project": s.Username + "/vision", "fields": []string{"description"}}, []string{"ProjectArtifactTypes"}},
	} {
		l := &listener{}
		if _, err := tryIn(t.Context(), t, s.client(t, l), tt.name, tt.args); err != nil {
			t.Fatal(err)
		}
		if got := l.operations(); !slices.Equal(got, tt.want) {
			t.Errorf("%s(%v) asks %q", tt.name, tt.args, got)
		}
	}
}

// shownCalls are calls of the operations that say how much to show, one each, and
// where in the answer an item is.
func shownCalls(s *shop) map[string]struct {
	args args
	item []any
} {
	type shown = struct {
		args args
		item []any
	}
	return map[string]shown{
		"list_artifact_types":       {args{}, []any{"types", 0}},
		"list_artifact_collections": {args{"name_contains": "imagenet"}, []any{"collections", 0}},
		"list_artifacts":            {args{"collection": s.path("imagenet-mini")}, []any{"artifacts", 0}},
		"get_artifact":              {args{"artifact": s.path("imagenet-mini")}, nil},
		"list_artifact_files":       {args{"artifact": s.path("imagenet-mini")}, []any{"files", 0}},
		"list_run_artifacts":        {args{"run": s.path(s.runs["prepare"]), "mode": "logged"}, []any{"artifacts", 0}},
		"search_artifacts":          {args{"name": "imagenet"}, []any{"found", 0, "newest", 0}},
		"get_artifacts":             {args{"artifacts": []string{"imagenet-mini:v0", "nothing:v0"}}, []any{"artifacts", 0, "artifact"}},
		"get_lineage":               {args{"artifact": s.path("imagenet-mini:v1")}, []any{"artifacts", 0}},
		"list_registry_collections": {args{}, nil},
		"list_registry_versions":    {args{}, nil},
	}
}

// detailAndFields: concise answers are shorter and full ones have more, fields
// choose among them, and all of them fit the schema.
func detailAndFields(t *testing.T, s *shop, c *artifacts.Client) {
	calls := shownCalls(s)
	for _, op := range tools.All() {
		types, fields := op.Items()
		if types == nil {
			continue
		}
		one, ok := calls[op.Name]
		if !ok {
			t.Errorf("%s says how much to show, and is not tested", op.Name)
			continue
		}
		l, last := &listener{}, fields[len(fields)-1]
		e := refuse(t, s.client(t, l), op.Name, with(one.args, "fields", []string{last + "s_"}))
		if e.Code != artifacts.KindInvalid || e.Argument != "fields[0]" || !slices.Contains(e.Candidates, last) || !strings.Contains(e.Message, fields[0]) || len(l.sent) > 0 {
			t.Errorf("%s, a field that is not there: %+v, after %q", op.Name, e, l.operations())
		}
		if strings.Contains(op.Name, "registr") {
			continue // there is none in the shop
		}
		item := func(a args) map[string]any {
			t.Helper()
			out, err := tryIn(t.Context(), t, c, op.Name, a)
			if err != nil {
				t.Fatalf("%s(%v): %v", op.Name, a, err)
			}
			text, err := json.Marshal(out)
			if err != nil {
				t.Fatal(err)
			}
			return itemAt(t, text, one.item)
		}
		concise, full := item(one.args), item(with(one.args, "detail", "full"))
		for name := range concise {
			if _, ok := full[name]; !ok && name != "metadata_keys" {
				t.Errorf("%s: %s is in the concise item alone", op.Name, name)
			}
		}
		if len(full) <= len(concise) {
			t.Errorf("%s: in full %v, concisely %v", op.Name, slices.Sorted(maps.Keys(full)), slices.Sorted(maps.Keys(concise)))
		}
		for name, value := range full {
			chosen := item(with(one.args, "fields", []string{name}))
			got, err := json.Marshal(chosen[name])
			if err != nil {
				t.Fatal(err)
			}
			if want, err := json.Marshal(value); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %s alone is %s, and in full %s", op.Name, name, got, want)
			}
			// Its name, and how complete it is.
			if len(chosen) > 3 {
				t.Errorf("%s: with %s alone come %v", op.Name, name, slices.Sorted(maps.Keys(chosen)))
			}
		}
	}
}

// with is a copy of arguments with one more.
func with(a args, name string, value any) args {
	out := maps.Clone(a)
	out[name] = value
	return out
}

func itemAt(t *testing.T, text []byte, path []any) map[string]any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	for _, step := range path {
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			v = v.([]any)[step]
		}
	}
	return v.(map[string]any)
}

// whatIsCompleteIsSaid: what is shown says how complete it is, however little is.
func whatIsCompleteIsSaid(t *testing.T, s *shop, c *artifacts.Client) {
	one := func(a args) tools.GetArtifactOutput {
		t.Helper()
		return call[tools.GetArtifactOutput](t, c, "get_artifact", with(a, "artifact", s.path("resnet-weights:production")))
	}
	concise := one(args{})
	if concise.Metadata != nil || !slices.Equal(concise.MetadataKeys, []string{"accuracy", "config"}) || !concise.UsedByComplete || concise.Description != "" {
		t.Errorf("concisely: %+v", concise)
	}
	if users := one(args{"fields": []string{"used_by"}}); !users.UsedByComplete || len(users.UsedBy) != 1 {
		t.Errorf("its users: %+v", users)
	}
	if m := one(args{"fields": []string{"metadata"}}); len(m.MetadataOmitted) != 1 || m.Metadata["accuracy"] == nil || m.MetadataKeys != nil {
		t.Errorf("its metadata: %d shown, %+v omitted", len(m.Metadata), m.MetadataOmitted)
	}
	if m := one(args{"metadata_keys": []string{"accuracy"}}); m.Metadata["accuracy"] == nil || m.MetadataKeys != nil || len(m.MetadataOmitted) != 1 {
		t.Errorf("an entry of its metadata: %+v", m)
	}
	page := call[tools.ListArtifactsOutput](t, c, "list_artifacts", args{"collection": s.path("checkpoints"), "limit": 3, "fields": []string{"files"}})
	if !page.HasMore || page.NextCursor == "" || *page.Total != 45 || page.Artifacts[2].Version != "v42" {
		t.Errorf("a page: %+v", page)
	}
	next := call[tools.ListArtifactsOutput](t, c, "list_artifacts", args{"collection": s.path("checkpoints"), "limit": 3, "cursor": page.NextCursor})
	if next.Artifacts[0].Version != "v41" {
		t.Errorf("the next page, shown otherwise: %+v", next.Artifacts[0])
	}
}
