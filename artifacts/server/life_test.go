package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// A deletion as clients ask for it.
type deletion struct {
	ID, Kind, Cause, EntityName, ProjectName, CollectionName, TypeName string
	VersionIndex                                                       *int
	Username, Actor, Reason, RestoredAt                                *string
}

const listDeletions = `query D($entity: String!) { project(entityName: $entity, name: "vision") { artifactDeletions { totalCount edges { node {
	id kind cause entityName projectName collectionName typeName versionIndex artifactID digest versionCount size username actor reason deletedAt restoredAt collectedAt } } } } }`

func deletions(t *testing.T, url, key, entity string) []deletion {
	t.Helper()
	var list struct {
		TotalCount int
		Edges      []struct{ Node deletion }
	}
	must(t, url, key, listDeletions, map[string]any{"entity": entity}).into(t, &list, "project", "artifactDeletions")
	out := make([]deletion, len(list.Edges))
	for i, e := range list.Edges {
		out[i] = e.Node
	}
	if len(out) != list.TotalCount {
		t.Errorf("%d deletions are listed, and counted %d", len(out), list.TotalCount)
	}
	return out
}

const deleteIt = `mutation D($id: ID!) { deleteArtifact(input: {artifactID: $id, deleteAliases: true}) { artifact { state } } }`

// askAs is ask with the headers that say who acts and why.
func askAs(t *testing.T, url, key, actor, reason, query string, variables map[string]any) reply {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	resp := send(t, http.MethodPost, url+"/graphql", key, strings.NewReader(string(body)), "Content-Type", "application/json", "Reliquary-Actor", actor, "Reliquary-Reason", reason)
	defer resp.Body.Close()
	p := reply{status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil && resp.StatusCode == http.StatusOK {
		t.Fatal(err)
	}
	return p
}

// TestDeletedAndRestored has an agent delete a version, and a person restore it.
func TestDeletedAndRestored(t *testing.T) {
	r := servertest.Start(t)
	anna, mallory := r.AddUser(t, "anna"), r.AddUser(t, "mallory")
	w := newWriter(t, r, anna, "anna", "vision")
	id := w.save("data", "a.txt", "text")

	if p := askAs(t, r.URL, anna, "agent", "too%20large,%20gr%C3%B6%C3%9Fer", deleteIt, map[string]any{"id": id}); len(p.Errors) > 0 {
		t.Fatal(p.Errors)
	}
	list := deletions(t, r.URL, anna, "anna")
	if len(list) != 1 {
		t.Fatalf("deletions: %+v", list)
	}
	d := list[0]
	if d.Kind != "VERSION" || d.CollectionName != "data" || *d.VersionIndex != 0 || *d.Username != "anna" || *d.Actor != "AGENT" || *d.Reason != "too large, größer" || d.TypeName != "dataset" {
		t.Errorf("the deletion is %+v", d)
	}
	const restore = `mutation R($id: ID!) { restoreArtifactDeletion(input: {deletionID: $id}) { versionCount aliases kept deletion { restoredAt } } }`
	if p := ask(t, r.URL, mallory, restore, map[string]any{"id": d.ID}); p.code() != "NOT_FOUND" {
		t.Errorf("a stranger restores: %s %+v", p.Data, p.Errors)
	}
	if p := must(t, r.URL, mallory, `query Q($id: ID!) { artifactDeletion(id: $id) { reason } }`, map[string]any{"id": d.ID}); string(p.Data) != `{"artifactDeletion":null}` {
		t.Errorf("a stranger sees %s", p.Data)
	}
	p := must(t, r.URL, anna, restore, map[string]any{"id": d.ID})
	if !strings.HasPrefix(string(p.Data), `{"restoreArtifactDeletion":{"versionCount":1,"aliases":["data:latest"],"kept":[],"deletion":{"restoredAt":"`) {
		t.Errorf("restored: %s", p.Data)
	}
	resp := send(t, http.MethodGet, r.URL+"/artifactsV2/default/anna/vision/data/"+id+"/"+id+"/"+hexMD5("text")+"/a.txt", anna, nil)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("its file: %d", resp.StatusCode)
	}
	if p := askAs(t, r.URL, anna, "robot", "", deleteIt, map[string]any{"id": id}); p.status != http.StatusBadRequest {
		t.Errorf("an unknown kind of actor: %d", p.status)
	}
	if p := askAs(t, r.URL, anna, "", strings.Repeat("x", 2000), deleteIt, map[string]any{"id": id}); p.status != http.StatusBadRequest {
		t.Errorf("a reason without end: %d", p.status)
	}
}

// TestExpiry sets times to live as clients do, and lets time go by.
func TestExpiry(t *testing.T) {
	var ahead atomic.Int64
	r := servertest.Start(t, servertest.WithClock(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }))
	w := newWriter(t, r, r.Key, r.Username, "vision")
	keep, gone := w.save("data", "a.txt", "one"), w.save("data", "a.txt", "two")
	state := func(id string) string {
		t.Helper()
		var s struct {
			State              string
			TTLDurationSeconds int64
			TTLIsInherited     bool
		}
		must(t, r.URL, r.Key, `query A($id: ID!) { artifact(id: $id) { state ttlDurationSeconds ttlIsInherited } }`, map[string]any{"id": id}).into(t, &s, "artifact")
		return s.State
	}
	must(t, r.URL, r.Key, `mutation U($id: ID!) { updateArtifact(input: {artifactID: $id, ttlDurationSeconds: 3600}) { artifact { id } } }`, map[string]any{"id": gone})
	must(t, r.URL, r.Key, `mutation U($e: String!) { updateEntityArtifactTTL(input: {entityName: $e, ttlDurationSeconds: 86400}) { entity { artifactTTLDurationSeconds } } }`, map[string]any{"e": r.Username})
	p := must(t, r.URL, r.Key, `query A($id: ID!) { artifact(id: $id) { ttlDurationSeconds ttlIsInherited } }`, map[string]any{"id": keep})
	if want := `{"artifact":{"ttlDurationSeconds":86400,"ttlIsInherited":true}}`; string(p.Data) != want {
		t.Errorf("inherited: %s, want %s", p.Data, want)
	}
	ahead.Add(int64(time.Hour))
	if state(gone) != "DELETED" || state(keep) != "COMMITTED" {
		t.Errorf("after an hour they are %s and %s", state(gone), state(keep))
	}
	if d := deletions(t, r.URL, r.Key, r.Username); len(d) != 1 || d[0].Cause != "EXPIRED" || d[0].Username != nil {
		t.Errorf("deletions: %+v", d)
	}
	ahead.Add(int64(23 * time.Hour))
	if state(keep) != "DELETED" {
		t.Errorf("after a day it is %s", state(keep))
	}
	anna := r.AddUser(t, "anna")
	if p := ask(t, r.URL, anna, `mutation U($e: String!) { updateEntityArtifactTTL(input: {entityName: $e}) { entity { id } } }`, map[string]any{"e": r.Username}); p.code() != "NOT_FOUND" {
		t.Errorf("a stranger sets it: %s %+v", p.Data, p.Errors)
	}
}

// TestAliasHistory promotes versions, and asks who did and when.
func TestAliasHistory(t *testing.T) {
	r := servertest.Start(t)
	w := newWriter(t, r, r.Key, r.Username, "vision")
	v0, v1 := w.save("net", "a", "zero"), w.save("net", "a", "one")
	move := func(id, expected, reason string) reply {
		t.Helper()
		return askAs(t, r.URL, r.Key, "agent", reason, `mutation A($id: ID!, $e: String!, $x: String) { addAliases(input: {artifactID: $id, aliases: [
			{entityName: $e, projectName: "vision", artifactCollectionName: "net", alias: "production", expectedVersion: $x}]}) { success } }`,
			map[string]any{"id": id, "e": r.Username, "x": expected})
	}
	if p := move(v0, "none", "first"); len(p.Errors) > 0 {
		t.Fatal(p.Errors)
	}
	if p := move(v1, "none", ""); p.code() != "CONFLICT" || !strings.Contains(p.message(), "v0") || !strings.Contains(p.message(), r.Username) {
		t.Errorf("a move that should be refused: %+v", p.Errors)
	}
	if p := move(v1, "yes", ""); p.code() != "INVALID" {
		t.Errorf("nonsense is expected: %+v", p.Errors)
	}
	if p := move(v1, "v0", "better"); len(p.Errors) > 0 {
		t.Fatal(p.Errors)
	}
	p := must(t, r.URL, r.Key, `query H($e: String!, $at: DateTime!) { project(entityName: $e, name: "vision") { artifactCollection(name: "net") {
		aliasMoves(alias: "production") { edges { node { alias fromVersionIndex toVersionIndex operation username actor reason } } }
		aliasAt(alias: "production", at: $at) { known versionIndex artifactMembership { versionIndex } move { reason } }
		before: aliasAt(alias: "production", at: "2020-01-01T00:00:00Z") { known versionIndex } } } }`, map[string]any{"e": r.Username, "at": "2999-01-01T00:00:00Z"})
	want := `{"project":{"artifactCollection":{"aliasMoves":{"edges":[` +
		`{"node":{"alias":"production","fromVersionIndex":0,"toVersionIndex":1,"operation":"addAliases","username":"local","actor":"AGENT","reason":"better"}},` +
		`{"node":{"alias":"production","fromVersionIndex":null,"toVersionIndex":0,"operation":"addAliases","username":"local","actor":"AGENT","reason":"first"}}]},` +
		`"aliasAt":{"known":true,"versionIndex":1,"artifactMembership":{"versionIndex":1},"move":{"reason":"better"}},"before":{"known":true,"versionIndex":null}}}}`
	if string(p.Data) != want {
		t.Errorf("the history is %s\nwant %s", p.Data, want)
	}
}

// TestAuditLog holds that every change is in the log, for administrators only.
func TestAuditLog(t *testing.T) {
	r := servertest.Start(t)
	anna, mallory := r.AddUser(t, "anna"), r.AddUser(t, "mallory")
	w := newWriter(t, r, anna, "anna", "vision")
	id := w.save("data", "a.txt", "text")
	const ask4 = `query L($e: String!, $f: JSONString) { entity(name: $e) { auditLog(filters: $f) { edges { node { loggedAt username actor operation subject details reason } } } } }`
	askAs(t, r.URL, anna, "person", "old", deleteIt, map[string]any{"id": id})
	var log struct {
		Edges []struct {
			Node struct {
				Operation, Subject, Details string
				Username, Actor, Reason     *string
			}
		}
	}
	must(t, r.URL, anna, ask4, map[string]any{"e": "anna"}).into(t, &log, "entity", "auditLog")
	var operations []string
	for _, e := range log.Edges {
		operations = append(operations, e.Node.Operation)
	}
	if want := []string{"deleteArtifact", "commitArtifact", "upsertBucket", "createUser"}; !slices.Equal(operations, want) {
		t.Errorf("the log is %q, want %q", operations, want)
	}
	if e := log.Edges[0].Node; e.Subject != "anna/vision/data:v0" || *e.Username != "anna" || *e.Actor != "PERSON" || *e.Reason != "old" {
		t.Errorf("the last entry is %+v", e)
	}
	must(t, r.URL, anna, ask4, map[string]any{"e": "anna", "f": `{"subject": {"$regex": ":v0$"}, "operation": "commitArtifact"}`}).into(t, &log, "entity", "auditLog")
	if len(log.Edges) != 1 {
		t.Errorf("filtered, %d entries", len(log.Edges))
	}
	if p := must(t, r.URL, mallory, ask4, map[string]any{"e": "anna"}); string(p.Data) != `{"entity":null}` {
		t.Errorf("a stranger reads %s", p.Data)
	}
	if p := must(t, r.URL, r.Key, ask4, map[string]any{"e": "anna"}); !strings.Contains(string(p.Data), "deleteArtifact") {
		t.Errorf("an administrator reads %s", p.Data)
	}
}

// TestBytesFreed asks what deleting versions would free.
func TestBytesFreed(t *testing.T) {
	r := servertest.Start(t)
	anna, mallory := r.AddUser(t, "anna"), r.AddUser(t, "mallory")
	id := newWriter(t, r, anna, "anna", "vision").save("data", "a.txt", "text")
	newWriter(t, r, mallory, "mallory", "own").save("data", "a.txt", "text")
	const freed = `query F($ids: [ID!]!) { artifactBytesFreed(artifactIDs: $ids) }`
	for key, want := range map[string]string{anna: "4", mallory: "null", r.Key: "0"} {
		if p := must(t, r.URL, key, freed, map[string]any{"ids": []string{id}}); string(p.Data) != `{"artifactBytesFreed":`+want+`}` {
			t.Errorf("freed: %s, want %s", p.Data, want)
		}
	}
}

// TestTTLByWandb sets times to live with the wandb package and lets them end.
func TestTTLByWandb(t *testing.T) {
	for _, version := range servertest.Versions() {
		t.Run(version, func(t *testing.T) {
			var ahead atomic.Int64
			r := servertest.Start(t, servertest.WithClock(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }))
			python := r.Python(t, version)
			must(t, r.URL, r.Key, `mutation U($e: String!) { updateEntityArtifactTTL(input: {entityName: $e, ttlDurationSeconds: 7200}) { entity { id } } }`, map[string]any{"e": r.Username})
			python.Run(t, `
import pathlib
from datetime import timedelta
import wandb
with wandb.init(project="vision", settings=wandb.Settings(silent=True)) as run:
    for name, ttl in (("own", timedelta(hours=1)), ("never", None), ("inherits", wandb.ArtifactTTL.INHERIT), ("unsaid", "unsaid")):
        a = wandb.Artifact(name, type="dataset")
        pathlib.Path(name).write_text(name)
        a.add_file(name)
        if ttl != "unsaid":
            a.ttl = ttl
        run.log_artifact(a).wait()
api = wandb.Api()
for name, want in (("own", timedelta(hours=1)), ("never", None), ("inherits", timedelta(hours=2)), ("unsaid", timedelta(hours=2))):
    got = api.artifact(f"vision/{name}:latest").ttl
    assert got == want, (name, got)
`)
			ahead.Add(int64(90 * time.Minute))
			python.Run(t, `
import wandb
api = wandb.Api()
assert not api.artifact_exists("vision/own:v0")
a = api.artifact("vision/inherits:v0")
a.ttl = None
a.save()
`)
			ahead.Add(int64(time.Hour))
			python.Run(t, `
import wandb
api = wandb.Api()
assert not api.artifact_exists("vision/unsaid:latest")
for name in ("never", "inherits"):
    assert api.artifact(f"vision/{name}:v0").ttl is None
    assert len(list(api.artifacts("dataset", f"vision/{name}"))) == 1
assert len(list(api.artifacts("dataset", "vision/own"))) == 0
`)
			if d := deletions(t, r.URL, r.Key, r.Username); len(d) != 2 || d[0].Cause != "EXPIRED" {
				t.Errorf("deletions: %+v", d)
			}
		})
	}
}
