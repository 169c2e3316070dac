package tools_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
	"github.com/reliquary/reliquary/tools"
)

// TestErrorsSteer: what people and models write by mistake is answered with what
// to write instead.
func TestErrorsSteer(t *testing.T) {
	s := &shop{Registry: servertest.Start(t)}
	c := s.client(t, nil)
	v0 := s.log(t, c, "detector", "model", map[string]string{"config.yaml": "lr: 1\n"})
	if err := v0.SetMetadata([]byte(`{"accuracy": 0.9}`)); err != nil {
		t.Fatal(err)
	}
	if err := v0.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.log(t, c, "results", "evaluation", map[string]string{"a": "1"})
	path := s.path("detector")
	for _, tt := range []struct {
		operation  string
		args       args
		code       artifacts.Kind
		argument   string
		candidates []string
		next       string
	}{
		{"get_artifact", args{"artifact": "detector:v0/config.yaml"}, artifacts.KindInvalid, "artifact", []string{"detector:v0"}, "preview_artifact_file"},
		{"get_artifact", args{"artifact": "wandb-artifact://" + path + ":v0/config.yaml"}, artifacts.KindInvalid, "artifact", []string{path + ":v0"}, path + ":v0"},
		{"get_artifact", args{"artifact": "https://wandb.ai/" + s.Username + "/vision/artifacts/model/detector/v0/files?x=1"}, artifacts.KindInvalid, "artifact", []string{path + ":v0"}, "call again with it"},
		{"list_artifacts", args{"collection": "https://wandb.ai/" + s.Username + "/vision/artifacts/model/detector/v0"}, artifacts.KindInvalid, "collection", []string{path}, "call again with it"},
		{"list_artifacts", args{"collection": "https://wandb.ai/home"}, artifacts.KindInvalid, "collection", nil, "entity/project/collection"},
		{"compare_artifacts", args{"from": "detector:v0", "to": "v1"}, artifacts.KindNotFound, "to", nil, "name a version with its collection, as in"},
		{"get_artifact", args{"artifact": "detector", "metadata_keys": []string{"acuracy"}}, artifacts.KindNotFound, "metadata_keys", []string{"accuracy"}, "call again with it"},
		{"get_artifact", args{"artifact": "detector", "metadata_keys": []string{"rows"}}, artifacts.KindNotFound, "metadata_keys", nil, "the entries are accuracy"},
		{"get_artifact", args{"artifact": "results", "metadata_keys": []string{"rows"}}, artifacts.KindNotFound, "metadata_keys", nil, "there are no entries at all"},
		{"save_artifact_collection", args{"collection": "detector", "new_name": "results"}, artifacts.KindConflict, "new_name", nil, "list_artifact_collections"},
		{"update_artifact", args{"artifact": "detector", "expected": "1"}, artifacts.KindInvalid, "expected", nil, "call again"},
	} {
		e := refuse(t, c, tt.operation, tt.args)
		if e.Code != tt.code || e.Argument != tt.argument || !slices.Equal(e.Candidates, tt.candidates) || !strings.Contains(e.Next, tt.next) {
			t.Errorf("%s(%v): %+v", tt.operation, tt.args, e)
		}
	}
	plan := call[tools.PlanChangeOutput](t, c, "plan_change", args{"action": "tag_collections", "name_contains": "zzz", "add_tags": []string{"x"}})
	if plan.PlanID != "" || !slices.ContainsFunc(plan.Warnings, func(w string) bool { return strings.Contains(w, "nothing fits") }) {
		t.Errorf("an empty plan: %+v", plan)
	}
	if e := refuse(t, c, "get_artifact", args{"artefact": "detector"}); !strings.Contains(e.Message, `did you mean "artifact"? artifact is missing`) {
		t.Errorf("two faults: %q", e.Message)
	}
	if e := refuse(t, c, "update_artifact", args{"artifact": "detector", "expected": "1"}); !strings.Contains(e.Message, `must look like "v11"`) {
		t.Errorf("a form: %q", e.Message)
	}
}
