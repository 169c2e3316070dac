package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// What somebody can do with a place.
const (
	sees    = metadata.RestrictedViewerRole
	fetches = metadata.ViewerRole
	writes  = metadata.MemberRole
	manages = metadata.AdminRole
	always  = metadata.Role("") // everybody who has a key
)

// The roles in a registry, and in one that is named.
var (
	inRegistry = map[string]metadata.Role{"local": manages, owner: manages, keeper: manages, curator: writes, patron: fetches, guest: sees, member: sees, viewer: sees}
	byName     = map[string]metadata.Role{"local": manages, owner: manages, keeper: manages, curator: writes, patron: fetches, guest: sees, member: sees, viewer: sees, colleague: sees}
)

// roles are what the people of a community are in each place. Who is not named
// is nothing there. The team is invited to the registries; and a member of the
// organization may know that it holds registries, so that what is asked for by
// name and not by id is denied rather than not found. A version in a registry
// is for the keepers of both, the registry and the team that it comes from.
var roles = map[string]map[string]metadata.Role{
	"own":            {},
	"team":           {"local": manages, owner: manages, member: writes, viewer: fetches},
	"deletion":       {"local": manages, owner: manages, member: writes, viewer: fetches}, // of something of the team
	"registry":       inRegistry,
	"named registry": byName,
	"linked version": {"local": manages, owner: manages, keeper: manages, curator: writes, patron: fetches, guest: sees, member: writes, viewer: fetches},
	// Of the one version of a registry, whose alias production is protected, as staging is.
	"protected alias":       inRegistry,
	"named protected alias": byName,
	"organization":          {"local": manages, owner: manages, colleague: writes, keeper: sees, curator: sees, patron: sees, guest: sees, member: sees, viewer: sees},
}

var everybody = []string{"local", owner, member, viewer, colleague, keeper, curator, patron, guest, stranger, nobody}

// A deed is something that one may do in a place who has the role for it.
type deed struct {
	name  string // a root field of the schema, or of the file door: its method and path
	place string
	needs metadata.Role
	asks  bool // changes nothing; what may not be seen is null
	do    func(a *attempt) outcome
}

// mutation is a deed of one mutation with an input of the form of GraphQL.
func mutation(place string, needs metadata.Role, name, input string) deed {
	return deed{name, place, needs, false, func(a *attempt) outcome {
		a.t.Helper()
		return a.ask("mutation M", name+"(input: {"+input+"}) { __typename }")
	}}
}

// query is a deed of one root field.
func query(place string, needs metadata.Role, name, arguments, selection string) deed {
	return deed{name, place, needs, true, func(a *attempt) outcome {
		a.t.Helper()
		if arguments == "" {
			return a.ask("query Q", name+" "+selection)
		}
		return a.ask("query Q", name+"("+arguments+") "+selection)
	}}
}

// told is a deed that asks for more than one may have who sees the thing: that
// is denied, and not null.
func told(d deed) deed {
	d.asks = false
	return d
}

// door is a deed at the file door.
func door(place string, needs metadata.Role, name string, request func(a *attempt) *http.Response) deed {
	return deed{name, place, needs, strings.HasPrefix(name, "GET"), func(a *attempt) outcome {
		a.t.Helper()
		resp := request(a)
		defer resp.Body.Close()
		io.Copy(io.Discard, resp.Body)
		switch resp.StatusCode {
		case http.StatusOK:
			return done
		case http.StatusForbidden:
			return denied
		case http.StatusNotFound:
			return notFound
		case http.StatusUnauthorized:
			return noKey
		}
		return outcome(resp.Status)
	}}
}

// get fetches a path with the person's key.
func get(path func(a *attempt) string) func(a *attempt) *http.Response {
	return func(a *attempt) *http.Response {
		a.t.Helper()
		return send(a.t, http.MethodGet, a.c.r.URL+path(a), a.c.keys[a.who], nil)
	}
}

const (
	inTeam  = `entityName: "secret-team", projectName: "secret-project"`
	inShelf = `entityName: "acme", projectName: $registryName`
)

// deeds are all that can be asked of a registry.
var deeds = []deed{
	query("own", always, "viewer", "", "{ id }"),
	query("own", always, "serverInfo", "", "{ features { name } }"),
	query("team", fetches, "entity", `name: "secret-team"`, "{ id }"),
	query("team", fetches, "project", `name: "secret-project", entityName: "secret-team"`, "{ id }"),
	query("team", fetches, "model", `name: "secret-project", entityName: "secret-team"`, "{ id }"),
	query("team", fetches, "models", `entityName: "secret-team"`, "{ edges { node { id } } }"),
	query("team", fetches, "artifactCollection", "id: $sequence", "{ id }"),
	query("team", fetches, "artifact", "id: $pending", "{ id }"),
	query("team", fetches, "clientIDMapping", "clientID: $client", "{ serverID }"),
	query("organization", writes, "users", `query: "`+colleague+`"`, "{ edges { node { id } } }"),
	query("registry", sees, "project", `name: $registryName, entityName: "acme"`, "{ id }"),
	query("registry", sees, "artifactCollection", "id: $shelf", "{ id }"),
	query("registry", sees, "artifact", "id: $id", "{ id }"),
	told(query("linked version", fetches, "artifact", "id: $id", "{ currentManifest { digest file { directUrl } } }")),

	mutation("team", writes, "upsertBucket", `entityName: "secret-team", modelName: "secret-project", name: $new`),
	mutation("team", writes, "upsertBucket", `id: $run, notes: "x"`),
	mutation("team", writes, "createRunFiles", inTeam+`, runName: $runName, files: ["x"]`),
	mutation("team", writes, "markRunFilesUploaded", inTeam+`, runName: $runName, files: []`),
	mutation("team", writes, "useArtifact", inTeam+`, runName: $runName, artifactID: $id`),
	mutation("team", writes, "useArtifactByName", inTeam+`, runName: $runName, artifactEntityName: "secret-team", artifactProjectName: "secret-project", artifactName: $name`),
	mutation("team", writes, "createArtifact", inTeam+`, artifactTypeName: "dataset", artifactCollectionName: $new, digest: "d"`),
	mutation("team", writes, "createArtifactManifest", inTeam+`, artifactID: $pending, name: "wandb_manifest.json", digest: "", runName: ""`),
	mutation("team", writes, "updateArtifactManifest", `artifactManifestID: $manifest, digest: $md5`),
	mutation("team", writes, "createArtifactFiles", `storageLayout: V2, artifactFiles: [{artifactID: $pending, name: "x", md5: $fresh}]`),
	mutation("team", writes, "commitArtifact", `artifactID: $pending`),
	{"completeMultipartUploadArtifact", "team", writes, false, completeMultipart},
	mutation("team", writes, "updateArtifact", `artifactID: $id, description: "x"`),
	mutation("team", writes, "deleteArtifact", `artifactID: $id, deleteAliases: true`),
	mutation("team", writes, "addAliases", `artifactID: $id, aliases: [{`+inTeam+`, artifactCollectionName: $name, alias: "x"}]`),
	mutation("team", writes, "deleteAliases", `artifactID: $id, aliases: [{`+inTeam+`, artifactCollectionName: $name, alias: "latest"}]`),
	mutation("team", writes, "updateArtifactSequence", `artifactSequenceID: $sequence, name: $new`),
	mutation("team", writes, "moveArtifactSequence", `artifactSequenceID: $sequence, destinationArtifactTypeName: "other"`),
	mutation("team", writes, "deleteArtifactSequence", `artifactSequenceID: $sequence`),
	mutation("team", writes, "updateArtifactPortfolio", `artifactPortfolioID: $portfolio, name: $new`),
	mutation("team", writes, "deleteArtifactPortfolio", `artifactPortfolioID: $portfolio`),
	mutation("team", writes, "createArtifactCollectionTagAssignments", inTeam+`, artifactCollectionName: $name, tags: [{tagName: "x"}]`),
	mutation("team", writes, "deleteArtifactCollectionTagAssignments", inTeam+`, artifactCollectionName: $name, tags: [{tagName: "x"}]`),
	mutation("team", writes, "linkArtifact", inTeam+`, artifactID: $id, artifactPortfolioName: $new`),
	mutation("team", writes, "linkArtifact", `artifactID: $id, artifactPortfolioID: $portfolio`),
	mutation("team", writes, "unlinkArtifact", `artifactID: $id, artifactPortfolioID: $portfolio`),
	mutation("team", fetches, "upsertModel", `entityName: "secret-team", name: "secret-project"`),
	mutation("team", manages, "upsertModel", `entityName: "secret-team", name: "secret-project", description: "x"`),
	mutation("team", manages, "updateEntityArtifactTTL", `entityName: "secret-team", ttlDurationSeconds: null`),
	query("team", fetches, "artifactBytesFreed", "artifactIDs: [$id]", ""),
	query("deletion", fetches, "artifactDeletion", "id: $deletion", "{ id }"),
	mutation("deletion", writes, "restoreArtifactDeletion", "deletionID: $deletion"),
	mutation("team", manages, "createInvite", `entityName: "secret-team", username: $invited`),

	mutation("registry", writes, "linkArtifact", inShelf+`, artifactID: $id, artifactPortfolioName: $new`),
	mutation("registry", writes, "unlinkArtifact", `artifactID: $id, artifactPortfolioID: $shelf`),
	mutation("named registry", writes, "addAliases", `artifactID: $id, aliases: [{`+inShelf+`, artifactCollectionName: "shelf", alias: "x"}]`),
	mutation("named registry", writes, "deleteAliases", `artifactID: $id, aliases: [{`+inShelf+`, artifactCollectionName: "shelf", alias: "latest"}]`),
	mutation("registry", writes, "updateArtifactPortfolio", `artifactPortfolioID: $shelf, name: $new`),
	mutation("registry", writes, "deleteArtifactPortfolio", `artifactPortfolioID: $shelf`),
	mutation("named registry", writes, "createArtifactCollectionTagAssignments", inShelf+`, artifactCollectionName: "shelf", tags: [{tagName: "x"}]`),
	mutation("named registry", writes, "deleteArtifactCollectionTagAssignments", inShelf+`, artifactCollectionName: "shelf", tags: [{tagName: "x"}]`),
	mutation("registry", manages, "upsertModel", `id: $registry, description: "x"`),
	mutation("registry", manages, "upsertModel", `id: $registry, protectedAliases: ["x"]`),
	mutation("registry", manages, "renameProject", `entityName: "acme", oldProjectName: $registryName, newProjectName: $newRegistry`),
	mutation("registry", manages, "deleteModel", `id: $registry`),
	mutation("registry", manages, "deleteModel", `entityName: "acme", projectName: $registryName`),
	mutation("registry", manages, "createProjectMembers", `projectId: $registry, userIds: [$user], teamIds: [$team]`),
	mutation("registry", manages, "deleteProjectMembers", `projectId: $registry, userIds: [$user], teamIds: [$team]`),
	mutation("registry", manages, "updateProjectMember", `projectId: $registry, userId: $user, userProjectRole: "member"`),
	mutation("registry", manages, "updateProjectTeamMember", `projectId: $registry, teamId: $team, teamProjectRole: "member"`),

	mutation("named protected alias", manages, "addAliases", `artifactID: $id, aliases: [{`+inShelf+`, artifactCollectionName: "shelf", alias: "staging"}]`),
	mutation("named protected alias", manages, "deleteAliases", `artifactID: $id, aliases: [{`+inShelf+`, artifactCollectionName: "shelf", alias: "production"}]`),
	mutation("protected alias", manages, "linkArtifact", inShelf+`, artifactID: $id, artifactPortfolioName: "shelf", aliases: [{artifactCollectionName: "shelf", alias: "staging"}]`),
	mutation("protected alias", manages, "unlinkArtifact", `artifactID: $id, artifactPortfolioID: $shelf`),
	mutation("protected alias", manages, "deleteArtifactPortfolio", `artifactPortfolioID: $shelf`),

	query("organization", sees, "organization", `name: "acme"`, "{ id }"),
	mutation("organization", writes, "upsertModel", `entityName: "acme", name: $newRegistry, access: "PRIVATE"`),
	mutation("organization", manages, "createInvite", `entityName: "acme", username: $invited`),
	mutation("organization", manages, "deleteInvite", `entityName: "acme", id: $user`),
	mutation("own", always, "createTeam", `teamName: $new`),
	mutation("own", always, "createOrganization", `name: $new`),
	mutation("own", always, "updateUser", `defaultEntity: null`),

	door("team", fetches, "GET /artifactsV2", get(func(a *attempt) string {
		return fmt.Sprintf("/artifactsV2/default/secret-team/secret-project/%s/%s/%s/%s/a.txt", a.vars["name"], a.vars["id"], a.vars["id"], hexMD5(a.vars["name"].(string)))
	})),
	told(door("linked version", fetches, "GET /artifactsV2", get(func(a *attempt) string {
		return fmt.Sprintf("/artifactsV2/default/acme/%s/shelf/%s/%s/%s/a.txt", a.registry, a.vars["id"], a.vars["id"], hexMD5(a.vars["name"].(string)))
	}))),
	door("team", fetches, "GET /artifacts", get(func(a *attempt) string {
		return "/artifacts/secret-team/" + hexMD5(a.vars["name"].(string))
	})),
	door("team", writes, "POST /files", func(a *attempt) *http.Response {
		return send(a.t, http.MethodPost, a.c.r.URL+"/files/secret-team/secret-project/"+a.vars["runName"].(string)+"/file_stream", a.c.keys[a.who], bytes.NewReader([]byte("{}")))
	}),
}
