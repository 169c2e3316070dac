package mcpserver_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/reliquary/reliquary/tools/mcpserver"
)

// TestBundle holds what the bundle says of us to what is served, and to the
// official checker.
func TestBundle(t *testing.T) {
	out := execute(t, nil, nil, recentNode(t), installed(t, "mcpb/node_modules/@anthropic-ai/mcpb/dist/cli/cli.js"), "validate", "bundle/manifest.json")
	t.Logf("%s", out)
	var manifest struct {
		Name, Version string
		Tools         []struct{ Name, Description string }
	}
	read := func(file string, v any) {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	read("bundle/manifest.json", &manifest)
	var told, served []string
	for _, tool := range manifest.Tools {
		told = append(told, tool.Name)
	}
	for _, tool := range listed(t, connected(t, mcpserver.New(mcpserver.Options{Open: unopened(t)}))) {
		served = append(served, tool.Name)
	}
	slices.Sort(told)
	slices.Sort(served)
	if !slices.Equal(told, served) {
		t.Errorf("the manifest names %q; served are %q", told, served)
	}
	var server struct {
		Version  string
		Packages []struct{ RegistryType, Identifier, Version, FileSHA256 string }
	}
	read("bundle/server.json", &server)
	if len(server.Packages) != 1 || server.Version != manifest.Version || server.Packages[0].Version != manifest.Version || server.Packages[0].RegistryType != "mcpb" {
		t.Errorf("server.json says %+v of manifest version %s", server, manifest.Version)
	}
}
