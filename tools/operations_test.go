package tools_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// TestOperations walks what the wandb package logged, as an agent would: from
// the project to its files and along lineage, then changes it.
func TestOperations(t *testing.T) {
	s := openShop(t)
	c := s.client(t, nil)

	t.Run("types", func(t *testing.T) { typesAreCounted(t, s, c) })
	t.Run("collections", func(t *testing.T) { collectionsAreFound(t, s, c) })
	t.Run("collection", func(t *testing.T) { collectionIsShown(t, s, c) })
	t.Run("pages", func(t *testing.T) { pagesHoldEachVersionOnce(t, s, c) })
	t.Run("cursors", func(t *testing.T) { cursorsBelongToTheirList(t, s, c) })
	t.Run("version", func(t *testing.T) { versionIsShown(t, s, c) })
	t.Run("metadata", func(t *testing.T) { metadataIsBounded(t, s, c) })
	t.Run("portfolio", func(t *testing.T) { linkSaysItsSource(t, s, c) })
	t.Run("creators", func(t *testing.T) { creatorsAreTold(t, s, c) })
	t.Run("no counts", func(t *testing.T) { countsCanBeMissing(t, s) })
	t.Run("only what is shown", func(t *testing.T) { onlyWhatIsShown(t, s) })
	t.Run("detail and fields", func(t *testing.T) { detailAndFields(t, s, c) })
	t.Run("what is complete", func(t *testing.T) { whatIsCompleteIsSaid(t, s, c) })
	t.Run("files", func(t *testing.T) { filesAreListed(t, s, c) })
	t.Run("lineage", func(t *testing.T) { lineageIsWalked(t, s, c) })
	t.Run("misspelt", func(t *testing.T) { misspeltNamesGetTheNearest(t, s, c) })
	t.Run("short forms", func(t *testing.T) { defaultsAreFilledIn(t, s, c) })
	t.Run("save", func(t *testing.T) { savingSendsWhatDiffers(t, s, c) })
	t.Run("save refuses", func(t *testing.T) { savingRefuses(t, s, c) })
	t.Run("delete", func(t *testing.T) { deletingTakesAPlan(t, s, c) })
	t.Run("plan is bound", func(t *testing.T) { plansAreBoundToTheState(t, s, c) })
	t.Run("plan of a portfolio", func(t *testing.T) { portfolioKeepsItsVersions(t, s, c) })
	t.Run("old servers", func(t *testing.T) { plansAreHonestOnOldServers(t, s) })
	t.Run("lost answer", func(t *testing.T) { lostAnswersAreLookedInto(t, s) })
}

func typesAreCounted(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.ListArtifactTypesOutput](t, c, "list_artifact_types", args{"project": s.Username + "/vision", "detail": "full"})
	got := map[string]int{}
	for _, typ := range out.Types {
		if typ.CreatedAt.IsZero() {
			t.Errorf("type %s has no time", typ.Name)
		}
		got[typ.Name] = *typ.Collections
	}
	// The portfolio counts as a collection of its type; the job is what the
	// package itself may log.
	delete(got, "job")
	want := map[string]int{"dataset": 1, "model": 3, "notes": 1, "evaluation": 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	if out.Total == nil || *out.Total != len(out.Types) || out.HasMore {
		t.Errorf("the whole list has total %v and more %v", out.Total, out.HasMore)
	}
}

func collectionsAreFound(t *testing.T, s *shop, c *artifacts.Client) {
	for _, tt := range []struct {
		args args
		want []string
	}{
		{args{"type": "evaluation"}, []string{"scratch", "Eval-old", "eval-results"}},
		{args{"type": "evaluation", "order": "oldest"}, []string{"eval-results", "Eval-old", "scratch"}},
		{args{"name_contains": "EVAL", "order": "name"}, []string{"Eval-old", "eval-results"}},
		{args{"name_contains": "t-w"}, []string{"resnet-weights"}},
		{args{"name_contains": "."}, []string{}}, // a point, not any character
		{args{"tag": "no such tag"}, []string{}},
	} {
		out := call[tools.ListArtifactCollectionsOutput](t, c, "list_artifact_collections", tt.args)
		got := []string{}
		for _, item := range out.Collections {
			got = append(got, item.Name)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v finds %q, want %q", tt.args, got, tt.want)
		}
		if out.Project != s.Username+"/vision" {
			t.Errorf("the project is %q", out.Project)
		}
	}
	out := call[tools.ListArtifactCollectionsOutput](t, c, "list_artifact_collections", args{"name_contains": "released"})
	if item := out.Collections[0]; item.Kind != "portfolio" || item.Type != "model" {
		t.Errorf("the portfolio is shown as %+v", item)
	}
	newestAreTold(t, s, c)
}

// newestAreTold: a list of collections tells the newest version of each, in one
// request for all of them.
func newestAreTold(t *testing.T, s *shop, c *artifacts.Client) {
	t.Helper()
	s.ClearRequests()
	out := call[tools.ListArtifactCollectionsOutput](t, c, "list_artifact_collections", args{"limit": 100})
	lists := 0
	for _, r := range s.Requests() {
		if r.Operation == "ProjectArtifactCollections" {
			lists++
		} else if strings.Contains(r.Operation, "Artifact") {
			t.Errorf("it asked %s too", r.Operation)
		}
	}
	if lists != 1 {
		t.Errorf("it asked for the list %d times", lists)
	}
	want := map[string]string{
		"imagenet-mini": "v2 latest", "checkpoints": "v44 latest", "resnet-weights": "v1 latest production",
		"released-models": "v0 latest stable", "scratch": "v0 latest",
	}
	for _, item := range out.Collections {
		if w, ok := want[item.Name]; ok {
			slices.Sort(item.LatestAliases)
			if got := item.LatestVersion + " " + strings.Join(item.LatestAliases, " "); got != w {
				t.Errorf("the newest of %s is %q, want %q", item.Name, got, w)
			}
			delete(want, item.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

func collectionIsShown(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.GetArtifactCollectionOutput](t, c, "get_artifact_collection", args{"collection": s.path("imagenet-mini")})
	if out.Collection != s.path("imagenet-mini") || out.Type != "dataset" || out.Kind != "sequence" || out.Versions != 3 {
		t.Errorf("got %+v", out)
	}
	slices.Sort(out.Aliases)
	if !slices.Equal(out.Aliases, []string{"latest", "stable"}) {
		t.Errorf("aliases %q", out.Aliases)
	}
}

func pagesHoldEachVersionOnce(t *testing.T, s *shop, c *artifacts.Client) {
	var got []string
	a := args{"collection": s.path("checkpoints"), "limit": 20}
	for page := 1; ; page++ {
		out := call[tools.ListArtifactsOutput](t, c, "list_artifacts", a)
		if page == 1 && (out.Total == nil || *out.Total != 45) {
			t.Errorf("the first page says a total of %v", out.Total)
		}
		for _, v := range out.Artifacts {
			got = append(got, v.Version)
		}
		if !out.HasMore {
			break
		}
		if out.NextCursor == "" || !strings.Contains(out.Hint, "cursor") {
			t.Fatalf("page %d has more, and cursor %q and hint %q", page, out.NextCursor, out.Hint)
		}
		a["cursor"] = out.NextCursor
	}
	var want []string
	for n := 44; n >= 0; n-- {
		want = append(want, fmt.Sprintf("v%d", n))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	oldest := call[tools.ListArtifactsOutput](t, c, "list_artifacts", args{"collection": s.path("checkpoints"), "order": "oldest", "limit": 1})
	if oldest.Artifacts[0].Version != "v0" {
		t.Errorf("the oldest is %q", oldest.Artifacts[0].Version)
	}
}

func cursorsBelongToTheirList(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.ListArtifactsOutput](t, c, "list_artifacts", args{"collection": s.path("checkpoints"), "limit": 2})
	for name, a := range map[string]args{
		"another collection": {"collection": s.path("imagenet-mini"), "cursor": out.NextCursor},
		"another order":      {"collection": s.path("checkpoints"), "order": "oldest", "cursor": out.NextCursor},
		"no cursor":          {"collection": s.path("checkpoints"), "cursor": "42"},
		"cut":                {"collection": s.path("checkpoints"), "cursor": out.NextCursor[:6]},
	} {
		e := refuse(t, c, "list_artifacts", a)
		if e.Code != artifacts.KindInvalid || e.Argument != "cursor" || !strings.Contains(e.Next, "leave cursor out") {
			t.Errorf("%s: %+v", name, e)
		}
	}
	e := refuse(t, c, "list_artifact_files", args{"artifact": s.path("checkpoints:v1"), "cursor": out.NextCursor})
	if e.Argument != "cursor" {
		t.Errorf("another operation: %+v", e)
	}
	// A cursor whose list is right and whose rest is not.
	e = refuse(t, c, "list_artifacts", args{"collection": s.path("checkpoints"), "cursor": out.NextCursor + "AAAA"})
	if e.Code != artifacts.KindInvalid {
		t.Errorf("a changed cursor: %+v", e)
	}
	// The short form of the same path is the same list.
	call[tools.ListArtifactsOutput](t, c, "list_artifacts", args{"collection": "checkpoints", "cursor": out.NextCursor})
}

func versionIsShown(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.GetArtifactOutput](t, c, "get_artifact", args{"artifact": s.path("imagenet-mini:stable"), "detail": "full"})
	if out.Artifact != s.path("imagenet-mini:v1") || out.Type != "dataset" || out.State != "COMMITTED" || out.Files != 3 {
		t.Errorf("got %+v", out)
	}
	if !slices.Equal(out.Aliases, []string{"stable"}) || !slices.Equal(out.Tags, []string{"curated"}) {
		t.Errorf("aliases %q, tags %q", out.Aliases, out.Tags)
	}
	if out.Description != "A small sample, edition 1" || out.Source != "" {
		t.Errorf("description %q, source %q", out.Description, out.Source)
	}
	if want := s.path(s.runs["prepare"]); out.LoggedBy != want {
		t.Errorf("logged by %q, want %q", out.LoggedBy, want)
	}
	if want := []string{s.path(s.runs["train"])}; !slices.Equal(out.UsedBy, want) || !out.UsedByComplete {
		t.Errorf("used by %q (complete %v), want %q", out.UsedBy, out.UsedByComplete, want)
	}
	if diff := cmp.Diff(map[string]any{"rows": 200.0, "classes": []any{"cat", "dog"}}, out.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	latest := call[tools.GetArtifactOutput](t, c, "get_artifact", args{"artifact": s.path("imagenet-mini")})
	if latest.Artifact != s.path("imagenet-mini:v2") {
		t.Errorf("without an alias, %q is shown", latest.Artifact)
	}
}

func metadataIsBounded(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.GetArtifactOutput](t, c, "get_artifact", args{"artifact": s.path("resnet-weights:production"), "detail": "full"})
	if diff := cmp.Diff(map[string]any{"accuracy": 0.91}, out.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if len(out.MetadataOmitted) != 1 || out.MetadataOmitted[0].Key != "config" || out.MetadataOmitted[0].Bytes < 100_000 {
		t.Errorf("omitted: %+v", out.MetadataOmitted)
	}
	e := refuse(t, c, "get_artifact", args{"artifact": s.path("resnet-weights:production"), "metadata_keys": []string{"acuracy"}})
	if e.Code != artifacts.KindNotFound || !slices.Equal(e.Candidates, []string{"accuracy"}) {
		t.Errorf("a misspelt key: %+v", e)
	}
}

func linkSaysItsSource(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.GetArtifactOutput](t, c, "get_artifact", args{"artifact": s.path("released-models:stable")})
	if out.Artifact != s.path("released-models:v0") || out.Source != s.path("resnet-weights:v1") {
		t.Errorf("got %q from %q", out.Artifact, out.Source)
	}
}

func filesAreListed(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.ListArtifactFilesOutput](t, c, "list_artifact_files", args{"artifact": s.path("imagenet-mini:latest")})
	var got []string
	for _, f := range out.Files {
		got = append(got, fmt.Sprintf("%s %d", f.Path, f.SizeBytes))
	}
	want := []string{"LICENSE.txt 10", "parts/part-0.csv 690", "parts/part-1.csv 690", "parts/part-2.csv 690"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if out.Artifact != s.path("imagenet-mini:v2") {
		t.Errorf("the artifact is %q", out.Artifact)
	}
	one := call[tools.ListArtifactFilesOutput](t, c, "list_artifact_files", args{"artifact": s.path("imagenet-mini"), "paths": []string{"LICENSE.txt"}})
	if len(one.Files) != 1 || one.Files[0].Path != "LICENSE.txt" {
		t.Errorf("by path: %+v", one.Files)
	}
	pages := call[tools.ListArtifactFilesOutput](t, c, "list_artifact_files", args{"artifact": s.path("imagenet-mini"), "limit": 3})
	rest := call[tools.ListArtifactFilesOutput](t, c, "list_artifact_files", args{"artifact": s.path("imagenet-mini"), "cursor": pages.NextCursor})
	if len(pages.Files) != 3 || len(rest.Files) != 1 || rest.HasMore {
		t.Errorf("pages of %d and %d files", len(pages.Files), len(rest.Files))
	}
}

func lineageIsWalked(t *testing.T, s *shop, c *artifacts.Client) {
	model := call[tools.GetArtifactOutput](t, c, "get_artifact", args{"artifact": s.path("resnet-weights:production"), "detail": "full"})
	used := call[tools.ListRunArtifactsOutput](t, c, "list_run_artifacts", args{"run": model.LoggedBy, "mode": "used"})
	if len(used.Artifacts) != 1 || used.Artifacts[0].Artifact != s.path("imagenet-mini:v1") || used.Artifacts[0].Type != "dataset" {
		t.Errorf("used: %+v", used.Artifacts)
	}
	logged := call[tools.ListRunArtifactsOutput](t, c, "list_run_artifacts", args{"run": s.path(s.runs["evaluate"]), "mode": "logged"})
	got := map[string]bool{}
	for _, a := range logged.Artifacts {
		got[a.Artifact] = true
	}
	if !got[s.path("scratch:v0")] || !got[s.path("eval-results:v0")] {
		t.Errorf("logged: %v", got)
	}
}

func misspeltNamesGetTheNearest(t *testing.T, s *shop, c *artifacts.Client) {
	for _, tt := range []struct {
		name       string
		operation  string
		args       args
		argument   string
		candidates []string
		next       string
	}{
		{"entity", "list_artifact_types", args{"project": s.Username + "x/vision"}, "project", []string{s.Username + "/vision"}, "entities of this API key"},
		{"project", "list_artifact_types", args{"project": s.Username + "/visoin"}, "project", []string{s.Username + "/vision"}, "call again with it"},
		{"no such project", "list_artifact_types", args{"project": s.Username + "/nothing"}, "project", nil, "vision"},
		{"project of a version", "get_artifact", args{"artifact": s.Username + "/visoin/imagenet-mini:v1"}, "artifact", []string{s.path("imagenet-mini:v1")}, "call again with it"},
		{"project of a run", "list_run_artifacts", args{"run": s.Username + "/visoin/abc", "mode": "used"}, "run", []string{s.path("abc")}, "call again with it"},
		{"entity of a version", "get_artifact", args{"artifact": s.Username + "x/vision/imagenet-mini:v1"}, "artifact", []string{s.path("imagenet-mini:v1")}, "entities"},
		{"type", "list_artifact_collections", args{"type": "datset"}, "type", []string{"dataset"}, "dataset"},
		{"collection", "list_artifacts", args{"collection": s.path("imagenet_mni")}, "collection", []string{s.path("imagenet-mini")}, "call again with it"},
		{"collection of a version", "get_artifact", args{"artifact": s.path("resnetweights:production")}, "artifact", []string{s.path("resnet-weights:production")}, "resnet-weights"},
		{"alias", "get_artifact", args{"artifact": s.path("resnet-weights:prodution")}, "artifact", []string{s.path("resnet-weights:production")}, "production"},
		{"version", "get_artifact", args{"artifact": s.path("imagenet-mini:v99")}, "artifact", nil, "v0"},
		{"run", "list_run_artifacts", args{"run": s.path("nosuchrun"), "mode": "used"}, "run", nil, "id"},
		{"plan", "plan_delete_artifact_collection", args{"collection": s.path("scrtch")}, "collection", []string{s.path("scratch")}, "scratch"},
		{"save", "save_artifact_collection", args{"collection": s.path("scrtch"), "description": "x"}, "collection", []string{s.path("scratch")}, "scratch"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := refuse(t, c, tt.operation, tt.args)
			if e.Code != artifacts.KindNotFound || e.Argument != tt.argument || !strings.Contains(e.Next, tt.next) {
				t.Errorf("got %+v", e)
			}
			for _, want := range tt.candidates {
				if !slices.Contains(e.Candidates, want) {
					t.Errorf("candidates %q lack %q", e.Candidates, want)
				}
			}
		})
	}
}

func defaultsAreFilledIn(t *testing.T, s *shop, c *artifacts.Client) {
	for _, short := range []string{"imagenet-mini", "vision/imagenet-mini", s.path("imagenet-mini")} {
		out := call[tools.GetArtifactCollectionOutput](t, c, "get_artifact_collection", args{"collection": short})
		if out.Collection != s.path("imagenet-mini") {
			t.Errorf("%q is %q", short, out.Collection)
		}
	}
	run := call[tools.ListRunArtifactsOutput](t, c, "list_run_artifacts", args{"run": s.runs["train"], "mode": "used"})
	if run.Run != s.path(s.runs["train"]) {
		t.Errorf("the run is %q", run.Run)
	}
	for _, tt := range []struct {
		operation string
		args      args
		want      string
	}{
		{"list_artifact_types", args{"project": "a/b/c"}, "too many parts"},
		{"list_artifact_types", args{"project": "a/"}, "empty part"},
		{"list_artifact_types", args{"project": "a:b"}, "colon"},
		{"get_artifact_collection", args{"collection": ""}, "empty"},
		{"get_artifact_collection", args{"collection": "a/b/c/d"}, "4 parts"},
		{"get_artifact_collection", args{"collection": "imagenet-mini:v1"}, "a version rather than its collection"},
		{"get_artifact", args{"artifact": "wandb-artifact://abc/file"}, "not a path"},
		{"list_run_artifacts", args{"run": "a/b/c/d", "mode": "used"}, "too many parts"},
	} {
		e := refuse(t, c, tt.operation, tt.args)
		if e.Code != artifacts.KindInvalid || !strings.Contains(e.Message, tt.want) || e.Next == "" || e.Argument == "" {
			t.Errorf("%s(%v): %+v", tt.operation, tt.args, e)
		}
	}
}
