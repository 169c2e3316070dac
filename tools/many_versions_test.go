package tools_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// manyInFewRequests asks about three hundred versions, as a program does that
// looks whether its cache is still right.
func manyInFewRequests(t *testing.T, s *shop, c *artifacts.Client) {
	var names []string
	for n := range 300 {
		names = append(names, fmt.Sprintf("checkpoints:v%d", n%45))
	}
	s.ClearRequests()
	out := call[tools.GetArtifactsOutput](t, c, "get_artifacts", args{"artifacts": names, "detail": "full"})
	if n := len(s.Requests()); n > 5 {
		t.Errorf("300 names took %d requests", n)
	}
	var ids, digests []string
	for i, a := range out.Artifacts {
		if a.Error != nil || a.Asked != names[i] || a.Artifact.Artifact != s.path(names[i]) || a.Artifact.State != "COMMITTED" || a.Artifact.SizeBytes == 0 {
			t.Fatalf("%s: %+v", names[i], a)
		}
		ids = append(ids, a.Artifact.ID)
		if i < 45 {
			digests = append(digests, a.Artifact.Digest)
		}
	}
	s.ClearRequests()
	byID := call[tools.GetArtifactsOutput](t, c, "get_artifacts", args{"artifacts": ids})
	if n := len(s.Requests()); n > 5 {
		t.Errorf("300 ids took %d requests", n)
	}
	for i, a := range byID.Artifacts {
		if a.Artifact == nil || a.Artifact.Artifact != out.Artifacts[i].Artifact.Artifact {
			t.Fatalf("by id: %+v", a)
		}
	}
	s.ClearRequests()
	byDigest := call[tools.GetArtifactsOutput](t, c, "get_artifacts", args{"digests": append(digests, strings.Repeat("0", 32)), "project": s.Username + "/vision"})
	if n := len(s.Requests()); n > 5 {
		t.Errorf("46 digests took %d requests", n)
	}
	if len(byDigest.Artifacts) != 46 || byDigest.NotFound != 1 || byDigest.Artifacts[45].Error.Code != artifacts.KindNotFound {
		t.Errorf("by digest: %d, %d not found", len(byDigest.Artifacts), byDigest.NotFound)
	}
	for i, a := range byDigest.Artifacts[:45] {
		if a.Artifact == nil || a.Artifact.Artifact != s.path(names[i]) {
			t.Errorf("by digest %s: %+v", digests[i], a)
		}
	}
	// One that is not there is no fault of the others.
	mixed := call[tools.GetArtifactsOutput](t, c, "get_artifacts", args{"artifacts": []string{"checkpoints:v0", "nothing:v0", "a/b/c/d/e", "released-models:stable"}})
	if mixed.NotFound != 2 || mixed.Artifacts[0].Artifact == nil || mixed.Artifacts[1].Error.Code != artifacts.KindNotFound ||
		mixed.Artifacts[2].Error.Code != artifacts.KindInvalid || mixed.Artifacts[3].Artifact.Source != s.path("resnet-weights:v1") {
		t.Errorf("mixed: %+v", mixed)
	}
	for argument, a := range map[string]args{"artifacts": {}, "project": {"artifacts": []string{"x"}, "project": "vision"}} {
		if e := refuse(t, c, "get_artifacts", a); e.Code != artifacts.KindInvalid || e.Argument != argument {
			t.Errorf("%v: %+v", a, e)
		}
	}
}

// usingAndUsers records uses and lists them, all of them.
func usingAndUsers(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.UseArtifactsOutput](t, c, "use_artifacts", args{"run": s.runs["evaluate"], "artifacts": []string{"checkpoints:latest", "odd-texts:latest"}})
	if out.Run != s.path(s.runs["evaluate"]) || !slices.Equal(out.Used, []string{s.path("checkpoints:v44"), s.path("odd-texts:v0")}) {
		t.Errorf("used %+v", out)
	}
	got := s.Wandb(t, wandbVersion, `
import sys, wandb
print(*sorted(a.name for a in wandb.Api().run(sys.argv[1]).used_artifacts()))`, s.path(s.runs["evaluate"]))
	if strings.TrimSpace(got.Stdout) != "checkpoints:v44 odd-texts:v0 resnet-weights:v1" {
		t.Errorf("the wandb package sees %q", got.Stdout)
	}
	for _, tt := range []struct {
		args     args
		argument string
	}{
		{args{"run": "no-such-run", "artifacts": []string{"checkpoints:v0"}}, "run"},
		{args{"run": s.runs["evaluate"], "artifacts": []string{"checkpoints:v1", "checkpoints:no-such"}}, "artifacts"},
	} {
		if e := refuse(t, c, "use_artifacts", tt.args); e.Code != artifacts.KindNotFound || e.Argument != tt.argument {
			t.Errorf("%v: %+v", tt.args, e)
		}
	}
	if out := call[tools.ListArtifactUsersOutput](t, c, "list_artifact_users", args{"artifact": "checkpoints:v1"}); len(out.UsedBy) != 0 || !out.UsedByComplete || !*out.LinksComplete {
		t.Errorf("what was refused was recorded: %+v", out)
	}

	// More runs than fit on a page, and a link.
	a, err := c.Artifact(t.Context(), s.path("resnet-weights:v1"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{s.path(s.runs["evaluate"])}
	for range 30 {
		run, err := c.NewRun(t.Context(), &artifacts.RunOptions{Project: "vision"})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.UseArtifact(t.Context(), run, a); err != nil {
			t.Fatal(err)
		}
		want = append(want, run.String())
	}
	var users []string
	for ask := (args{"artifact": a.ID, "limit": 7}); ; {
		page := call[tools.ListArtifactUsersOutput](t, c, "list_artifact_users", ask)
		users = append(users, page.UsedBy...)
		if ask["cursor"] == nil && (len(page.Links) != 1 || page.Links[0].Artifact != s.path("released-models:v0") || !slices.Contains(page.Links[0].Aliases, "stable")) {
			t.Errorf("links are %+v", page.Links)
		}
		if !page.HasMore {
			break
		}
		ask["cursor"] = page.NextCursor
	}
	slices.Sort(users)
	slices.Sort(want)
	if !slices.Equal(users, want) {
		t.Errorf("%d users, want %d", len(users), len(want))
	}
	// Seen through the portfolio it is the same.
	if link := call[tools.ListArtifactUsersOutput](t, c, "list_artifact_users", args{"artifact": "released-models:v0", "limit": 100}); len(link.UsedBy) != len(want) || len(link.Links) != 1 {
		t.Errorf("through a link: %d users, %+v", len(link.UsedBy), link.Links)
	}
}
