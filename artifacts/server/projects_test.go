package server_test

import "testing"

// A command that sets a folder up for a project makes sure that the project is
// there. Who may not change it may do that too.
func TestProjectIsThere(t *testing.T) {
	c := newCommunity(t)
	const upsert = `mutation U($name: String!, $description: String, $repo: String) {
		upsertModel(input: {name: $name, entityName: "secret-team", description: $description, repo: $repo}) { inserted model { name description } } }`
	for _, try := range []struct {
		who  string
		vars map[string]any
		want string // the data, or the kind of the error
	}{
		{member, map[string]any{"name": "secret-project", "repo": ""}, `{"upsertModel":{"inserted":false,"model":{"name":"secret-project","description":null}}}`},
		{viewer, map[string]any{"name": "secret-project"}, `{"upsertModel":{"inserted":false,"model":{"name":"secret-project","description":null}}}`},
		{member, map[string]any{"name": "secret-project", "description": "mine"}, "DENIED"},
		{member, map[string]any{"name": "new", "description": "ours"}, `{"upsertModel":{"inserted":true,"model":{"name":"new","description":"ours"}}}`},
		{viewer, map[string]any{"name": "newer"}, "DENIED"},
		{stranger, map[string]any{"name": "secret-project"}, "NOT_FOUND"},
		{member, map[string]any{"name": "new", "repo": "https://example.com/x.git"}, "INVALID"},
	} {
		p := ask(t, c.r.URL, c.keys[try.who], upsert, try.vars)
		if got := string(p.Data); got != try.want && p.code() != try.want {
			t.Errorf("%s, %v: %s %v, want %s", try.who, try.vars, got, p.Errors, try.want)
		}
	}
}

// The own entity of a user has one member.
func TestMembersOfOne(t *testing.T) {
	c := newCommunity(t)
	p := must(t, c.r.URL, c.keys[stranger], `{ entity(name: "stranger") { members { username role admin accountType } } }`, nil)
	if want := `{"entity":{"members":[{"username":"stranger","role":"admin","admin":true,"accountType":"USER"}]}}`; string(p.Data) != want {
		t.Errorf("got %s, want %s", p.Data, want)
	}
}
