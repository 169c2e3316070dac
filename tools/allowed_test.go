package tools_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// TestAllowed: what is outside of the places that calls are limited to can
// neither be read nor changed, by whatever name and operation.
func TestAllowed(t *testing.T) {
	s := openShop(t)
	c := s.client(t, nil)
	secret := s.log(t, c, "secret", "notes", map[string]string{"a.txt": "secret"})
	home := s.Username + "/elsewhere"
	ctx := tools.WithAllowed(t.Context(), []string{home, "other-team"})
	collection, version, run := s.path("secret"), s.path("secret:v0"), s.Username+"/vision/"+s.runs["train"]
	given := map[string]any{
		"project": s.Username + "/vision", "collection": collection, "artifact": version, "run": run, "from": version, "to": version,
		"portfolio": s.path("chosen"), "artifacts": []string{version}, "path": "a.txt", "plan_id": "plan_AAAA", "description": "new", "add_tags": []string{"new"},
		"mode": "used", "type": "notes",
	}
	for _, o := range tools.InToolsets(tools.All(), tools.Toolsets()...) {
		if o.Toolset == tools.ToolsetRegistries || o.Effect == tools.Destroys || o.LocalFiles {
			continue // what destroys takes a plan, which cannot be had
		}
		var takes struct{ Properties map[string]any }
		if err := json.Unmarshal(o.InputSchema(), &takes); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{version, secret.ID} {
			a := args{}
			for argument, value := range given {
				if takes.Properties[argument] != nil {
					a[argument] = value
				}
			}
			switch o.Name {
			case "get_lineage":
				delete(a, "run")
			case "get_artifacts":
				delete(a, "project")
			case "plan_change":
				a = args{"action": "delete_artifacts", "artifacts": []string{name}}
			case "plan_delete_artifacts":
				delete(a, "collection")
			case "save_artifact_collection":
				a = args{"collection": collection, "description": "new"}
			case "search_artifacts":
				a = args{"project": given["project"]}
			case "restore_artifacts":
				continue // by the ids of deletions, of which there are none
			case "move_alias":
				a["alias"], a["expected"] = "latest", "v0"
			case "log_artifact":
				a = args{"collection": collection, "type": "notes", "contents": []args{{"path": "a", "text": "b"}}}
			}
			if _, ok := a["artifact"]; ok {
				a["artifact"] = name
			}
			if _, ok := a["artifacts"]; ok {
				a["artifacts"] = []string{name}
			}
			out, err := tryIn(ctx, t, c, o.Name, a)
			e, _ := err.(*tools.Error)
			if err == nil && o.Name == "get_artifacts" { // which says of each what became of it
				if text := jsonOf(t, out); !strings.Contains(text, "outside of what") || strings.Contains(text, secret.Digest) {
					t.Errorf("%s(%v): %s", o.Name, a, text)
				}
				continue
			}
			// An id is no path for all of them.
			if err == nil || e == nil || e.Code != artifacts.KindDenied && !(name == secret.ID && e.Code != artifacts.KindUnavailable) {
				t.Errorf("%s(%v): %v, %+v", o.Name, a, err, out)
			}
		}
	}
	if got := call[tools.GetArtifactOutput](t, c, "get_artifact", args{"artifact": version}); got.Description != "" || len(got.Tags) > 0 {
		t.Errorf("it was changed: %+v", got)
	}
	inside := tools.WithAllowed(t.Context(), []string{s.Username + "/vision"})
	if got := callIn[tools.ListArtifactTypesOutput](inside, t, c, "list_artifact_types", args{}); !slices.ContainsFunc(got.Types, func(a tools.ArtifactTypeItem) bool { return a.Name == "notes" }) {
		t.Errorf("what is allowed: %+v", got)
	}
}

// TestAllowed_References: a reference is no way to what is outside, whoever made it.
func TestAllowed_References(t *testing.T) {
	s := openShop(t)
	c := s.client(t, nil)
	secret := s.log(t, c, "secret", "notes", map[string]string{"a.txt": "secret"})
	uri, err := secret.ReferenceTo("a.txt")
	if err != nil {
		t.Fatal(err)
	}
	home := s.Username + "/home"
	files, err := tools.FilesIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	ctx := tools.WithFiles(tools.WithAllowed(t.Context(), []string{home}), files)
	looked := args{"collection": home + "/looked", "type": "notes", "references": []args{{"uri": uri, "path": "a.txt"}}}
	if e := refuseIn(ctx, t, c, "log_artifact", looked); e.Code != artifacts.KindDenied {
		t.Errorf("logging it: %+v", e)
	}
	callIn[tools.LogArtifactOutput](t.Context(), t, c, "log_artifact", looked)
	for _, scheme := range []string{"wandb-artifact:", "WANDB-Artifact:"} {
		callIn[tools.LogArtifactOutput](ctx, t, c, "log_artifact", args{
			"collection": home + "/unseen", "type": "notes",
			"references": []args{{"uri": strings.Replace(uri, "wandb-artifact:", scheme, 1), "path": "a.txt", "checksum": scheme}},
		})
	}
	for _, version := range []string{"looked:v0", "unseen:v0", "unseen:v1"} {
		a := args{"artifact": home + "/" + version}
		if e := refuseIn(ctx, t, c, "download_artifact", a); e.Code != artifacts.KindDenied {
			t.Errorf("downloading %s: %+v", version, e)
		}
		a["path"] = "a.txt"
		for _, operation := range []string{"read_artifact_file", "preview_artifact_file"} {
			if e := refuseIn(ctx, t, c, operation, a); e.Code != artifacts.KindDenied {
				t.Errorf("%s of %s: %+v", operation, version, e)
			}
			if _, err := tryIn(t.Context(), t, c, operation, a); err != nil {
				t.Errorf("%s of %s, by who may: %v", operation, version, err)
			}
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
