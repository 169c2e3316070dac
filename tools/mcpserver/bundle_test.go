package mcpserver_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/reliquary/reliquary/tools/mcpserver"
)

type bundleManifest struct {
	Name, Version string
	Tools         []struct{ Name, Description string }
	Server        struct {
		Config struct {
			Command string
			Args    []string
			Env     map[string]string
		} `json:"mcp_config"`
	}
	UserConfig    map[string]struct{ Default string } `json:"user_config"`
	Compatibility struct{ Platforms []string }
}

// TestBundle holds what the bundle says of us to what is served, and to the
// official checker.
func TestBundle(t *testing.T) {
	out := execute(t, nil, nil, recentNode(t), installed(t, "mcpb/node_modules/@anthropic-ai/mcpb/dist/cli/cli.js"), "validate", "bundle/manifest.json")
	t.Logf("%s", out)
	manifest := decoded[bundleManifest](t, readFile(t, "bundle/manifest.json"))
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
	checkServerJSON(t, readFile(t, "bundle/server.json"), manifest.Version)
}

// TestBundle_Pack packs a bundle, and starts what is in it as a client does that
// its user has configured nothing in.
func TestBundle_Pack(t *testing.T) {
	folder := t.TempDir()
	execute(t, []string{"NODE=" + recentNode(t)}, nil, "bundle/pack", "1.2.3", folder, binary)
	name := "reliquary-" + runtime.GOOS + "-" + runtime.GOARCH + ".mcpb"
	bundle := readFile(t, filepath.Join(folder, name))
	described := checkServerJSON(t, readFile(t, filepath.Join(folder, "server.json")), "1.2.3")
	if sum := sha256.Sum256(bundle); described.FileSHA256 != hex.EncodeToString(sum[:]) || filepath.Base(described.Identifier) != name {
		t.Errorf("server.json describes %+v", described)
	}

	files, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		t.Fatal(err)
	}
	installed := t.TempDir()
	for _, f := range files.File {
		file := filepath.Join(installed, filepath.FromSlash(f.Name))
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, f.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	manifest := decoded[bundleManifest](t, readFile(t, filepath.Join(installed, "manifest.json")))
	if manifest.Version != "1.2.3" || !slices.Equal(manifest.Compatibility.Platforms, []string{runtime.GOOS}) {
		t.Errorf("the manifest is of version %s for %q", manifest.Version, manifest.Compatibility.Platforms)
	}
	fill := func(text string) string {
		for name, asked := range manifest.UserConfig {
			text = strings.ReplaceAll(text, "${user_config."+name+"}", asked.Default)
		}
		return strings.ReplaceAll(text, "${__dirname}", installed)
	}
	launch := manifest.Server.Config
	var env []string
	for name, value := range launch.Env {
		env = append(env, name+"="+fill(value))
	}
	p := startProgram(t, fill(launch.Command), nil, env, launch.Args...)
	p.handshake()
	if e := p.fail("list_artifact_types", `{"project":"nobody/nothing"}`, 20*time.Second); e.Code != "NOT_FOUND" {
		t.Errorf("a registry of one's own answers %+v", e)
	}
}

type describedPackage struct {
	RegistryType, RegistryBaseURL, Identifier, Version, FileSHA256 string
	Transport                                                      struct{ Type string }
	EnvironmentVariables                                           []struct{ Name string }
}

// releaseAsset is where the registry lets a bundle on GitHub be.
var releaseAsset = regexp.MustCompile(`^https://github\.com/[a-zA-Z0-9-]{1,39}/[a-zA-Z0-9._-]+/releases/download/[^/]+/[^/]*mcp[^/]*$`)

// checkServerJSON holds a server.json to the schema that the official registry of
// MCP servers checks it with, to the rules for bundles that the registry has
// beside, and to the bundle's manifest.
func checkServerJSON(t *testing.T, text []byte, version string) describedPackage {
	t.Helper()
	server := decoded[struct {
		Schema   string `json:"$schema"`
		Version  string
		Packages []describedPackage
	}](t, text)
	newest := ""
	schemas, err := filepath.Glob(filepath.Join(installed(t, "mcp-registry"), "*.json"))
	if err != nil || len(schemas) == 0 {
		t.Fatalf("no schemas of the registry: %v; run make test-env", err)
	}
	newest = slices.Max(schemas)
	if want := "https://static.modelcontextprotocol.io/schemas/" + strings.TrimSuffix(filepath.Base(newest), ".json") + "/server.schema.json"; server.Schema != want {
		t.Errorf("server.json is written by %s; the newest schema is %s", server.Schema, want)
	}
	if err := schemaOf(t, newest).Validate(anyJSON(t, text)); err != nil {
		t.Errorf("server.json: %v", err)
	}
	if len(server.Packages) != 1 {
		t.Fatalf("server.json has %d packages", len(server.Packages))
	}
	p := server.Packages[0]
	if server.Version != version || p.Version != version || !strings.Contains(p.Identifier, "/v"+version+"/") {
		t.Errorf("server.json says version %s and of the bundle %s, %s; the manifest says %s", server.Version, p.Version, p.Identifier, version)
	}
	if p.RegistryType != "mcpb" || p.RegistryBaseURL != "" || !releaseAsset.MatchString(p.Identifier) || p.FileSHA256 == "" || p.Transport.Type != "stdio" {
		t.Errorf("the registry would refuse %+v", p)
	}
	var asked []string
	for _, v := range p.EnvironmentVariables {
		asked = append(asked, v.Name)
	}
	slices.Sort(asked)
	manifest := decoded[bundleManifest](t, readFile(t, "bundle/manifest.json"))
	if set := slices.Sorted(maps.Keys(manifest.Server.Config.Env)); !slices.Equal(asked, set) {
		t.Errorf("server.json asks for %q; the manifest sets %q", asked, set)
	}
	return p
}

// TestBundle_SchemaRefuses shows that the schema holds server.json to anything.
func TestBundle_SchemaRefuses(t *testing.T) {
	schema := schemaOf(t, filepath.Join(installed(t, "mcp-registry"), "2025-12-11.json"))
	text := string(readFile(t, "bundle/server.json"))
	for _, wrong := range [][2]string{
		{`"io.github.reliquary/reliquary"`, `"reliquary"`},
		{`"W&B artifacts for agents`, `"` + strings.Repeat("x", 100)},
		{strings.Repeat("0", 64), "0"},
		{`"type": "stdio"`, `"type": "pigeon"`},
		{`"registryType": "mcpb",`, ``},
	} {
		changed := strings.Replace(text, wrong[0], wrong[1], 1)
		if changed == text || schema.Validate(anyJSON(t, []byte(changed))) == nil {
			t.Errorf("with %q for %q it is taken", wrong[1], wrong[0])
		}
	}
}

func schemaOf(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema", anyJSON(t, readFile(t, file))); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func anyJSON(t *testing.T, text []byte) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decoded[T any](t *testing.T, text []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}
