package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// TestClasses calls what classes are made of on a registry that the wandb
// package has filled. That the classes give what the package's own give is
// tested beside them, in bindings.
func TestClasses(t *testing.T) {
	s := openShop(t)
	c := s.client(t, nil)
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *shop, *artifacts.Client)
	}{
		{"pages", classPages},
		{"page ends", classPageEnds},
		{"walks", classWalks},
		{"objects", classObjects},
		{"lineage", classLineage},
		{"collections", classCollectionChanges},
		{"versions", classVersionChanges},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, s, c) })
	}
}

func classPages(t *testing.T, s *shop, c *artifacts.Client) {
	var got []string
	a := args{"collection": "checkpoints", "type": "model", "first": 20}
	for {
		page := call[tools.ArtifactConnection](t, c, "artifacts_page", a)
		for _, n := range page.Nodes {
			got = append(got, n.Version)
			if n.Entity != s.Username || n.Project != "vision" || n.Metadata == nil || n.Size == 0 {
				t.Errorf("a node is %+v", n)
			}
		}
		if first := a["after"] == nil; first != (page.TotalCount != nil) || first && *page.TotalCount != 45 {
			t.Errorf("behind %v the total is %v", a["after"], page.TotalCount)
		}
		if !page.PageInfo.HasNextPage {
			break
		}
		a["after"] = page.PageInfo.EndCursor
	}
	var want []string
	for n := 44; n >= 0; n-- {
		want = append(want, fmt.Sprintf("v%d", n))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	nodes := call[tools.ArtifactConnection](t, c, "artifacts_page", a).Nodes
	a["columns"] = true
	if page := call[tools.ArtifactConnection](t, c, "artifacts_page", a); page.Columns == nil || page.Columns.Length != len(nodes) || len(page.Nodes) > 0 {
		t.Errorf("%d nodes as columns are %+v", len(nodes), page)
	}
	delete(a, "columns")
	a["total"] = true
	if page := call[tools.ArtifactConnection](t, c, "artifacts_page", a); page.TotalCount == nil || *page.TotalCount != 45 {
		t.Errorf("asked for behind the first page, the total is %v", page.TotalCount)
	}

	types := call[tools.ArtifactTypeConnection](t, c, "artifact_types_page", args{})
	models := call[tools.ArtifactCollectionConnection](t, c, "artifact_collections_page", args{"type": "model", "order": "+name"})
	names := func(nodes []tools.ArtifactCollectionNode) (out []string) {
		for _, n := range nodes {
			out = append(out, n.Name+" "+n.Kind)
		}
		return out
	}
	if diff := cmp.Diff([]string{"checkpoints SEQUENCE", "released-models PORTFOLIO", "resnet-weights SEQUENCE"}, names(models.Nodes)); diff != "" {
		t.Errorf("models (-want +got):\n%s", diff)
	}
	filtered := call[tools.ArtifactCollectionConnection](t, c, "artifact_collections_page", args{"filters": args{"name": args{"$regex": "^eval"}}})
	if diff := cmp.Diff([]string{"eval-results SEQUENCE"}, names(filtered.Nodes)); diff != "" {
		t.Errorf("filtered (-want +got):\n%s", diff)
	}
	if len(types.Nodes) < 4 || types.Nodes[0].ID == "" || types.Nodes[0].Entity != s.Username {
		t.Errorf("types: %+v", types.Nodes)
	}
	files := call[tools.FileConnection](t, c, "artifact_files_page", args{"artifact": "imagenet-mini:v2", "names": []string{"LICENSE.txt"}})
	if len(files.Nodes) != 1 || files.Nodes[0].Name != "LICENSE.txt" || files.Nodes[0].Size != 10 || files.Nodes[0].DirectURL == "" {
		t.Errorf("files: %+v", files.Nodes)
	}
	if projects := call[tools.ProjectConnection](t, c, "projects_page", args{}); len(projects.Nodes) == 0 {
		t.Error("no project is listed")
	}
	if runs := call[tools.RunConnection](t, c, "runs_page", args{"first": 1}); len(runs.Nodes) != 1 || !runs.PageInfo.HasNextPage {
		t.Errorf("runs: %+v", runs)
	}
}

// classPageEnds: where a page of versions ends is told before the page is there, and
// the end of the last one never.
func classPageEnds(t *testing.T, _ *shop, c *artifacts.Client) {
	a := args{"collection": "checkpoints", "type": "model", "first": 20}
	for pages := 1; ; pages++ {
		var told []tools.PageInfo
		ctx := tools.WithPageEnd(t.Context(), func(end tools.PageInfo) { told = append(told, end) })
		page := callIn[tools.ArtifactConnection](ctx, t, c, "artifacts_page", a)
		if !page.PageInfo.HasNextPage {
			if pages != 3 || len(told) > 0 {
				t.Errorf("%d pages, and the last one told %v", pages, told)
			}
			return
		}
		if diff := cmp.Diff([]tools.PageInfo{page.PageInfo}, told); diff != "" {
			t.Errorf("page %d (-is +told):\n%s", pages, diff)
		}
		a["after"] = page.PageInfo.EndCursor
	}
}

// classWalks: a walk gives every item once and in order, asks for each page once,
// and is one page ahead of whoever walks.
func classWalks(t *testing.T, s *shop, _ *artifacts.Client) {
	var asked atomic.Int64
	ahead := make(chan struct{}, 10)
	c := s.client(t, interceptor(func(operation string, send func() (*http.Response, error)) (*http.Response, error) {
		if operation == "ProjectArtifacts" {
			asked.Add(1)
			ahead <- struct{}{}
		}
		return send()
	}))
	o, err := tools.Lookup(tools.All(), "artifacts_page")
	if err != nil {
		t.Fatal(err)
	}
	walk := func(ctx context.Context, arguments string) iter.Seq2[any, error] {
		return o.Walk(ctx, c, json.RawMessage(arguments))
	}
	var got []int
	for nodes, err := range walk(t.Context(), `{"collection": "checkpoints", "first": 10, "columns": true}`) {
		if err != nil {
			t.Fatal(err)
		}
		if len(got) < 40 {
			<-ahead // the page that this is
		}
		if len(got) == 0 {
			<-ahead // the next one, though this one is still used
		}
		for _, n := range nodes.([]tools.ArtifactNode) {
			got = append(got, n.VersionIndex)
		}
	}
	var want []int
	for n := 44; n >= 0; n-- {
		want = append(want, n)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if n := asked.Load(); n != 5 {
		t.Errorf("5 pages were asked for with %d requests", n)
	}

	// Whoever leaves, or is canceled, has asked for one page more at most, and waits for nothing.
	asked.Store(0)
	for range walk(t.Context(), `{"collection": "checkpoints", "first": 1}`) {
		break
	}
	if n := asked.Load(); n > 2 {
		t.Errorf("a walk that was left at its first page has asked for %d", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pages, last := 0, error(nil)
	for _, last = range walk(ctx, `{"collection": "checkpoints", "first": 1}`) {
		pages++
		cancel()
	}
	var canceled *tools.Error
	if !errors.As(last, &canceled) || canceled.Code != artifacts.KindCanceled || pages > 3 {
		t.Errorf("a walk that was canceled at its first page ended at %d with %v", pages, last)
	}
	for _, err := range walk(t.Context(), `{"collection": "none", "first": 1}`) {
		if last = err; err == nil {
			t.Error("a collection that is not there has a page")
		}
	}
	if !errors.As(last, &canceled) || canceled.Code != artifacts.KindNotFound {
		t.Errorf("a walk of a collection that is not there ended with %v", last)
	}
}

func classObjects(t *testing.T, s *shop, c *artifacts.Client) {
	byPath := call[tools.ArtifactNode](t, c, "artifact_load", args{"artifact": s.path("imagenet-mini:stable")})
	if byPath.Version != "v1" || byPath.Type != "dataset" || byPath.Description == nil || len(byPath.Digest) != 32 {
		t.Errorf("by path: %+v", byPath)
	}
	byID := call[tools.ArtifactNode](t, c, "artifact_load", args{"id": byPath.ID})
	if diff := cmp.Diff(byPath, byID); diff != "" {
		t.Errorf("by path and by id (-path +id):\n%s", diff)
	}
	e := refuse(t, c, "artifact_load", args{"id": byPath.ID, "artifact": "imagenet-mini"})
	if e.Code != artifacts.KindInvalid {
		t.Errorf("named twice: %+v", e)
	}
	if e := refuse(t, c, "artifact_load", args{"artifact": "no-such"}); e.Code != artifacts.KindNotFound {
		t.Errorf("missing: %+v", e)
	}
	if typ := call[tools.ArtifactTypeNode](t, c, "artifact_type_load", args{"type": "model"}); typ.Name != "model" || typ.Project != "vision" {
		t.Errorf("type: %+v", typ)
	}
	col := call[tools.ArtifactCollectionNode](t, c, "artifact_collection_load", args{"type": "dataset", "name": "imagenet-mini"})
	if col.Kind != "SEQUENCE" || col.Type != "dataset" || col.ID == "" {
		t.Errorf("collection: %+v", col)
	}
	if e := refuse(t, c, "artifact_collection_load", args{"type": "model", "name": "imagenet-mini"}); e.Code != artifacts.KindNotFound {
		t.Errorf("of another type: %+v", e)
	}
	aliases := call[tools.ArtifactCollectionAliasesOutput](t, c, "artifact_collection_aliases", args{"name": "imagenet-mini"})
	slices.Sort(aliases.Aliases)
	if !slices.Equal(aliases.Aliases, []string{"latest", "stable"}) {
		t.Errorf("aliases: %q", aliases.Aliases)
	}
	var paths []string
	m := args{"artifact": "imagenet-mini:v2", "first": 3}
	for {
		page := call[tools.ManifestEntryConnection](t, c, "artifact_manifest_page", m)
		for _, n := range page.Nodes {
			paths = append(paths, n.Path)
		}
		if !page.PageInfo.HasNextPage {
			break
		}
		m["after"] = page.PageInfo.EndCursor
	}
	if !slices.Equal(paths, []string{"LICENSE.txt", "parts/part-0.csv", "parts/part-1.csv", "parts/part-2.csv"}) {
		t.Errorf("the manifest has %q", paths)
	}
	if v := call[tools.ViewerNode](t, c, "viewer_load", args{}); v.Username != s.Username || v.DefaultEntity != s.Username || v.DefaultProject != "vision" {
		t.Errorf("viewer: %+v", v)
	}
}

func classLineage(t *testing.T, s *shop, c *artifacts.Client) {
	by := call[tools.ArtifactLoggedByOutput](t, c, "artifact_logged_by", args{"artifact": "resnet-weights:production"})
	if by.Run == nil || by.Run.ID != s.runs["train"] {
		t.Errorf("logged by %+v", by.Run)
	}
	users := call[tools.ArtifactUsedByOutput](t, c, "artifact_used_by", args{"artifact": "resnet-weights:production"})
	if len(users.Runs) != 1 || users.Runs[0].ID != s.runs["evaluate"] || !users.Complete {
		t.Errorf("used by %+v", users)
	}
	used := call[tools.ArtifactConnection](t, c, "run_artifacts_page", args{"run": s.runs["train"], "mode": "used"})
	if len(used.Nodes) != 1 || used.Nodes[0].Collection != "imagenet-mini" {
		t.Errorf("used: %+v", used.Nodes)
	}
	run := call[tools.RunNode](t, c, "run_load", args{"run": s.runs["train"]})
	if run.ID != s.runs["train"] || run.JobType != "train" || run.State == "" {
		t.Errorf("run: %+v", run)
	}
	if e := refuse(t, c, "run_load", args{"run": "nosuchid"}); e.Code != artifacts.KindNotFound || e.Argument != "run" {
		t.Errorf("a missing run: %+v", e)
	}
	call[tools.Done](t, c, "run_use_artifact", args{"run": s.runs["train"], "artifact": "imagenet-mini:v2"})
	users = call[tools.ArtifactUsedByOutput](t, c, "artifact_used_by", args{"artifact": "imagenet-mini:v2"})
	if len(users.Runs) != 1 || users.Runs[0].ID != s.runs["train"] {
		t.Errorf("after a run used it: %+v", users)
	}
	call[tools.Done](t, c, "run_log_artifact", args{"run": s.runs["evaluate"], "artifact": "imagenet-mini:v0", "aliases": []string{"seen"}, "tags": []string{"shown"}})
	logged := call[tools.ArtifactConnection](t, c, "run_artifacts_page", args{"run": s.runs["evaluate"], "mode": "logged"})
	if !slices.ContainsFunc(logged.Nodes, func(n tools.ArtifactNode) bool {
		return n.SourceCollection == "imagenet-mini" && n.SourceVersion == "v0" && slices.Contains(n.Aliases, "seen") && !slices.Contains(n.Aliases, "latest") && slices.Contains(n.Tags, "shown")
	}) {
		t.Errorf("logged: %+v", logged.Nodes)
	}
	if e := refuse(t, c, "run_log_artifact", args{"run": "r", "project": "other", "artifact": s.path("imagenet-mini:v0")}); e.Code != artifacts.KindInvalid {
		t.Errorf("logged to another project: %+v", e)
	}
	links := call[tools.ArtifactLinkedArtifactsOutput](t, c, "artifact_linked_artifacts", args{"artifact": "resnet-weights:production"})
	if len(links.Nodes) != 1 || links.Nodes[0].Collection != "released-models" || links.Nodes[0].SourceCollection != "resnet-weights" {
		t.Errorf("links: %+v", links.Nodes)
	}
}

func classCollectionChanges(t *testing.T, _ *shop, c *artifacts.Client) {
	saved := call[tools.ArtifactCollectionNode](t, c, "artifact_collection_save", args{
		"name": "Eval-old", "new_name": "eval-archived", "description": "kept", "tags": []string{"old"}, "new_type": "archive",
	})
	loaded := call[tools.ArtifactCollectionNode](t, c, "artifact_collection_load", args{"name": "eval-archived"})
	loaded.UpdatedAt, saved.UpdatedAt = nil, nil
	if diff := cmp.Diff(saved, loaded); diff != "" || saved.Type != "archive" || *saved.Description != "kept" || !slices.Equal(saved.Tags, []string{"old"}) {
		t.Errorf("saved %+v (-saved +loaded):\n%s", saved, diff)
	}
	cleared := call[tools.ArtifactCollectionNode](t, c, "artifact_collection_save", args{"name": "eval-archived", "description": "", "tags": []string{}})
	if cleared.Description != nil && *cleared.Description != "" || len(cleared.Tags) > 0 || cleared.Type != "archive" {
		t.Errorf("cleared: %+v", cleared)
	}
	e := refuse(t, c, "artifact_collection_save", args{"name": "eval-archived", "new_name": "a/b"})
	if e.Code != artifacts.KindInvalid || e.Argument != "new_name" {
		t.Errorf("a bad name: %+v", e)
	}
	call[tools.Done](t, c, "artifact_collection_delete", args{"name": "eval-archived"})
	if e := refuse(t, c, "artifact_collection_delete", args{"name": "eval-archived"}); e.Code != artifacts.KindNotFound {
		t.Errorf("deleted twice: %+v", e)
	}
}

func classVersionChanges(t *testing.T, s *shop, c *artifacts.Client) {
	saved := call[tools.ArtifactNode](t, c, "artifact_save", args{
		"artifact": "checkpoints:v3", "description": "third", "metadata": args{"big": 9007199254740993},
		"add_aliases": []string{"best"}, "add_tags": []string{"kept"}, "ttl_seconds": 86400 * 365,
	})
	if *saved.Description != "third" || !slices.Equal(saved.Aliases, []string{"best"}) || !slices.Equal(saved.Tags, []string{"kept"}) ||
		*saved.TTLSeconds != 86400*365 || !strings.Contains(string(saved.Metadata.RawMessage), "9007199254740993") {
		t.Errorf("saved: %+v, metadata %s", saved, saved.Metadata.RawMessage)
	}
	linked := call[tools.ArtifactNode](t, c, "artifact_link", args{"artifact": "checkpoints:best", "target": "shelf", "aliases": []string{"shown"}})
	if linked.Collection != "shelf" || linked.Version != "v0" || linked.SourceVersion != "v3" || !slices.Contains(linked.Aliases, "shown") {
		t.Errorf("linked: %+v", linked)
	}
	call[tools.Done](t, c, "artifact_unlink", args{"artifact": "shelf:shown"})
	if e := refuse(t, c, "artifact_load", args{"artifact": "shelf:shown"}); e.Code != artifacts.KindNotFound {
		t.Errorf("unlinked: %+v", e)
	}
	if e := refuse(t, c, "artifact_delete", args{"artifact": "checkpoints:best"}); e.Code != artifacts.KindConflict {
		t.Errorf("with an alias: %+v", e)
	}
	saved = call[tools.ArtifactNode](t, c, "artifact_save", args{
		"artifact": s.path("checkpoints:best"), "remove_aliases": []string{"best"}, "remove_tags": []string{"kept"}, "ttl_seconds": -1, "description": "",
	})
	if len(saved.Aliases)+len(saved.Tags) > 0 || saved.TTLSeconds != nil || saved.Description != nil && *saved.Description != "" {
		t.Errorf("cleared: %+v", saved)
	}
	call[tools.Done](t, c, "artifact_delete", args{"artifact": "checkpoints:v3"})
	call[tools.Done](t, c, "artifact_delete", args{"artifact": "checkpoints:latest", "delete_aliases": true})
	if page := call[tools.ArtifactConnection](t, c, "artifacts_page", args{"collection": "checkpoints"}); *page.TotalCount != 43 {
		t.Errorf("after two deletions there are %d", *page.TotalCount)
	}
}
