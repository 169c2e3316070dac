package tools_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// TestVersions works on single versions of a registry that the wandb package
// has filled, and lets the package read what was changed.
func TestVersions(t *testing.T) {
	s := openShop(t)
	c := s.client(t, nil)
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *shop, *artifacts.Client)
	}{
		{"lineage", lineageOverHops},
		{"search", searchFinds},
		{"many at once", manyInFewRequests},
		{"promoting", promotingMovesAliases},
		{"using", usingAndUsers},
		{"updating", updatingRefuses},
		{"linking", linkingAndUnlinking},
		{"deleting named versions", deletingNamed},
		{"deleting what nobody misses", deletingUnmissed},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, s, c) })
	}
}

// versionByWandb is what the wandb package sees of a version.
const versionByWandb = `
import json, sys
import wandb
a = wandb.Api().artifact(sys.argv[1])
print(json.dumps({"name": a.name.split(":")[0] + ":" + a.version, "description": a.description, "aliases": sorted(a.aliases), "tags": sorted(a.tags),
                  "metadata": {k: v for k, v in a.metadata.items() if k != "config"}, "ttl": a.ttl.total_seconds() if a.ttl else None}))
`

func (s *shop) versionByWandb(t *testing.T, path string) map[string]any {
	t.Helper()
	out := s.Wandb(t, wandbVersion, versionByWandb, path)
	return decode[map[string]any](t, []byte(strings.TrimSpace(out.Stdout)))
}

func lineageOverHops(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.GetLineageOutput](t, c, "get_lineage", args{"artifact": "imagenet-mini:stable", "direction": "downstream"})
	var names []string
	for _, a := range out.Artifacts {
		names = append(names, strings.TrimPrefix(a.Artifact, s.path("")))
	}
	slices.Sort(names)
	want := []string{"Eval-old:v0", "eval-results:v0", "imagenet-mini:v1", "odd-texts:v0", "resnet-weights:v0", "resnet-weights:v1", "scratch:v0"}
	if diff := cmp.Diff(want, names); diff != "" || !out.Complete || len(out.LeftOut) > 0 {
		t.Errorf("complete %v, left %v, (-want +got):\n%s", out.Complete, out.LeftOut, diff)
	}
	if len(out.Runs) != 2 || out.Runs[0].Run != s.path(s.runs["train"]) || !slices.Equal(out.Runs[0].Used, []string{s.path("imagenet-mini:v1")}) || len(out.Runs[0].Logged) != 3 {
		t.Errorf("runs are %+v", out.Runs)
	}
	near := call[tools.GetLineageOutput](t, c, "get_lineage", args{"artifact": "imagenet-mini:stable", "direction": "downstream", "depth": 1})
	if near.Complete || len(near.LeftOut) == 0 || len(near.Runs) != 1 {
		t.Errorf("one hop: %+v", near)
	}
	if e := refuse(t, c, "get_lineage", args{"artifact": "imagenet-mini:stabel"}); !slices.Contains(e.Candidates, s.path("imagenet-mini:stable")) {
		t.Errorf("a misspelt alias: %+v", e)
	}
}

func searchFinds(t *testing.T, s *shop, c *artifacts.Client) {
	for _, tt := range []struct {
		args args
		want string
	}{
		{args{"name": "EVAL"}, "Eval-old 1 v0; eval-results 1 v0"},
		{args{"alias": "production"}, "resnet-weights 1 v1"},
		{args{"tag": "curated", "type": "dataset"}, "imagenet-mini 3 v2 v1 v0"},
		{args{"filters": map[string]any{"metadata.rows": map[string]any{"$gte": 200}}}, "imagenet-mini 2 v2 v1"},
		{args{"filters": map[string]any{"metadata.step": map[string]any{"$lt": 40}}}, "checkpoints 40 v39 v38 v37"},
		{args{"alias": "no-such"}, ""},
	} {
		var got []string
		for _, f := range call[tools.SearchArtifactsOutput](t, c, "search_artifacts", tt.args).Found {
			text := strings.TrimPrefix(f.Collection, s.path("")) + " " + string(mustJSON(t, f.Versions))
			for _, a := range f.Newest {
				text += " " + a.Version
			}
			got = append(got, text)
		}
		slices.Sort(got)
		if strings.Join(got, "; ") != tt.want {
			t.Errorf("%v: %q, want %q", tt.args, strings.Join(got, "; "), tt.want)
		}
	}
	// Every page, also where most have nothing on them.
	found, cursor, pages := 0, "", 0
	for {
		a := args{"alias": "production", "limit": 1}
		if cursor != "" {
			a["cursor"] = cursor
		}
		page := call[tools.SearchArtifactsOutput](t, c, "search_artifacts", a)
		found, pages = found+len(page.Found), pages+1
		if cursor = page.NextCursor; !page.HasMore {
			break
		}
	}
	if found != 1 || pages < 5 {
		t.Errorf("found %d on %d pages", found, pages)
	}
	if e := refuse(t, c, "search_artifacts", args{"type": "datset"}); e.Argument != "type" || !slices.Contains(e.Candidates, "dataset") {
		t.Errorf("a misspelt type: %+v", e)
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func promotingMovesAliases(t *testing.T, s *shop, c *artifacts.Client) {
	update := func(a args) tools.UpdateArtifactOutput {
		t.Helper()
		return call[tools.UpdateArtifactOutput](t, c, "update_artifact", a)
	}
	e := refuse(t, c, "update_artifact", args{"artifact": "resnet-weights:v0", "add_aliases": []string{"production"}, "expected": "v7", "description": "x"})
	if e.Code != artifacts.KindConflict || !strings.Contains(e.Message, `"production" is on version v1`) || !strings.Contains(e.Next, "expected v1") {
		t.Errorf("expected elsewhere: %+v", e)
	}
	if e := refuse(t, c, "update_artifact", args{"artifact": "resnet-weights:v0", "add_aliases": []string{"production"}, "expected": "none"}); e.Code != artifacts.KindConflict {
		t.Errorf("expected nowhere: %+v", e)
	}
	promote := args{
		"artifact": "resnet-weights:v0", "add_aliases": []string{"production", "eu"}, "description": "better on cats",
		"metadata": map[string]any{"accuracy": 0.95, "id": json.Number("12345678901234567890")}, "add_tags": []string{"approved"}, "ttl_seconds": 3600,
	}
	out := update(promote)
	want := []tools.ArtifactChange{
		{Field: "description", To: "better on cats"},
		{Field: "aliases", Added: []string{"production", "eu"}, Moved: []string{"production (v1)"}},
		{Field: "tags", Added: []string{"approved"}},
		{Field: "ttl_seconds", From: "0", To: "3600"},
		{Field: "metadata", Added: []string{"accuracy", "id"}},
	}
	if diff := cmp.Diff(want, out.Changed); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if out := update(promote); len(out.Changed) > 0 {
		t.Errorf("the same again changed %+v", out.Changed)
	}
	// To where it is expected, and to where it is already.
	update(args{"artifact": "resnet-weights:v1", "add_aliases": []string{"production"}, "expected": "v0"})
	update(args{"artifact": "resnet-weights:v1", "add_aliases": []string{"production"}, "expected": "v0"})
	update(args{"artifact": "resnet-weights:v0", "metadata": map[string]any{"accuracy": nil}, "ttl_seconds": 0})
	seen := s.versionByWandb(t, s.path("resnet-weights:v0"))
	wantSeen := map[string]any{
		"name": "resnet-weights:v0", "description": "better on cats", "aliases": []any{"eu"}, "tags": []any{"approved"},
		"metadata": map[string]any{"id": 12345678901234567890.0}, "ttl": nil,
	}
	if diff := cmp.Diff(wantSeen, seen); diff != "" {
		t.Errorf("the wandb package sees (-want +got):\n%s", diff)
	}
	raw, err := c.Artifact(t.Context(), s.path("resnet-weights:v0"))
	if err != nil || !strings.Contains(string(raw.Metadata), `"id":12345678901234567890`) || !strings.Contains(string(raw.Metadata), `"layers"`) {
		t.Errorf("metadata is %.200s, %v", raw.Metadata, err)
	}
	update(args{"artifact": "resnet-weights:v0", "metadata": map[string]any{}, "replace_metadata": true})
	if raw, err := c.Artifact(t.Context(), s.path("resnet-weights:v0")); err != nil || len(raw.Metadata) > len("{}") {
		t.Errorf("metadata is %.200s, %v", raw.Metadata, err)
	}
}

func updatingRefuses(t *testing.T, s *shop, c *artifacts.Client) {
	before := s.versionByWandb(t, s.path("scratch:v0"))
	for _, tt := range []struct {
		args     args
		argument string
	}{
		{args{}, ""},
		{args{"expected": "v1", "description": "x"}, "expected"},
		{args{"expected": "first", "add_aliases": []string{"a"}}, "expected"},
		{args{"add_aliases": []string{"a"}, "remove_aliases": []string{"a"}}, "remove_aliases"},
		{args{"add_tags": []string{"a"}, "remove_tags": []string{"a"}}, "remove_tags"},
		{args{"add_aliases": []string{"v3"}}, "add_aliases"},
		{args{"add_tags": []string{"a/b"}, "description": "x"}, "add_tags"},
		{args{"metadata": []string{"a"}}, "metadata"},
		{args{"replace_metadata": true, "description": "x"}, "replace_metadata"},
		{args{"ttl_seconds": -1}, "ttl_seconds"},
		{args{"ttl_seconds": 1 << 62}, "ttl_seconds"},
		{args{"ttl_seconds": 60}, "ttl_seconds"}, // deleted before anybody has agreed
	} {
		tt.args["artifact"] = s.path("scratch:v0")
		if e := refuse(t, c, "update_artifact", tt.args); e.Code != artifacts.KindInvalid || e.Argument != tt.argument {
			t.Errorf("%v: %+v", tt.args, e)
		}
	}
	if diff := cmp.Diff(before, s.versionByWandb(t, s.path("scratch:v0"))); diff != "" {
		t.Errorf("what was refused changed (-before +after):\n%s", diff)
	}
}

func linkingAndUnlinking(t *testing.T, s *shop, c *artifacts.Client) {
	link := args{"artifact": "resnet-weights:v0", "portfolio": "released-models", "aliases": []string{"candidate"}}
	out := call[tools.LinkArtifactOutput](t, c, "link_artifact", link)
	if out.Linked != s.path("released-models:v1") || out.Source != s.path("resnet-weights:v0") || !slices.Contains(out.Aliases, "candidate") {
		t.Errorf("linked %+v", out)
	}
	if again := call[tools.LinkArtifactOutput](t, c, "link_artifact", link); again.Linked != out.Linked {
		t.Errorf("again %+v", again)
	}
	if got := s.versionByWandb(t, s.path("released-models:candidate")); got["name"] != "released-models:v1" {
		t.Errorf("the wandb package sees %v", got)
	}
	for _, tt := range []struct {
		operation, argument string
		args                args
	}{
		{"link_artifact", "portfolio", args{"artifact": "resnet-weights:v0", "portfolio": "released-models:v0"}},
		{"link_artifact", "portfolio", args{"artifact": "resnet-weights:v0", "portfolio": "a/b/c/d"}},
		{"unlink_artifact", "artifact", args{"artifact": "resnet-weights:v0"}},
	} {
		if e := refuse(t, c, tt.operation, tt.args); e.Code != artifacts.KindInvalid || e.Argument != tt.argument {
			t.Errorf("%s(%v): %+v", tt.operation, tt.args, e)
		}
	}
	gone := call[tools.UnlinkArtifactOutput](t, c, "unlink_artifact", args{"artifact": "released-models:candidate"})
	if gone.Unlinked != s.path("released-models:v1") || gone.Source != s.path("resnet-weights:v0") || !slices.Contains(gone.Aliases, "candidate") {
		t.Errorf("unlinked %+v", gone)
	}
	if e := refuse(t, c, "unlink_artifact", args{"artifact": "released-models:candidate"}); e.Code != artifacts.KindNotFound {
		t.Errorf("again: %+v", e)
	}
}

func deletingNamed(t *testing.T, s *shop, c *artifacts.Client) {
	which := args{"artifacts": []string{"imagenet-mini:v0", "imagenet-mini:stable", s.path("imagenet-mini:v1")}}
	plan := call[tools.PlanDeleteArtifactsOutput](t, c, "plan_delete_artifacts", which)
	if plan.Versions != 2 || plan.PlanID == "" || plan.SizeBytes == 0 || len(plan.VersionsShown) != 2 || plan.VersionsShown[0].Version != s.path("imagenet-mini:v1") ||
		!slices.Equal(plan.UsedBy, []string{s.path(s.runs["train"])}) || !plan.UsedByComplete || len(plan.Warnings) != 2 {
		t.Errorf("planned %+v", plan)
	}
	with := func(a args, id string) args {
		out := args{"plan_id": id}
		for k, v := range a {
			out[k] = v
		}
		return out
	}
	// Not without a plan, not with that of another selection, not after a change.
	for what, tt := range map[string]struct {
		args args
		code artifacts.Kind
	}{
		"no plan":       {with(which, "plan_nonsense"), artifacts.KindInvalid},
		"another's":     {with(args{"artifacts": []string{"imagenet-mini:v2"}}, plan.PlanID), artifacts.KindConflict},
		"a collection":  {with(args{"collection": "imagenet-mini"}, plan.PlanID), artifacts.KindConflict},
		"a link":        {with(args{"artifacts": []string{"released-models:v0"}}, plan.PlanID), artifacts.KindInvalid},
		"no version":    {args{"plan_id": plan.PlanID}, artifacts.KindInvalid},
		"not there":     {with(args{"artifacts": []string{"imagenet-mini:v9"}}, plan.PlanID), artifacts.KindNotFound},
		"both":          {with(args{"artifacts": []string{"imagenet-mini:v2"}, "collection": "imagenet-mini"}, plan.PlanID), artifacts.KindInvalid},
		"used, by name": {with(args{"artifacts": []string{"imagenet-mini:v2"}, "include_used": true}, plan.PlanID), artifacts.KindInvalid},
	} {
		if e := refuse(t, c, "delete_artifacts", tt.args); e.Code != tt.code {
			t.Errorf("%s: %+v", what, e)
		}
	}
	call[tools.UpdateArtifactOutput](t, c, "update_artifact", args{"artifact": "imagenet-mini:v0", "add_aliases": []string{"precious"}})
	if e := refuse(t, c, "delete_artifacts", with(which, plan.PlanID)); e.Code != artifacts.KindConflict || !strings.Contains(e.Message, "nothing was deleted") {
		t.Errorf("after a change: %+v", e)
	}
	plan = call[tools.PlanDeleteArtifactsOutput](t, c, "plan_delete_artifacts", which)
	out := call[tools.DeleteArtifactsOutput](t, c, "delete_artifacts", with(which, plan.PlanID))
	if out.Deleted != 2 || len(out.Failed) > 0 || out.SizeBytes != plan.SizeBytes {
		t.Errorf("deleted %+v", out)
	}
	if got := s.readBack(t, "dataset", s.path("imagenet-mini"))["versions"]; cmp.Diff(got, []any{"v2"}) != "" {
		t.Errorf("the wandb package sees %v", got)
	}
	if e := refuse(t, c, "delete_artifacts", with(which, plan.PlanID)); e.Code != artifacts.KindNotFound {
		t.Errorf("again: %+v", e)
	}
}

func deletingUnmissed(t *testing.T, s *shop, c *artifacts.Client) {
	for _, change := range []args{
		{"artifact": "checkpoints:v3", "add_aliases": []string{"keep"}},
		{"artifact": "checkpoints:v5", "add_tags": []string{"nobody cares for tags"}},
	} {
		call[tools.UpdateArtifactOutput](t, c, "update_artifact", change)
	}
	call[tools.LinkArtifactOutput](t, c, "link_artifact", args{"artifact": "checkpoints:v4", "portfolio": "chosen"})
	v6, err := c.Artifact(t.Context(), s.path("checkpoints:v6"))
	if err != nil {
		t.Fatal(err)
	}
	run := artifacts.RunPath{Entity: s.Username, Project: "vision", ID: s.runs["train"]}
	if err := c.UseArtifact(t.Context(), run, v6); err != nil {
		t.Fatal(err)
	}
	// v44 is the latest; v3 has an alias, v4 a link, v6 a user.
	which := args{"collection": "checkpoints"}
	s.ClearRequests()
	plan := call[tools.PlanDeleteArtifactsOutput](t, c, "plan_delete_artifacts", which)
	if plan.Versions != 41 || plan.Kept != 4 || len(plan.Warnings) > 0 || len(plan.UsedBy) > 0 {
		t.Errorf("planned %+v", plan)
	}
	if n := len(s.Requests()); n > 4 {
		t.Errorf("planning took %d requests", n)
	}
	if more := call[tools.PlanDeleteArtifactsOutput](t, c, "plan_delete_artifacts", args{"collection": "checkpoints", "include_used": true}); more.Versions != 42 || len(more.UsedBy) != 1 {
		t.Errorf("with used ones: %+v", more)
	}
	which["plan_id"] = plan.PlanID
	s.ClearRequests()
	out := call[tools.DeleteArtifactsOutput](t, c, "delete_artifacts", which)
	if out.Deleted != 41 || len(out.Failed) > 0 {
		t.Errorf("deleted %+v", out)
	}
	if n := len(s.Requests()); n > 8 {
		t.Errorf("deleting took %d requests", n)
	}
	if got := s.readBack(t, "model", s.path("checkpoints"))["versions"]; cmp.Diff(got, []any{"v3", "v4", "v44", "v6"}) != "" {
		t.Errorf("the wandb package sees %v", got)
	}
	delete(which, "plan_id")
	if none := call[tools.PlanDeleteArtifactsOutput](t, c, "plan_delete_artifacts", which); none.Versions != 0 || none.PlanID != "" {
		t.Errorf("nothing is left to delete: %+v", none)
	}
	if e := refuse(t, c, "plan_delete_artifacts", args{"collection": "chosen"}); e.Code != artifacts.KindInvalid {
		t.Errorf("a portfolio: %+v", e)
	}
}
