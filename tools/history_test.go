package tools_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// TestHistory deletes, restores and promotes in a registry that the wandb
// package has filled, and asks afterwards who did what.
func TestHistory(t *testing.T) {
	s := openShop(t)
	c := s.client(t, nil)
	t.Run("restoring", func(t *testing.T) { deletedIsRestored(t, s, c) })
	t.Run("promoting", func(t *testing.T) { promotingIsRemembered(t, s, c) })
	t.Run("audit log", func(t *testing.T) { changesAreLogged(t, s, c) })
	t.Run("other servers", func(t *testing.T) { historyElsewhere(t, s) })
}

func deletedIsRestored(t *testing.T, s *shop, c *artifacts.Client) {
	plan := call[tools.PlanDeleteArtifactsOutput](t, c, "plan_delete_artifacts", args{"artifacts": []string{"resnet-weights:v1"}})
	if plan.FreedBytes == nil || *plan.FreedBytes == 0 {
		t.Errorf("the plan does not tell what is freed: %+v", plan)
	}
	call[tools.DeleteArtifactsOutput](t, c, "delete_artifacts", args{"artifacts": []string{"resnet-weights:v1"}, "plan_id": plan.PlanID, "reason": "trained on the wrong data"})
	whole := s.plan(t, c, s.path("scratch"))
	call[tools.DeleteArtifactCollectionOutput](t, c, "delete_artifact_collection", args{"collection": s.path("scratch"), "plan_id": whole.PlanID})
	refuse(t, c, "get_artifact", args{"artifact": "resnet-weights:v1"})

	out := call[tools.ListDeletedArtifactsOutput](t, c, "list_deleted_artifacts", args{})
	if len(out.Deletions) != 2 || out.Deletions[0].Kind != "collection" || out.Deletions[0].Deleted != s.path("scratch") {
		t.Fatalf("deleted are %+v", out.Deletions)
	}
	d := out.Deletions[1]
	if d.Deleted != s.path("resnet-weights:v1") || d.Reason != "trained on the wrong data" || d.DeletedBy != s.Username || d.Type != "model" || d.Kind != "version" {
		t.Errorf("the version's deletion is %+v", d)
	}
	one := call[tools.ListDeletedArtifactsOutput](t, c, "list_deleted_artifacts", args{"project": "vision", "collection": "scratch"})
	if len(one.Deletions) != 1 {
		t.Errorf("of scratch: %+v", one.Deletions)
	}
	e := refuse(t, c, "restore_artifacts", args{"deletion_ids": []string{d.DeletionID, out.Deletions[0].DeletionID}, "new_name": "x"})
	if e.Argument != "new_name" {
		t.Errorf("one name for two: %+v", e)
	}
	if e := refuse(t, c, "restore_artifacts", args{"deletion_ids": []string{"nonsense"}}); e.Argument != "deletion_ids" {
		t.Errorf("no deletion: %+v", e)
	}
	back := call[tools.RestoreArtifactsOutput](t, c, "restore_artifacts", args{"deletion_ids": []string{d.DeletionID, "nonsense", out.Deletions[0].DeletionID}, "reason": "it was not"})
	if len(back.Restored) != 2 || len(back.Failed) != 1 || back.Failed[0].DeletionID != "nonsense" {
		t.Fatalf("restored: %+v", back)
	}
	if aliases := back.Restored[0].Aliases; !slices.Contains(aliases, "resnet-weights:production") || !slices.Contains(aliases, "resnet-weights:latest") {
		t.Errorf("aliases that are back: %q", aliases)
	}
	// The wandb package has it back, down to its bytes, and its link.
	s.Wandb(t, wandbVersion, `
import sys, wandb
api = wandb.Api()
a = api.artifact(sys.argv[1])
assert a.version == "v1" and a.state == "COMMITTED", (a.version, a.state)
with open(a.get_entry("weights.bin").download()) as f:
    assert f.read() == "weights 1\n" * 100
api.artifact(sys.argv[2])
whole = api.artifact(sys.argv[3])
whole.verify(whole.download())
`, s.path("resnet-weights:production"), s.path("released-models:v0"), s.path("scratch:latest"))
}

func promotingIsRemembered(t *testing.T, s *shop, c *artifacts.Client) {
	const v0, v1 = "resnet-weights:v0", "resnet-weights:v1"
	e := refuse(t, c, "move_alias", args{"artifact": v0, "alias": "production", "expected": "none"})
	if e.Code != artifacts.KindConflict || e.Argument != "expected" || !strings.Contains(e.Message, "v1") || !strings.Contains(e.Message, s.Username) {
		t.Errorf("from elsewhere: %+v", e)
	}
	before := time.Now()
	out := call[tools.MoveAliasOutput](t, c, "move_alias", args{"artifact": v0, "alias": "production", "expected": "v1", "reason": "v1 is slow"})
	if out.From != "v1" || !out.Atomic || out.Artifact != s.path(v0) {
		t.Errorf("moved: %+v", out)
	}
	history := call[tools.GetAliasHistoryOutput](t, c, "get_alias_history", args{"collection": "resnet-weights", "alias": "production", "at": before.UTC().Format(time.RFC3339Nano)})
	if history.Then == nil || !history.Then.Known || history.Then.Artifact != s.path(v1) || history.Then.Move.By != "restoreArtifactDeletion" {
		t.Errorf("before, it was %+v", history.Then)
	}
	if m := history.Moves[0]; m.From != "v1" || m.To != "v0" || m.Reason != "v1 is slow" || m.MovedBy != s.Username || m.By != "addAliases" {
		t.Errorf("the last move is %+v", m)
	}
	if e := refuse(t, c, "get_alias_history", args{"collection": "resnet-weights", "alias": "production", "at": "Tuesday"}); e.Argument != "at" {
		t.Errorf("no time: %+v", e)
	}
	if e := refuse(t, c, "get_alias_history", args{"collection": "resnet-weigths"}); !slices.Contains(e.Candidates, s.path("resnet-weights")) && !slices.Contains(e.Candidates, "resnet-weights") {
		t.Errorf("a misspelt collection: %+v", e)
	}
	e = refuse(t, c, "update_artifact", args{"artifact": v1, "add_aliases": []string{"production"}, "expected": "v1"})
	if e.Code != artifacts.KindConflict {
		t.Errorf("update_artifact from elsewhere: %+v", e)
	}
	call[tools.UpdateArtifactOutput](t, c, "update_artifact", args{"artifact": v1, "add_aliases": []string{"production"}, "expected": "v0", "reason": "v1 is fast again"})
	page := call[tools.GetAliasHistoryOutput](t, c, "get_alias_history", args{"collection": "resnet-weights", "limit": 1})
	if m := page.Moves[0]; m.To != "v1" || m.Reason != "v1 is fast again" || !page.HasMore {
		t.Errorf("the last move is %+v", page)
	}
}

func changesAreLogged(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.ListAuditLogOutput](t, c, "list_audit_log", args{"subject": s.path("resnet-weights"), "since": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)})
	var did []string
	for _, e := range out.Entries {
		if e.User != s.Username || !strings.HasPrefix(e.Subject, s.path("resnet-weights")) {
			t.Errorf("an entry is %+v", e)
		}
		did = append(did, e.Operation)
	}
	want := []string{"addAliases", "addAliases", "restoreArtifactDeletion", "deleteArtifact"}
	if len(did) < len(want) || !slices.Equal(did[:len(want)], want) {
		t.Errorf("the log says %q, want %q first", did, want)
	}
	if e := out.Entries[3]; len(did) > 3 && e.Reason != "trained on the wrong data" {
		t.Errorf("the deletion is %+v", e)
	}
	none := call[tools.ListAuditLogOutput](t, c, "list_audit_log", args{"user": "nobody"})
	if len(none.Entries) != 0 || none.HasMore {
		t.Errorf("nobody did %+v", none)
	}
	if e := refuse(t, c, "list_audit_log", args{"entity": "nobody"}); e.Code != artifacts.KindNotFound || e.Argument != "entity" {
		t.Errorf("of no entity: %+v", e)
	}
	if e := refuse(t, c, "list_audit_log", args{"until": "soon"}); e.Argument != "until" {
		t.Errorf("no time: %+v", e)
	}
}

// historyElsewhere holds that operations on what W&B's servers do not have say so.
func historyElsewhere(t *testing.T, s *shop) {
	c := s.client(t, withoutFeatures)
	for name, a := range map[string]args{
		"list_deleted_artifacts": {}, "restore_artifacts": {"deletion_ids": []string{"x"}}, "list_audit_log": {},
		"get_alias_history": {"collection": s.path("resnet-weights")},
	} {
		if e := refuse(t, c, name, a); e.Code != artifacts.KindUnsupported || !strings.Contains(e.Next, "W&B") {
			t.Errorf("%s: %+v", name, e)
		}
	}
	out := call[tools.MoveAliasOutput](t, c, "move_alias", args{"artifact": "resnet-weights:v0", "alias": "fallback", "expected": "none"})
	if out.Atomic || out.From != "none" {
		t.Errorf("moved: %+v", out)
	}
	plan := call[tools.PlanDeleteArtifactsOutput](t, c, "plan_delete_artifacts", args{"artifacts": []string{"resnet-weights:v0"}})
	if plan.FreedBytes != nil {
		t.Errorf("the plan says what is freed: %v", *plan.FreedBytes)
	}
}

// withoutFeatures is a server that has none of the features of newer ones.
var withoutFeatures = interceptor(func(operation string, send func() (*http.Response, error)) (*http.Response, error) {
	if operation != "ServerFeaturesQuery" {
		return send()
	}
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(`{"data":{"serverInfo":{"features":[]}}}`)),
	}, nil
})
