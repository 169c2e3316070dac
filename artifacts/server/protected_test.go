package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// protectedScript makes a version and tries what it is told to try with the
// protected aliases of a registry. It says what came of each attempt, and where
// the aliases are in the end.
const protectedScript = `
import json, sys
import wandb

shelf = "acme/wandb-registry-models/detector"
api = wandb.Api()
saw = {}
with wandb.init(project="train", entity="vision") as run:
    made = wandb.Artifact("net", "model")
    with made.new_file("w.bin") as f: f.write(run.id)
    run.log_artifact(made).wait()
    run.link_artifact(made, shelf, aliases=["candidate"])
    for name in sys.argv[1:]:
        production = lambda: api.artifact(shelf + ":production")
        newest = lambda: api.artifact(shelf + ":candidate")
        def change(version, f):
            f(version.aliases)
            version.save()
        try:
            {
                "link": lambda: run.link_artifact(made, shelf, aliases=["production"]),
                "add": lambda: change(newest(), lambda aliases: aliases.append("staging")),
                "move": lambda: change(newest(), lambda aliases: aliases.append("production")),
                "remove": lambda: change(production(), lambda aliases: aliases.remove("production")),
                "unlink": lambda: production().unlink(),
                "delete": lambda: production().source_artifact.delete(delete_aliases=True),
            }[name]()
            saw[name] = "done"
        except Exception as e:
            saw[name] = str(e)
for alias in ("candidate", "production", "staging"):
    try: saw[":" + alias] = api.artifact(f"{shelf}:{alias}").version
    except Exception: saw[":" + alias] = None
print(json.dumps(saw))
`

// TestProtectedAliases has the wandb package move protected aliases: for a
// member of the registry this is refused, with words that say why, and for its
// administrator it is done. Everybody reads them.
func TestProtectedAliases(t *testing.T) {
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		r.AddOrganization(t, "acme", r.Username)
		store, ctx := r.Metadata, t.Context()
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		acme, err := store.Entity(ctx, "acme")
		check(err)
		ben := r.AddUser(t, "ben")
		member, err := store.UserByName(ctx, "ben")
		check(err)
		admin, err := store.UserByName(ctx, r.Username)
		check(err)
		vision, err := store.CreateTeam(ctx, "vision", []int64{admin.ID, member.ID})
		check(err)
		check(store.SetOrganization(ctx, vision.ID, acme.ID))
		must(t, r.URL, r.Key, `mutation M { upsertModel(input: {entityName: "acme", name: "wandb-registry-models", access: "PRIVATE", protectedAliases: ["production", "staging"]}) { inserted } }`, nil)
		models, err := store.Project(ctx, "acme", "wandb-registry-models")
		check(err)
		check(store.SetMember(ctx, acme.ID, member.ID, metadata.MemberRole))
		check(store.SetProjectMember(ctx, models.ID, member.EntityID, metadata.MemberRole))

		try := func(key string, attempts ...string) map[string]any {
			t.Helper()
			out := r.Python(t, version, key).Run(t, protectedScript, attempts...)
			var saw map[string]any
			if err := json.Unmarshal([]byte(out.Stdout), &saw); err != nil {
				t.Fatalf("%v in %s", err, out.Stdout)
			}
			return saw
		}
		same := func(who string, got, want map[string]any) {
			t.Helper()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("what %s saw (-want +got):\n%s", who, diff)
			}
		}
		same("the administrator", try(r.Key, "link"), map[string]any{"link": "done", ":candidate": "v0", ":production": "v0", ":staging": nil})

		saw := try(ben, "link", "add", "move", "remove", "unlink", "delete")
		for name, got := range saw {
			if strings.HasPrefix(name, ":") {
				continue
			}
			alias := "production"
			if name == "add" {
				alias = "staging"
			}
			text, _ := got.(string)
			for _, words := range []string{"permission denied", `the alias "` + alias + `" of acme/wandb-registry-models/detector is protected`, "'ben'", "ask one of them"} {
				if !strings.Contains(strings.ReplaceAll(text, `\"`, `"`), words) {
					t.Errorf("%s: %q does not say %q", name, text, words)
				}
			}
			delete(saw, name)
		}
		same("the member", saw, map[string]any{":candidate": "v1", ":production": "v0", ":staging": nil})

		same("the administrator afterwards", try(r.Key, "add", "move", "remove", "link", "unlink"), map[string]any{
			"add": "done", "move": "done", "remove": "done", "link": "done", "unlink": "done", ":candidate": nil, ":production": nil, ":staging": nil,
		})
	})
}
