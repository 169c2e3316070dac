package mcpserver_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
	"github.com/reliquary/reliquary/tools"
)

// TestClients lets the official clients walk a registry that the wandb package
// has filled: as a W&B server and as a directory, with the old and the new
// revision of the protocol, as each client chooses.
func TestClients(t *testing.T) {
	r := servertest.Start(t)
	runs := fill(t, r)
	asServer := map[string]string{"WANDB_BASE_URL": r.URL, "WANDB_API_KEY": r.Key}
	asDirectory := map[string]string{"RELIQUARY_DIR": r.Dir}
	node := func(line string) []string { return []string{"node", "testdata/node/client.mjs", line} }
	for _, tt := range []struct {
		name     string
		program  []string
		env      map[string]string
		protocol string
		victim   string // what this client changes and deletes
	}{
		{"python", []string{installed(t, "mcp/bin/python"), "testdata/python/client.py"}, asServer, "2026-07-28", "scratch"},
		{"typescript 1", node("sdk"), asDirectory, "", "Eval-old"},
		{"typescript 2", node("client"), asServer, "2025-11-25", "eval-results"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := theWalk(r.Username, tt.victim)
			w.Command, w.Env = []string{binary, "mcp", "--toolsets=all", "--confirm=plan"}, tt.env
			a := w.run(t, []string{"NODE_PACKAGES=" + installed(t, "node")}, tt.program...)
			if a.Server != "reliquary" || a.Protocol != tt.protocol || !strings.Contains(a.Instructions, "plan") {
				t.Errorf("server %q, protocol %q, instructions %q", a.Server, a.Protocol, a.Instructions)
			}
			want := 0
			for _, o := range forAgents() {
				if !o.LocalFiles { // without --files
					want++
				}
			}
			if len(a.Tools) != want {
				t.Errorf("%d tools, not %d", len(a.Tools), want)
			}
			w.checkSchemas(t, a)
			checkWalk(t, a, r.Username, tt.victim, runs)
		})
	}
	t.Run("inspector", func(t *testing.T) { inspect(t, r, runs) })
	t.Run("python read-only", func(t *testing.T) {
		w := walk{Command: []string{binary, "mcp", "--read-only"}, Env: asServer, Calls: []step{}}
		a := w.run(t, nil, installed(t, "mcp/bin/python"), "testdata/python/client.py")
		for _, tool := range a.Tools {
			if !tool.Annotations.ReadOnlyHint {
				t.Errorf("%s is served read-only", tool.Name)
			}
		}
		if len(a.Tools) != 9 {
			t.Errorf("%d tools", len(a.Tools))
		}
	})
}

// The steps of the walk, by what they show.
const (
	listTypes = iota
	firstPage
	secondPage
	getModel
	whatItUsed
	listFiles
	misspelt
	wrongType
	wrongCursor
	save
	readBack
	plan
	planOfAnother
	apply
	planOfNothing
	oddTexts
	steps
)

func theWalk(entity, victim string) walk {
	path := func(name string) string { return entity + "/vision/" + name }
	from := func(call int, key string) map[string]any { return map[string]any{"$from": []any{call, key}} }
	w := walk{Calls: make([]step, steps)}
	set := func(n int, tool string, arguments map[string]any) { w.Calls[n] = step{tool, arguments} }
	set(listTypes, "list_artifact_types", map[string]any{"project": entity + "/vision"})
	set(firstPage, "list_artifacts", map[string]any{"collection": path("checkpoints"), "limit": 20})
	set(secondPage, "list_artifacts", map[string]any{"collection": path("checkpoints"), "limit": 30, "cursor": from(firstPage, "next_cursor")})
	set(getModel, "get_artifact", map[string]any{"artifact": path("resnet-weights:production")})
	set(whatItUsed, "list_run_artifacts", map[string]any{"run": from(getModel, "logged_by"), "mode": "used"})
	set(listFiles, "list_artifact_files", map[string]any{"artifact": path("imagenet-mini:latest")})
	set(misspelt, "get_artifact", map[string]any{"artifact": path("resnet-wieghts:production")})
	set(wrongType, "list_artifacts", map[string]any{"collection": path("checkpoints"), "limit": "many"})
	set(wrongCursor, "list_artifact_files", map[string]any{"artifact": path("imagenet-mini"), "cursor": from(firstPage, "next_cursor")})
	set(save, "save_artifact_collection", map[string]any{"collection": path(victim), "description": "To be deleted", "add_tags": []string{"old"}})
	set(readBack, "get_artifact_collection", map[string]any{"collection": path(victim)})
	set(plan, "plan_delete_artifact_collection", map[string]any{"collection": path(victim)})
	set(planOfAnother, "delete_artifact_collection", map[string]any{"collection": path("imagenet-mini"), "plan_id": from(plan, "plan_id")})
	set(apply, "delete_artifact_collection", map[string]any{"collection": path(victim), "plan_id": from(plan, "plan_id")})
	set(planOfNothing, "plan_delete_artifact_collection", map[string]any{"collection": path(victim)})
	set(oddTexts, "get_artifact", map[string]any{"artifact": path("odd-texts"), "detail": "full"})
	return w
}

func checkWalk(t *testing.T, a answers, entity, victim string, runs map[string]string) {
	t.Helper()
	path := func(name string) string { return entity + "/vision/" + name }
	for n, r := range a.Results {
		failing := slices.Contains([]int{misspelt, wrongType, wrongCursor, planOfAnother, planOfNothing}, n)
		if r.IsError != failing {
			t.Fatalf("call %d: error %v: %s", n, r.IsError, r.Text)
		}
	}
	list := func(n int, key string) []any { return a.Results[n].Structured[key].([]any) }
	var names []string
	for _, typ := range list(listTypes, "types") {
		names = append(names, typ.(map[string]any)["name"].(string))
	}
	for _, want := range []string{"dataset", "model", "evaluation"} {
		if !slices.Contains(names, want) {
			t.Errorf("the types are %q", names)
		}
	}
	versions := map[any]bool{}
	for _, v := range append(list(firstPage, "artifacts"), list(secondPage, "artifacts")...) {
		versions[v.(map[string]any)["version"]] = true
	}
	if len(versions) != 45 || a.Results[firstPage].Structured["total"] != 45.0 || a.Results[secondPage].Structured["has_more"] != false {
		t.Errorf("%d versions on two pages", len(versions))
	}
	if used := list(whatItUsed, "artifacts"); len(used) != 1 || used[0].(map[string]any)["artifact"] != path("imagenet-mini:v1") {
		t.Errorf("the model was made from %v", used)
	}
	if by := a.Results[getModel].Structured["logged_by"]; by != path(runs["train"]) {
		t.Errorf("the model was logged by %v", by)
	}
	if n := len(list(listFiles, "files")); n != 4 {
		t.Errorf("%d files", n)
	}
	for n, want := range map[int]tools.Error{
		misspelt:      {Code: artifacts.KindNotFound, Argument: "artifact", Candidates: []string{path("resnet-weights:production")}},
		wrongType:     {Code: artifacts.KindInvalid, Argument: "limit"},
		wrongCursor:   {Code: artifacts.KindInvalid, Argument: "cursor"},
		planOfAnother: {Code: artifacts.KindConflict, Argument: "plan_id"},
		planOfNothing: {Code: artifacts.KindNotFound, Argument: "collection"},
	} {
		var got tools.Error
		if err := json.Unmarshal([]byte(a.Results[n].Text[0]), &got); err != nil {
			t.Errorf("call %d: %v", n, err)
			continue
		}
		if got.Code != want.Code || got.Argument != want.Argument || got.Next == "" || want.Candidates != nil && !slices.Equal(got.Candidates, want.Candidates) {
			t.Errorf("call %d failed with %+v", n, got)
		}
	}
	if got := a.Results[readBack].Structured; got["description"] != "To be deleted" || got["tags"].([]any)[0] != "old" {
		t.Errorf("what was saved reads back as %v", got)
	}
	if got := a.Results[apply].Structured; got["deleted"] != path(victim) {
		t.Errorf("deleted %v", got)
	}
	odd := a.Results[oddTexts]
	if got := odd.Structured["description"]; got != "red and reversed, tagged" {
		t.Errorf("the odd description is %q", got)
	}
	if len(odd.Text) != 2 || !strings.Contains(odd.Text[1], "invisible characters") {
		t.Errorf("nothing says that something was taken out: %q", odd.Text[1:])
	}
}
