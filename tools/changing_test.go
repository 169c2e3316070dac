package tools_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// readBack prints what the wandb package sees of a collection.
const readBack = `
import json, sys
import wandb
api = wandb.Api()
c = api.artifact_collection(sys.argv[1], sys.argv[2])
print(json.dumps({"name": c.name, "description": c.description, "tags": sorted(c.tags), "type": c.type,
                  "versions": sorted(a.version for a in c.artifacts())}))
`

func (s *shop) readBack(t *testing.T, typeName, path string) map[string]any {
	t.Helper()
	out := s.Wandb(t, wandbVersion, readBack, typeName, path)
	return decode[map[string]any](t, []byte(strings.TrimSpace(out.Stdout)))
}

func savingSendsWhatDiffers(t *testing.T, s *shop, c *artifacts.Client) {
	save := func(a args) tools.SaveArtifactCollectionOutput {
		return call[tools.SaveArtifactCollectionOutput](t, c, "save_artifact_collection", a)
	}
	out := save(args{"collection": s.path("eval-results"), "description": "How good it is", "add_tags": []string{"evaluation", "2026"}})
	want := []tools.Change{{Field: "description", To: "How good it is"}, {Field: "tags", Added: []string{"evaluation", "2026"}}}
	if diff := cmp.Diff(want, out.Changed); diff != "" {
		t.Errorf("first change (-want +got):\n%s", diff)
	}

	s.ClearRequests()
	out = save(args{"collection": s.path("eval-results"), "description": "How good it is", "tags": []string{"2026", "evaluation"}})
	if len(out.Changed) != 0 {
		t.Errorf("saving what is so already changed %+v", out.Changed)
	}
	for _, r := range s.Requests() {
		if strings.HasPrefix(r.Operation, "Update") || strings.Contains(r.Operation, "Tag") {
			t.Errorf("saving what is so already sent %s", r.Operation)
		}
	}

	out = save(args{
		"collection": s.path("eval-results"), "new_name": "evaluations", "type": "report", "create_type": true,
		"remove_tags": []string{"2026"}, "description": "",
	})
	if out.Collection != s.path("evaluations") {
		t.Errorf("the new path is %q", out.Collection)
	}
	want = []tools.Change{
		{Field: "name", From: "eval-results", To: "evaluations"},
		{Field: "type", From: "evaluation", To: "report"},
		{Field: "description", From: "How good it is"},
		{Field: "tags", Removed: []string{"2026"}},
	}
	if diff := cmp.Diff(want, out.Changed); diff != "" {
		t.Errorf("second change (-want +got):\n%s", diff)
	}
	seen := s.readBack(t, "report", s.path("evaluations"))
	wantSeen := map[string]any{"name": "evaluations", "description": "", "tags": []any{"evaluation"}, "type": "report", "versions": []any{"v0"}}
	if diff := cmp.Diff(wantSeen, seen); diff != "" {
		t.Errorf("what the wandb package sees (-want +got):\n%s", diff)
	}
}

func savingRefuses(t *testing.T, s *shop, c *artifacts.Client) {
	for _, tt := range []struct {
		name     string
		args     args
		code     artifacts.Kind
		argument string
		message  string
	}{
		{"nothing", args{}, artifacts.KindInvalid, "", "nothing to change"},
		{"both ways", args{"tags": []string{"a"}, "add_tags": []string{"b"}}, artifacts.KindInvalid, "tags", "one call"},
		{"added and removed", args{"add_tags": []string{"a"}, "remove_tags": []string{"a"}}, artifacts.KindInvalid, "remove_tags", "both added and removed"},
		{"bad tag", args{"add_tags": []string{"a/b"}}, artifacts.KindInvalid, "add_tags", "tag"},
		{"bad name", args{"new_name": "a/b"}, artifacts.KindInvalid, "new_name", "name"},
		{"misspelt type", args{"type": "datset"}, artifacts.KindNotFound, "type", "no artifact type"},
		{"taken name", args{"new_name": "checkpoints"}, artifacts.KindConflict, "new_name", "checkpoints"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.args["collection"] = s.path("scratch")
			e := refuse(t, c, "save_artifact_collection", tt.args)
			if e.Code != tt.code || e.Argument != tt.argument || !strings.Contains(e.Message, tt.message) {
				t.Errorf("got %+v", e)
			}
		})
	}
	e := refuse(t, c, "save_artifact_collection", args{"collection": s.path("scratch"), "type": "datset"})
	if !slices.Equal(e.Candidates, []string{"dataset"}) || !strings.Contains(e.Next, "create_type") {
		t.Errorf("a misspelt type: %+v", e)
	}
	e = refuse(t, c, "save_artifact_collection", args{"collection": s.path("released-models"), "type": "dataset"})
	if e.Code != artifacts.KindInvalid || e.Argument != "type" {
		t.Errorf("moving a portfolio: %+v", e)
	}
	out := call[tools.GetArtifactCollectionOutput](t, c, "get_artifact_collection", args{"collection": s.path("scratch")})
	if out.Description != "" || len(out.Tags) > 0 || out.Type != "evaluation" {
		t.Errorf("what was refused left %+v", out)
	}
}

func (s *shop) plan(t *testing.T, c *artifacts.Client, collection string) tools.PlanDeleteArtifactCollectionOutput {
	t.Helper()
	return call[tools.PlanDeleteArtifactCollectionOutput](t, c, "plan_delete_artifact_collection", args{"collection": collection})
}

func deletingTakesAPlan(t *testing.T, s *shop, c *artifacts.Client) {
	plan := s.plan(t, c, s.path("resnet-weights"))
	if plan.Versions != 2 || plan.Kind != "sequence" || plan.SizeBytes != 2*1000 {
		t.Errorf("the plan is %+v", plan)
	}
	if want := []string{s.path(s.runs["evaluate"])}; !slices.Equal(plan.UsedBy, want) || !plan.UsedByComplete {
		t.Errorf("used by %q (complete %v), want %q", plan.UsedBy, plan.UsedByComplete, want)
	}
	warnings := strings.Join(plan.Warnings, "\n")
	for _, want := range []string{"production (v1)", s.runs["evaluate"], s.path("released-models:v0")} {
		if !strings.Contains(warnings, want) {
			t.Errorf("the warnings do not tell of %s: %s", want, warnings)
		}
	}
	if v := plan.VersionsShown[0]; v.Version != "v1" || v.Runs != 1 || !slices.Equal(v.LinkedIn, []string{s.path("released-models:v0")}) {
		t.Errorf("first shown is %+v", v)
	}

	plan = s.plan(t, c, s.path("scratch"))
	s.ClearRequests()
	gone := call[tools.DeleteArtifactCollectionOutput](t, c, "delete_artifact_collection", args{"collection": s.path("scratch"), "plan_id": plan.PlanID})
	if gone.Deleted != s.path("scratch") || gone.Versions != 1 {
		t.Errorf("deleted %+v", gone)
	}
	out, err := s.Python(t, wandbVersion).Try(t, readBack, "evaluation", s.path("scratch"))
	if err == nil {
		t.Errorf("the wandb package still sees it: %s", out.Stdout)
	}
	again := refuse(t, c, "delete_artifact_collection", args{"collection": s.path("scratch"), "plan_id": plan.PlanID})
	if again.Code != artifacts.KindNotFound {
		t.Errorf("the second time: %+v", again)
	}
}

func plansAreBoundToTheState(t *testing.T, s *shop, c *artifacts.Client) {
	path := s.path("checkpoints")
	plan := s.plan(t, c, path)
	if plan.Versions != 45 || len(plan.VersionsShown) != 30 || plan.VersionsShown[0].Version != "v44" {
		t.Errorf("the plan is %+v", plan)
	}
	if len(plan.Warnings) > 0 {
		t.Errorf("warnings about nothing: %q", plan.Warnings)
	}
	apply := func(id string) *tools.Error {
		t.Helper()
		return refuse(t, c, "delete_artifact_collection", args{"collection": path, "plan_id": id})
	}
	other := s.plan(t, c, s.path("imagenet-mini"))
	if e := apply(other.PlanID); e.Code != artifacts.KindConflict || !strings.Contains(e.Message, "another collection") {
		t.Errorf("another's plan: %+v", e)
	}
	for _, id := range []string{"yes", "plan_", "plan_!!!", plan.PlanID[:20], plan.PlanID + "AA"} {
		if e := apply(id); e.Code != artifacts.KindInvalid || e.Argument != "plan_id" {
			t.Errorf("plan %q: %+v", id, e)
		}
	}
	forged := []byte(plan.PlanID)
	forged[len(forged)-10] ^= 1
	if e := apply(string(forged)); e.Code != artifacts.KindConflict && e.Code != artifacts.KindInvalid {
		t.Errorf("a forged plan: %+v", e)
	}

	// Whatever changes, the plan no longer holds.
	moved := func(what string) {
		t.Helper()
		e := apply(plan.PlanID)
		if e.Code != artifacts.KindConflict || !strings.Contains(e.Message, "nothing was deleted") || !strings.Contains(e.Next, "plan_delete") {
			t.Errorf("after %s: %+v", what, e)
		}
		plan = s.plan(t, c, path)
	}
	call[tools.SaveArtifactCollectionOutput](t, c, "save_artifact_collection", args{"collection": path, "description": "kept"})
	moved("a new description")
	s.Wandb(t, wandbVersion, `
import sys, wandb
with wandb.init(entity=sys.argv[1], project="vision", settings=wandb.Settings(silent=True)) as run:
    run.use_artifact("checkpoints:v3")
`, s.Username)
	moved("a new use")
	s.Wandb(t, wandbVersion, `
import sys, wandb
a = wandb.Api().artifact(sys.argv[1] + "/vision/checkpoints:v7")
a.aliases.append("best")
a.save()
`, s.Username)
	moved("a new alias")

	got := call[tools.GetArtifactCollectionOutput](t, c, "get_artifact_collection", args{"collection": path})
	if got.Versions != 45 {
		t.Errorf("%d versions are left", got.Versions)
	}
	call[tools.DeleteArtifactCollectionOutput](t, c, "delete_artifact_collection", args{"collection": path, "plan_id": plan.PlanID})
}

func portfolioKeepsItsVersions(t *testing.T, s *shop, c *artifacts.Client) {
	plan := s.plan(t, c, s.path("released-models"))
	if plan.Kind != "portfolio" || plan.SizeBytes != 0 || !strings.Contains(plan.Summary, "stay") {
		t.Errorf("the plan is %+v", plan)
	}
	call[tools.DeleteArtifactCollectionOutput](t, c, "delete_artifact_collection", args{"collection": s.path("released-models"), "plan_id": plan.PlanID})
	out := call[tools.GetArtifactOutput](t, c, "get_artifact", args{"artifact": s.path("resnet-weights:v1")})
	if out.State != "COMMITTED" {
		t.Errorf("the version is %s", out.State)
	}
}

// An interceptor answers some operations itself.
type interceptor func(operation string, send func() (*http.Response, error)) (*http.Response, error)

func (i interceptor) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var q struct{ OperationName string }
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return i(q.OperationName, func() (*http.Response, error) { return http.DefaultTransport.RoundTrip(r) })
}

func plansAreHonestOnOldServers(t *testing.T, s *shop) {
	c := s.client(t, interceptor(func(operation string, send func() (*http.Response, error)) (*http.Response, error) {
		if operation != "ArtifactUses" {
			return send()
		}
		return &http.Response{
			StatusCode: http.StatusOK,
			Header:     http.Header{"Content-Type": {"application/json"}},
			Body:       io.NopCloser(strings.NewReader(`{"errors":[{"message":"Cannot query field \"usedBy\" on type \"Artifact\"."}]}`)),
		}, nil
	}))
	plan := s.plan(t, c, s.path("imagenet-mini"))
	if plan.UsedByComplete || plan.Versions != 3 || !strings.Contains(strings.Join(plan.Warnings, " "), "does not tell who uses") {
		t.Errorf("the plan is %+v", plan)
	}
	e := refuse(t, s.client(t, nil), "delete_artifact_collection", args{"collection": s.path("imagenet-mini"), "plan_id": plan.PlanID})
	if e.Code != artifacts.KindConflict {
		t.Errorf("with more known, the plan still holds: %+v", e)
	}
}

func lostAnswersAreLookedInto(t *testing.T, s *shop) {
	sent := 0
	c := s.client(t, interceptor(func(operation string, send func() (*http.Response, error)) (*http.Response, error) {
		if operation != "DeleteArtifactSequence" {
			return send()
		}
		if sent++; sent == 1 {
			return nil, errors.New("connection lost before the request was sent")
		}
		resp, err := send()
		if err == nil {
			_ = resp.Body.Close()
		}
		return nil, errors.New("connection lost before the answer came")
	}))
	plan := s.plan(t, c, s.path("Eval-old"))
	a := args{"collection": s.path("Eval-old"), "plan_id": plan.PlanID}
	e := refuse(t, c, "delete_artifact_collection", a)
	if e.Code != artifacts.KindUnavailable || !strings.Contains(e.Message, "still there") {
		t.Errorf("the request was lost: %+v", e)
	}
	out := call[tools.DeleteArtifactCollectionOutput](t, c, "delete_artifact_collection", a)
	if out.Deleted != s.path("Eval-old") {
		t.Errorf("the answer was lost: %+v", out)
	}
}
