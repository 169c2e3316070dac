package mcpserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// The list of tools goes into every conversation: what it may cost.
const (
	mostTools        = 12
	mostToolBytes    = 16_000
	mostInstructions = 1_500
)

// connected is a client in this process, past the handshake.
func connected(t *testing.T, s *mcpserver.Server) *client.Client {
	t.Helper()
	c, err := client.NewInProcessClient(s.Underlying())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	if _, err := c.Initialize(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	return c
}

func listed(t *testing.T, c *client.Client) []mcp.Tool {
	t.Helper()
	list, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Tools
}

// forAgents are all operations but those of classes.
func forAgents() []tools.Operation { return tools.InToolsets(tools.All(), tools.Toolsets()...) }

// unopened fails the test when a client is asked for.
func unopened(t *testing.T) func(context.Context) (*artifacts.Client, error) {
	return func(context.Context) (*artifacts.Client, error) {
		t.Error("the client was opened")
		return nil, context.Canceled
	}
}

// TestTools_Snapshots shows in review what agents see of each tool. To accept
// a change, run with UPDATE_TOOLSNAPS=true.
func TestTools_Snapshots(t *testing.T) {
	update := os.Getenv("UPDATE_TOOLSNAPS") == "true"
	const dir = "testdata/toolsnaps"
	c := connected(t, mcpserver.New(mcpserver.Options{Open: unopened(t), Toolsets: tools.Toolsets(), Files: tools.AllFiles("")}))
	seen := map[string]bool{}
	for _, tool := range listed(t, c) {
		text, err := json.Marshal(tool)
		if err != nil {
			t.Fatal(err)
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, text, "", "  "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
		file := filepath.Join(dir, tool.Name+".json")
		seen[file] = true
		if update {
			if err := os.WriteFile(file, pretty.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v; run the test with UPDATE_TOOLSNAPS=true", err)
		} else if !bytes.Equal(want, pretty.Bytes()) {
			t.Errorf("%s has changed; if that is meant, run the test with UPDATE_TOOLSNAPS=true. It is now\n%s", tool.Name, pretty.Bytes())
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[f] {
			t.Errorf("%s is of a tool that is not there", f)
		}
	}
}

func TestTools_AreFewAndSmall(t *testing.T) {
	s := mcpserver.New(mcpserver.Options{Open: unopened(t), Place: "the W&B server https://api.wandb.example.com"})
	list := listed(t, connected(t, s))
	line, err := json.Marshal(map[string]any{"tools": list})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tools in %d bytes", len(list), len(line))
	if len(list) > mostTools || len(line) > mostToolBytes {
		t.Errorf("%d tools in %d bytes; the budget is %d and %d", len(list), len(line), mostTools, mostToolBytes)
	}
	hello := s.Underlying().HandleMessage(t.Context(), json.RawMessage(
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`))
	text, err := json.Marshal(hello)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Result struct{ Instructions string }
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	if n := len(answer.Result.Instructions); n == 0 || n > mostInstructions {
		t.Errorf("the instructions have %d bytes", n)
	}
}

// TestTools_Files: what does nothing without files is left out where an agent
// may touch none.
func TestTools_Files(t *testing.T) {
	for _, files := range []*tools.Files{nil, tools.AllFiles("")} {
		c := connected(t, mcpserver.New(mcpserver.Options{Open: unopened(t), Toolsets: tools.Toolsets(), Files: files}))
		names := map[string]bool{}
		for _, tool := range listed(t, c) {
			names[tool.Name] = true
		}
		if names["download_artifact"] != (files != nil) || !names["read_artifact_file"] {
			t.Errorf("with files %v, served %v", files != nil, names)
		}
	}
}

// TestTools_Toolsets: what is not asked for is not served, and the agent is told
// that there is more.
func TestTools_Toolsets(t *testing.T) {
	for _, tt := range []struct {
		sets       []tools.Toolset
		has, lacks string
		whole      bool
	}{
		{nil, "list_artifacts", "delete_artifacts", false},
		{[]tools.Toolset{tools.ToolsetVersions}, "delete_artifacts", "list_artifacts", false},
		{[]tools.Toolset{tools.ToolsetArtifacts, tools.ToolsetRegistries}, "list_registries", "link_artifact", false},
		{tools.Toolsets(), "update_artifact", "", true},
	} {
		s := mcpserver.New(mcpserver.Options{Open: unopened(t), Toolsets: tt.sets, Files: tools.AllFiles("")})
		c := connected(t, s)
		names := map[string]bool{}
		for _, tool := range listed(t, c) {
			names[tool.Name] = true
		}
		if !names[tt.has] || names[tt.lacks] || tt.whole && len(names) != len(forAgents()) {
			t.Errorf("%v: served %v", tt.sets, names)
		}
		hello, err := json.Marshal(s.Underlying().HandleMessage(t.Context(), json.RawMessage(
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`)))
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(string(hello), "--toolsets=all"); told == tt.whole {
			t.Errorf("%v: the instructions speak of more: %v", tt.sets, told)
		}
	}
}

func TestTools_ByName(t *testing.T) {
	s := mcpserver.New(mcpserver.Options{Open: unopened(t), Tools: []string{"get_artifact", "list_registries"}})
	if list := listed(t, connected(t, s)); len(list) != 2 {
		t.Errorf("served %d tools", len(list))
	}
}

func TestTools_AnnotationsFollowTheEffect(t *testing.T) {
	effects, adding := map[string]tools.Effect{}, map[string]bool{}
	for _, o := range tools.All() {
		effects[o.Name], adding[o.Name] = o.Effect, o.NotIdempotent
	}
	if !adding["log_artifact"] {
		t.Error("log_artifact says that doing it twice is the same as once, and it makes runs")
	}
	for _, tool := range listed(t, connected(t, mcpserver.New(mcpserver.Options{Open: unopened(t), Toolsets: tools.Toolsets()}))) {
		a := tool.Annotations
		if a.Title == "" || a.ReadOnlyHint == nil || a.DestructiveHint == nil || a.IdempotentHint == nil || a.OpenWorldHint == nil {
			t.Errorf("%s lacks annotations: %+v", tool.Name, a)
			continue
		}
		if *a.ReadOnlyHint != (effects[tool.Name] == tools.Reads) || *a.DestructiveHint != (effects[tool.Name] == tools.Destroys) {
			t.Errorf("%s %s, and is annotated readOnly %v, destructive %v", tool.Name, effects[tool.Name], *a.ReadOnlyHint, *a.DestructiveHint)
		}
		if *a.IdempotentHint == adding[tool.Name] {
			t.Errorf("%s is annotated idempotent %v", tool.Name, *a.IdempotentHint)
		}
	}
}

func TestTools_ReadOnlyLeavesOutWhatChanges(t *testing.T) {
	c := connected(t, mcpserver.New(mcpserver.Options{Open: unopened(t), ReadOnly: true, Toolsets: tools.Toolsets()}))
	names := map[string]bool{}
	for _, tool := range listed(t, c) {
		names[tool.Name] = true
		if !*tool.Annotations.ReadOnlyHint {
			t.Errorf("%s is served", tool.Name)
		}
	}
	for _, o := range forAgents() {
		if o.Effect == tools.Reads && !names[o.Name] {
			t.Errorf("%s is not served", o.Name)
		}
	}
	var call mcp.CallToolRequest
	call.Params.Name = "save_artifact_collection"
	if _, err := c.CallTool(t.Context(), call); err == nil {
		t.Error("a tool that is left out can be called")
	}
}
