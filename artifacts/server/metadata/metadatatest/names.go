package metadatatest

import (
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func nameTests() map[string]func(*testing.T, *registry) {
	long := strings.Repeat("é", metadata.MaxName)
	return map[string]func(*testing.T, *registry){
		"of users, projects and runs": func(t *testing.T, r *registry) {
			for _, name := range []string{"", "a/b", `a\b`, "a#b", "a?b", "a%b", "a:b", "a\nb", "a\x7fb", " a", "a ", ".", "..", long + "x", "a\xff"} {
				_, err := r.CreateUser(r.ctx, metadata.NewUser{Username: name, KeySHA256: [32]byte{7}})
				r.fails(err, metadata.KindInvalid)
				_, err = r.CreateTeam(r.ctx, name, nil)
				r.fails(err, metadata.KindInvalid)
				_, _, err = r.EnsureProject(r.ctx, "ann", name)
				r.fails(err, metadata.KindInvalid)
				_, _, err = r.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "ann", Project: name, Name: "r"})
				r.fails(err, metadata.KindInvalid)
				_, _, err = r.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "ann", Project: "vision", Name: name})
				r.fails(err, metadata.KindInvalid)
			}
			for _, name := range []string{long, "a b", "a.b", "日本", "wandb-registry-model", "..."} {
				_, _, err := r.EnsureProject(r.ctx, "ann", name)
				r.ok(err)
				_, _, err = r.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "ann", Project: "vision", Name: name})
				r.ok(err)
			}
		},
		"of collections and types": func(t *testing.T, r *registry) {
			for _, name := range []string{"", "a/b", "a:b", "a\x00b", " a", ".", "..", long + "x", "a\xff"} {
				_, err := r.CreateArtifact(r.ctx, r.fresh(name))
				r.fails(err, metadata.KindInvalid)
			}
			for _, name := range []string{"", "a/b", "a:b", "a#", "-a-\n", " a", ".a", long + "x", "a  "} {
				_, err := r.CreateArtifact(r.ctx, r.fresh("train", ofType(name)))
				r.fails(err, metadata.KindInvalid)
			}
			for _, name := range []string{long, "a_b-c.d", "日本", "v3", "latest", "a b", "run-abc-table%20"} {
				r.commit(name)
			}
			for i, name := range []string{long, "a", "a.b c", "job", "wandb-history", "run_table"} {
				r.commit(strings.Repeat("n", i+1), ofType(name))
			}
			c := r.collection("latest")
			_, err := r.UpdateCollection(r.ctx, c.ID, metadata.CollectionUpdate{Name: ptr("a/b")})
			r.fails(err, metadata.KindInvalid, "a/b")
		},
		"of aliases and tags": func(t *testing.T, r *registry) {
			a := r.commit("train")
			for _, name := range []string{"", "a/b", "a:b", "v1", "v007", "a\tb", " a", long + "x", "a\xff"} {
				r.fails(r.AddAliases(r.ctx, a.ID, in("train", name)), metadata.KindInvalid)
			}
			for _, name := range []string{long, "v", "v1.0", "V1", "va1", "a b", "best!", "日本"} {
				r.ok(r.AddAliases(r.ctx, a.ID, in("train", name)))
				if got := r.at(a.SequenceID, name); got != 0 {
					t.Errorf("%q is version %d", name, got)
				}
			}
			for _, name := range []string{"", "a/b", "a:b", "a.b", "a!", " a", "a ", long + "x", "a\n"} {
				_, err := r.AddCollectionTags(r.ctx, a.SequenceID, []string{name})
				r.fails(err, metadata.KindInvalid)
			}
			_, err := r.AddCollectionTags(r.ctx, a.SequenceID, []string{long, "a b-c_d", "a  b", "日本", "-x"})
			r.ok(err)
		},
	}
}
