package mcpserver_test

import (
	"context"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// TestCall_IsAnAgents holds that what is changed through the tools is recorded
// as an agent's, with the reason that it gave.
func TestCall_IsAnAgents(t *testing.T) {
	r := servertest.Start(t)
	open := func(context.Context) (*artifacts.Client, error) {
		return artifacts.New(artifacts.Config{BaseURL: r.URL, APIKey: r.Key, Project: "vision"})
	}
	client, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	d, err := artifacts.NewArtifact("dataset", "pets")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.AddBytes("a.txt", []byte("meow")); err != nil {
		t.Fatal(err)
	}
	if _, err := client.LogArtifact(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	c := connected(t, mcpserver.New(mcpserver.Options{Open: open, Operations: tools.All(), Toolsets: []tools.Toolset{tools.ToolsetHistory}}))
	if got := called(t, c, "move_alias", map[string]any{"artifact": "pets:v0", "alias": "production", "expected": "none", "reason": "it is good"}); got.IsError {
		t.Fatalf("%+v", got.Content)
	}
	at := 0
	for m, err := range client.AliasMoves("", "", "pets", &artifacts.AliasMovesOptions{Alias: "production"}).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if at++; m.Actor != artifacts.AgentActor || m.Reason != "it is good" || m.Username != r.Username {
			t.Errorf("the move is %+v", m)
		}
	}
	if at != 1 {
		t.Errorf("%d moves", at)
	}
}
