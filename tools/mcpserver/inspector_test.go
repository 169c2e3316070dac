package mcpserver_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// An inspector is the MCP Inspector's command line, which starts our program,
// does one thing with it, and tells by its exit code how that went.
type inspector struct {
	program []string
	env     []string
	server  []string // how it starts ours
}

// The Inspector's exit code for a tool that answers with an error.
const toolFailed = 5

// inspectorOf is an inspector of a registry. Processes share what Node.js has
// compiled in a folder, which halves what the start of one takes.
func inspectorOf(t *testing.T, r *servertest.Registry, compiled string, flags ...string) inspector {
	t.Helper()
	return inspector{
		program: []string{
			recentNode(t), installed(t, "node/node_modules/.bin/mcp-inspector"), "--cli",
			"-e", "WANDB_BASE_URL=" + r.URL, "-e", "WANDB_API_KEY=" + r.Key,
		},
		env:    []string{"NODE_COMPILE_CACHE=" + compiled},
		server: append([]string{"--", binary, "mcp"}, flags...),
	}
}

func (i inspector) run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), i.program[0], slices.Concat(i.program[1:], args, i.server)...)
	cmd.Env = append(cleanEnv(t), i.env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return out.String(), errs.String(), exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), 0
}

// result runs a method, which has to succeed, and returns its result.
func (i inspector) result(t *testing.T, args ...string) map[string]any {
	t.Helper()
	out, errs, code := i.run(t, append(args, "--format", "json")...)
	var got struct{ Result map[string]any }
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || got.Result == nil {
		t.Fatalf("%q: exit code %d, %v\n%s%s", args, code, err, out, errs)
	}
	return got.Result
}

// An inspected is a call of a tool that has to succeed.
type inspected struct {
	tool      string
	arguments string // {name} stands for what was kept
	want      string // stands in the answer
	keep      map[string][]any
}

// inspectedReading calls every tool that reads, on what fill has made; {run} is
// the run that logged the model.
func inspectedReading() []inspected {
	model, data := `"artifact":"{at}/resnet-weights:production"`, `"artifact":"{at}/imagenet-mini:v1"`
	return []inspected{
		{"list_artifact_types", `{"project":"{at}"}`, `"evaluation"`, nil},
		{"list_artifact_collections", `{"project":"{at}","type":"dataset"}`, "imagenet-mini", nil},
		{"get_artifact_collection", `{"collection":"{at}/resnet-weights"}`, `"model"`, nil},
		{"list_artifacts", `{"collection":"{at}/checkpoints","limit":2}`, `"total":45`, nil},
		{"get_artifact", `{` + model + `}`, "{run}", nil},
		{"get_artifacts", `{"artifacts":["{at}/imagenet-mini:v0","{at}/imagenet-mini:v1"]}`, "imagenet-mini:v1", nil},
		{"search_artifacts", `{"project":"{at}","filters":{"metadata.rows":{"$gte":200}}}`, `"version":"v2"`, nil},
		{"list_artifact_files", `{` + data + `,"limit":2}`, "LICENSE.txt", nil},
		{"get_artifact_manifest", `{` + data + `}`, "parts/part-1.csv", nil},
		{"preview_artifact_file", `{` + data + `,"path":"parts/part-0.csv"}`, `"csv"`, nil},
		{"read_artifact_file", `{` + data + `,"path":"LICENSE.txt"}`, "CC BY 4.0", nil},
		{"verify_artifact", `{` + data + `,"server":true}`, `"ok":true`, nil},
		{"compare_artifacts", `{"from":"{at}/imagenet-mini:v0","to":"{at}/imagenet-mini:v1"}`, "parts/part-1.csv", nil},
		{"list_run_artifacts", `{"run":"{at}/{run}","mode":"used"}`, "imagenet-mini:v1", nil},
		{"list_artifact_users", `{` + data + `}`, "{run}", nil},
		{"get_lineage", `{` + model + `,"direction":"upstream"}`, "imagenet-mini:v1", nil},
		{"get_storage_usage", `{"project":"{at}"}`, "checkpoints", nil},
		{"get_alias_history", `{"collection":"{at}/resnet-weights","alias":"production"}`, "production", nil},
		{"list_audit_log", `{"entity":"{user}","subject":"{at}/released-models"}`, "released-models", nil},
	}
}

// inspectedChanges calls every tool that changes, in a world of its own, and
// those that read what only such a world has.
func inspectedChanges() []inspected {
	plan := map[string][]any{"plan": {"plan_id"}}
	return []inspected{
		{"log_artifact", `{"collection":"{at}/weights","files":[{"local":"w.bin"}],"contents":[{"path":"notes.md","text":"# Better"}]}`, "weights:v1",
			map[string][]any{"run": {"logged_by"}}},
		{"use_artifacts", `{"run":"{run}","artifacts":["{at}/table:v0"]}`, "table:v0", nil},
		{"download_artifact", `{"artifact":"{at}/weights:v1","to":"got"}`, "got", nil},
		{"update_artifact", `{"artifact":"{at}/weights:v1","description":"Seen","metadata":{"seen":true}}`, "weights:v1", nil},
		{"move_alias", `{"artifact":"{at}/weights:v0","alias":"production","expected":"none","reason":"as the Inspector"}`, "production", nil},
		{"save_artifact_collection", `{"collection":"{at}/weights","description":"Seen","add_tags":["seen"]}`, "weights", nil},
		{"link_artifact", `{"artifact":"{at}/weights:v0","portfolio":"{at}/chosen"}`, "chosen:v0", nil},
		{"unlink_artifact", `{"artifact":"{at}/chosen:v0"}`, "chosen", nil},
		{"plan_change", `{"action":"delete_collection","collection":"{at}/scratch"}`, "scratch", plan},
		{"apply_plan", `{"plan_id":"{plan}"}`, "scratch", nil},
		{"plan_delete_artifacts", `{"artifacts":["{at}/table:v1"]}`, "table:v1", plan},
		{"delete_artifacts", `{"artifacts":["{at}/table:v1"],"plan_id":"{plan}"}`, `"deleted":1`, nil},
		{"list_deleted_artifacts", `{"project":"{at}","collection":"table"}`, "table:v1", map[string][]any{"deletion": {"deletions", 0, "deletion_id"}}},
		{"restore_artifacts", `{"deletion_ids":["{deletion}"]}`, "table", nil},
		{"plan_delete_artifact_collection", `{"collection":"{at}/old"}`, "old", plan},
		{"delete_artifact_collection", `{"collection":"{at}/old","plan_id":"{plan}"}`, "old", nil},
		{"create_registry", `{"registry":"acme/models","description":"The best"}`, "wandb-registry-models", map[string][]any{"registry": {"project"}}},
		{"update_registry", `{"registry":"acme/models","description":"The very best"}`, "The very best", nil},
		{"change_registry_members", `{"registry":"acme/models","add":["{ada}"]}`, "ada", nil},
		{"link_artifact", `{"artifact":"{at}/weights:v0","portfolio":"{registry}/classifiers"}`, "classifiers:v0", nil},
		{"list_registries", `{"organization":"acme"}`, "models", nil},
		{"get_registry", `{"registry":"acme/models"}`, "The very best", nil},
		{"list_registry_collections", `{"organization":"acme","registry":"models"}`, "classifiers", nil},
		{"list_registry_versions", `{"organization":"acme","registry":"models"}`, "classifiers", nil},
		{"plan_delete_registry", `{"registry":"acme/models"}`, "classifiers:v0", plan},
		{"delete_registry", `{"registry":"acme/models","plan_id":"{plan}"}`, "models", nil},
	}
}

// inspectedResources are addresses of every kind, by the name of the template.
func inspectedResources() map[string]string {
	return map[string]string{
		"guide": "reliquary://guide", "project": "wandb-artifact://{at}", "collection": "wandb-artifact://{at}/imagenet-mini",
		"version": "wandb-artifact://{at}/imagenet-mini:v0", "file": "wandb-artifact://{at}/imagenet-mini:v1/parts/part-0.csv",
	}
}

// inspectedPrompts are the arguments of every prompt.
func inspectedPrompts() map[string][]string {
	return map[string][]string{
		"describe_project": nil,
		"clean_up":         {"project=team/vision"},
		"promote_version":  {"artifact=a:v1", "alias=best"},
		"compare_versions": {"from=a:v0", "to=a:v1"},
		"trace_lineage":    {"artifact=a:v1"},
	}
}

// inspect lets the Inspector list everything, call every tool of all toolsets,
// read every kind of resource and get every prompt. What it is told to do is
// held against what is served: a tool that is added has to be added above.
func inspect(t *testing.T, r *servertest.Registry, runs map[string]string) {
	compiled := t.TempDir()
	few := inspectorOf(t, r, compiled)
	all := inspectorOf(t, r, compiled, "--toolsets=all", "--files="+t.TempDir())
	kept := map[string]string{"user": r.Username, "at": r.Username + "/vision", "run": runs["train"]}
	eraOf := func(n int) string { return []string{"legacy", "modern"}[n%2] }

	t.Run("lists", func(t *testing.T) {
		for n := range 2 {
			for _, i := range []inspector{few, all} {
				out, errs, code := i.run(t, "--protocol-era", eraOf(n), "--method", "tools/list", "--strict")
				if code != 0 || strings.Contains(strings.ToLower(errs), "warning") || !strings.Contains(out, "plan_change") {
					t.Errorf("%s tools/list --strict: exit code %d\n%s", eraOf(n), code, errs)
				}
			}
			out, _, code := few.run(t, "--protocol-era", eraOf(n), "--method", "tools/call", "--tool-name", "list_artifacts", "--format", "json",
				"--tool-args-json", `{"collection": "`+r.Username+`/vision/checkpionts"}`)
			if code != toolFailed || !strings.Contains(out, r.Username+"/vision/checkpoints") {
				t.Errorf("%s tools/call of a misspelt name: exit code %d\n%s", eraOf(n), code, out)
			}
		}
		var called []string
		for _, c := range slices.Concat(inspectedReading(), inspectedChanges()) {
			called = append(called, c.tool)
		}
		inspectsAll(t, "call of", called, each(all.result(t, "--method", "tools/list")["tools"], "name"))
		served := slices.Concat(each(all.result(t, "--method", "resources/list")["resources"], "name"),
			each(all.result(t, "--method", "resources/templates/list")["resourceTemplates"], "name"))
		inspectsAll(t, "address for", slices.Sorted(maps.Keys(inspectedResources())), served)
		inspectsAll(t, "argument for", slices.Sorted(maps.Keys(inspectedPrompts())), each(all.result(t, "--method", "prompts/list")["prompts"], "name"))
	})
	t.Run("changes", func(t *testing.T) {
		t.Parallel()
		inspectChanges(t, compiled)
	})
	t.Run("tools", func(t *testing.T) {
		t.Parallel()
		for n, c := range inspectedReading() {
			c.inspect(t, all, eraOf(n), kept)
		}
	})
	t.Run("resources and prompts", func(t *testing.T) {
		t.Parallel()
		for n, name := range slices.Sorted(maps.Keys(inspectedResources())) {
			uri := filled(inspectedResources()[name], kept)
			got := all.result(t, "--protocol-era", eraOf(n), "--method", "resources/read", "--uri", uri)
			if text, _ := at(got, "contents", 0, "text").(string); at(got, "contents", 0, "uri") != uri || text == "" {
				t.Errorf("%s: %v", uri, got)
			}
		}
		for n, name := range slices.Sorted(maps.Keys(inspectedPrompts())) {
			args := []string{"--protocol-era", eraOf(n), "--method", "prompts/get", "--prompt-name", name}
			if given := inspectedPrompts()[name]; given != nil {
				args = append(append(args, "--prompt-args"), given...)
			}
			text := fmt.Sprint(at(all.result(t, args...), "messages", 0, "content", "text"))
			for _, a := range inspectedPrompts()[name] {
				if _, value, _ := strings.Cut(a, "="); !strings.Contains(text, value) {
					t.Errorf("%s does not say %s: %s", name, value, text)
				}
			}
		}
	})
}

// inspectChanges makes a world and changes everything that can be.
func inspectChanges(t *testing.T, compiled string) {
	r, c := worldClient(t)
	for n := range 3 {
		logged(t, c, "dataset", "table", map[string]string{"t.csv": fmt.Sprintf("id\n%d\n", n)})
	}
	logged(t, c, "model", "weights", map[string]string{"w.bin": "\x00"})
	for _, victim := range []string{"scratch", "old"} {
		logged(t, c, "dataset", victim, map[string]string{"x.txt": victim})
	}
	hers, err := artifacts.New(artifacts.Config{BaseURL: r.URL, APIKey: r.AddUser(t, "ada"), Retry: artifacts.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer hers.Close()
	ada, err := hers.Viewer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.AddOrganization(t, "acme", "ada")
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "w.bin"), []byte{1}, 0o600); err != nil {
		t.Fatal(err)
	}
	i := inspectorOf(t, r, compiled, "--toolsets=all", "--confirm=plan", "--files="+folder)
	kept := map[string]string{"at": r.Username + "/world", "ada": ada.ID}
	for n, c := range inspectedChanges() {
		c.inspect(t, i, []string{"legacy", "modern"}[n%2], kept)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "got", "notes.md")); err != nil || string(text) != "# Better" {
		t.Errorf("downloaded %q, %v", text, err)
	}
	// A plan that is none is refused by the tool, not by the protocol.
	if out, _, code := i.run(t, "--method", "tools/call", "--tool-name", "apply_plan", "--format", "json", "--tool-arg", "plan_id=change_x"); code != toolFailed || !strings.Contains(out, "plan_change") {
		t.Errorf("apply_plan: exit code %d\n%s", code, out)
	}
}

// inspect calls the tool, and keeps what later calls need.
func (c inspected) inspect(t *testing.T, i inspector, era string, kept map[string]string) {
	t.Helper()
	got := i.result(t, "--protocol-era", era, "--method", "tools/call", "--tool-name", c.tool, "--tool-args-json", filled(c.arguments, kept))
	text, err := json.Marshal(got["structuredContent"])
	if err != nil {
		t.Fatal(err)
	}
	if want := filled(c.want, kept); !strings.Contains(string(text), want) {
		t.Errorf("%s %s: %s has no %s", c.tool, filled(c.arguments, kept), text, want)
	}
	for name, path := range c.keep {
		value, ok := at(got["structuredContent"], path...).(string)
		if !ok {
			t.Fatalf("%s: there is no %v in %s", c.tool, path, text)
		}
		kept[name] = value
	}
}

// filled is a text with what was kept in the place of {name}.
func filled(text string, kept map[string]string) string {
	for name, value := range kept {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// inspectsAll fails the test where something is served that the Inspector does
// not use, or used and not served.
func inspectsAll(t *testing.T, what string, used, served []string) {
	t.Helper()
	for _, name := range served {
		if !slices.Contains(used, name) {
			t.Errorf("there is no %s %s for the Inspector", what, name)
		}
	}
	for _, name := range used {
		if !slices.Contains(served, name) {
			t.Errorf("there is a %s %s, which is not served", what, name)
		}
	}
}
