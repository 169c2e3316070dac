package server_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// A community is people of one organization and people outside, and things
// that belong to some of them.
//
// The organization is acme. Its team secret-team keeps the project
// secret-project, and has put one version of it into the registry
// wandb-registry-shared. What nobody outside of the team may learn has
// "secret" in it, wherever there is room for a word.
type community struct {
	r    *servertest.Registry
	keys map[string]string // by name of the user
	ids  map[string]int64  // of users, by name

	acme, team     metadata.Entity
	shared, closed metadata.Project // registries

	version, hidden     string // ids of versions: in the registry too, and in the project only
	sequence, portfolio string
	run                 string
	deletions           []string // ids: collected, restored, and to be restored
}

// The people. Those who keep a registry and the guest were invited to it, and
// belong to nothing else.
const (
	owner     = "shared-anna" // administers organization, team and registries
	member    = "secret-mia"  // of the team, as viewer is
	viewer    = "secret-vic"
	colleague = "secret-cleo" // a member of the organization
	keeper    = "secret-kim"  // administers the registries
	curator   = "secret-cyd"  // a member of the registries
	patron    = "secret-rae"  // a viewer of the registries
	guest     = "guest"       // a restricted viewer of the registries
	stranger  = "stranger"
	nobody    = "" // has no key
)

func newCommunity(t *testing.T, opts ...servertest.Option) *community {
	t.Helper()
	c := &community{r: servertest.Start(t, opts...), keys: map[string]string{}, ids: map[string]int64{}}
	store, ctx := c.r.Metadata, t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{owner, member, viewer, colleague, keeper, curator, patron, guest, stranger} {
		c.addUser(t, name)
	}
	var err error
	c.acme, err = store.CreateOrganization(ctx, "acme", []int64{c.ids[owner]})
	check(err)
	check(store.SetMember(ctx, c.acme.ID, c.ids[owner], metadata.AdminRole))
	check(store.SetMember(ctx, c.acme.ID, c.ids[colleague], metadata.MemberRole))
	c.team, err = store.CreateTeam(ctx, "secret-team", nil)
	check(err)
	check(store.SetOrganization(ctx, c.team.ID, c.acme.ID))
	check(store.SetMember(ctx, c.team.ID, c.ids[owner], metadata.AdminRole))
	check(store.SetMember(ctx, c.team.ID, c.ids[member], metadata.MemberRole))
	check(store.SetMember(ctx, c.team.ID, c.ids[viewer], metadata.ViewerRole))

	c.shared, c.closed = c.addRegistry(t, "wandb-registry-shared"), c.addRegistry(t, "wandb-registry-secret")
	check(store.SetProjectMember(ctx, c.shared.ID, c.team.ID, metadata.MemberRole))
	check(store.RemoveProjectMember(ctx, c.closed.ID, c.entityOf(t, guest)))
	c.fill(t)
	return c
}

// addRegistry makes a registry for those who are invited to it.
func (c *community) addRegistry(t *testing.T, name string) metadata.Project {
	t.Helper()
	must(t, c.r.URL, c.keys[owner], `mutation R($name: String) { upsertModel(input: {entityName: "acme", name: $name, access: "RESTRICTED", description: "a registry", allowAllArtifactTypesInRegistry: true}) { inserted } }`, map[string]any{"name": name})
	p, err := c.r.Metadata.Project(t.Context(), "acme", name)
	if err != nil {
		t.Fatal(err)
	}
	for who, role := range map[string]metadata.Role{keeper: metadata.AdminRole, curator: metadata.MemberRole, patron: metadata.ViewerRole, guest: metadata.RestrictedViewerRole} {
		if err := c.r.Metadata.SetProjectMember(t.Context(), p.ID, c.entityOf(t, who), role); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// addUser makes a user with a mail address.
func (c *community) addUser(t *testing.T, name string) {
	t.Helper()
	var b [20]byte
	rand.Read(b[:])
	key := hex.EncodeToString(b[:])
	u, err := c.r.Metadata.CreateUser(t.Context(), metadata.NewUser{Username: name, Email: name + "@example.com", KeySHA256: sha256.Sum256([]byte(key))})
	if err != nil {
		t.Fatal(err)
	}
	c.keys[name], c.ids[name] = key, u.ID
}

// entityOf is the id of a user's own entity.
func (c *community) entityOf(t *testing.T, name string) int64 {
	t.Helper()
	e, err := c.r.Metadata.Entity(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}

// fill saves versions, lets a run use and log them, and links one.
func (c *community) fill(t *testing.T) {
	t.Helper()
	w := newWriter(t, c.r, c.keys[owner], "secret-team", "secret-project")
	must(t, c.r.URL, c.keys[member], `mutation R { upsertBucket(input: {entityName: "secret-team", modelName: "secret-project", name: "secret-run", displayName: "secret", description: "secret", notes: "secret",
		groupName: "secret", jobType: "secret", sweep: "secret", host: "secret-host", commit: "secret", tags: ["secret"], config: "{\"secret\": {\"value\": 1}, \"_wandb\": {\"value\": {\"t\": {\"secret\": 1}}}}", summaryMetrics: "{\"secret\": 1}"}) { bucket { id } } }`, nil).
		into(t, &c.run, "upsertBucket", "bucket", "id")
	resp := send(t, "POST", c.r.URL+"/files/secret-team/secret-project/secret-run/file_stream", c.keys[member],
		strings.NewReader(`{"files": {"wandb-history.jsonl": {"offset": 0, "content": ["{\"secret\": 1, \"_step\": 0}"]}, "wandb-events.jsonl": {"offset": 0, "content": ["{\"secret\": 1}"]}, "output.log": {"offset": 0, "content": ["secret"]}}}`))
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatalf("file stream: %d", resp.StatusCode)
	}
	var files []struct{ UploadURL string }
	must(t, c.r.URL, c.keys[member], `mutation F { createRunFiles(input: {entityName: "secret-team", projectName: "secret-project", runName: "secret-run", files: ["secret.txt"]}) { files { uploadUrl } } }`, nil).
		into(t, &files, "createRunFiles", "files")
	if status := put(t, files[0].UploadURL, "secret", nil); status != 200 {
		t.Fatalf("run file: %d", status)
	}

	w.run = "secret-run"
	first := w.save("shared-model", "secret.txt", "secret one")
	c.hidden = w.save("secret-data", "secret.txt", "secret two")
	c.version = w.save("shared-model", "shared.txt", "shared text")
	as := func(query string) reply {
		return must(t, c.r.URL, c.keys[owner], query, map[string]any{"id": c.version, "hidden": c.hidden, "sequence": c.sequence})
	}
	as(`mutation U($hidden: ID!) { updateArtifact(input: {artifactID: $hidden, description: "secret", metadata: "{\"secret\": 1}", tagsToAdd: [{tagName: "secret"}]}) { artifact { id } } }`)
	as(`mutation U($id: ID!) { updateArtifact(input: {artifactID: $id, description: "shared", metadata: "{\"shared\": 1}", tagsToAdd: [{tagName: "shared"}]}) { artifact { id } } }`)
	as(`mutation A($id: ID!) { addAliases(input: {artifactID: $id, aliases: [{entityName: "secret-team", projectName: "secret-project", artifactCollectionName: "shared-model", alias: "secret"}]}) { success } }`)
	as(`mutation T { createArtifactCollectionTagAssignments(input: {entityName: "secret-team", projectName: "secret-project", artifactCollectionName: "shared-model", tags: [{tagName: "secret"}]}) { tags { id } } }`)
	as(`mutation U($id: ID!) { useArtifact(input: {artifactID: $id, entityName: "secret-team", projectName: "secret-project", runName: "secret-run"}) { artifact { id } } }`)
	as(`mutation L($hidden: ID!) { linkArtifact(input: {artifactID: $hidden, artifactPortfolioName: "secret-portfolio", entityName: "acme", projectName: "wandb-registry-secret"}) { versionIndex } }`)
	var linked struct {
		ArtifactCollection struct{ ID string }
		Artifact           struct{ ArtifactSequence struct{ ID string } }
	}
	as(`mutation L($id: ID!) { linkArtifact(input: {artifactID: $id, artifactPortfolioName: "shared-portfolio", entityName: "acme", projectName: "wandb-registry-shared", aliases: [{artifactCollectionName: "shared-portfolio", alias: "shared"}]}) {
		artifactMembership { artifactCollection { id } artifact { artifactSequence { id } } } } }`).into(t, &linked, "linkArtifact", "artifactMembership")
	c.portfolio, c.sequence = linked.ArtifactCollection.ID, linked.Artifact.ArtifactSequence.ID
	as(`mutation P($sequence: ID!) { updateArtifactSequence(input: {artifactSequenceID: $sequence, description: "secret"}) { artifactCollection { id } } }`)
	must(t, c.r.URL, c.keys[owner], `mutation P($id: ID!) { updateArtifactPortfolio(input: {artifactPortfolioID: $id, description: "shared"}) { artifactCollection { id } } }`, map[string]any{"id": c.portfolio})
	as(`mutation T { createArtifactCollectionTagAssignments(input: {entityName: "acme", projectName: "wandb-registry-shared", artifactCollectionName: "shared-portfolio", tags: [{tagName: "shared"}]}) { tags { id } } }`)
	as(`mutation U($id: ID!) { useArtifact(input: {artifactID: $id, entityName: "secret-team", projectName: "secret-project", runName: "run1"}) { artifact { id } } }`)
	c.age(t, w, first)
}

// age moves aliases, deletes versions, restores one and has another collected.
func (c *community) age(t *testing.T, w writer, first string) {
	t.Helper()
	as := func(user, query, id string) reply {
		t.Helper()
		p := askAs(t, c.r.URL, c.keys[user], "agent", "secret", query, map[string]any{"id": id})
		if p.status != 200 || len(p.Errors) > 0 {
			t.Fatalf("%d %v for %s", p.status, p.Errors, query)
		}
		return p
	}
	as(member, `mutation A($id: ID!) { addAliases(input: {artifactID: $id, aliases: [{entityName: "secret-team", projectName: "secret-project", artifactCollectionName: "shared-model", alias: "secret"}]}) { success } }`, first)
	as(owner, `mutation A($id: ID!) { addAliases(input: {artifactID: $id, aliases: [{entityName: "acme", projectName: "wandb-registry-shared", artifactCollectionName: "shared-portfolio", alias: "chosen"}]}) { success } }`, c.version)
	seconds := int64(1 << 40)
	if _, err := c.r.Metadata.SetEntityTTL(t.Context(), c.team.ID, &seconds); err != nil {
		t.Fatal(err)
	}
	c.deletions = make([]string, 3)
	for i := range c.deletions {
		as(member, deleteIt, w.save("secret-gone", "secret.txt", "secret"+strings.Repeat("!", i)))
		var list struct {
			Edges []struct{ Node struct{ ID string } }
		}
		must(t, c.r.URL, c.keys[owner], `{ project(entityName: "secret-team", name: "secret-project") { artifactDeletions(first: 1) { edges { node { id } } } } }`, nil).into(t, &list, "project", "artifactDeletions")
		c.deletions[i] = list.Edges[0].Node.ID
		switch i {
		case 0:
			if _, err := c.r.Metadata.Collect(t.Context(), metadata.Retention{Deleted: time.Now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		case 1:
			as(member, `mutation R($id: ID!) { restoreArtifactDeletion(input: {deletionID: $id}) { versionCount } }`, c.deletions[i])
		}
	}
}
