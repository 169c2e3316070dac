package rules

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/reliquary/reliquary"

// A reach says that packages must not depend on others, however indirectly.
// Patterns are paths in the module, or whole import paths; "x/..." is x and
// everything below it.
type reach struct {
	from, except []string
	never        []string
	why          string
}

var reaches = []reach{
	{
		from:  []string{"artifacts", "artifacts/internal/..."},
		never: []string{"artifacts/server/...", "artifacts/connect", "tools/...", "schemas/...", "cmd/..."},
		why:   "the client knows a server by its protocol only, and nothing of who uses it",
	},
	{
		from: []string{"artifacts/server/..."},
		// The harness's registries are for everybody's tests, and are held to the same rule.
		never: []string{"artifacts", "artifacts/internal/...", "artifacts/connect", "tools/...", "schemas/...", "cmd/..."},
		why:   "the registry knows the protocol, not our client",
	},
	{
		from:   []string{"tools/..."},
		except: []string{"tools/mcpserver/..."},
		never:  []string{"github.com/mark3labs/mcp-go/..."},
		why:    "operations are the same for every front end; only tools/mcpserver knows MCP",
	},
	{
		from:  []string{"tools/..."},
		never: []string{"artifacts/server/...", "artifacts/connect", "cmd/..."},
		why:   "operations are given a client; where it leads is the front end's choice",
	},
	{
		from:  []string{"capi/..."},
		never: []string{"github.com/mark3labs/mcp-go/...", "tools/mcpserver/...", "cmd/..."},
		why:   "the C library carries operations, not a protocol for agents",
	},
	{
		from:  []string{"schemas/..."},
		never: []string{"artifacts/...", "tools/...", "cmd/..."},
		why:   "schemas are what everything else is generated from",
	},
	{
		from:   []string{"..."},
		except: []string{"cmd/..."},
		never:  []string{"cmd/..."},
		why:    "nothing imports a program",
	},
}

// A home says that only some packages import a library themselves.
type home struct {
	library string
	rooms   []string
	why     string
}

var homes = []home{
	{"github.com/mark3labs/mcp-go/...", []string{"tools/mcpserver/..."}, "one room knows MCP"},
	{"github.com/hasura/go-graphql-client/...", []string{"artifacts", "artifacts/internal/..."}, "one room speaks GraphQL to servers"},
	{"github.com/99designs/gqlgen/...", []string{"artifacts/server", "artifacts/server/graph/..."}, "one room answers GraphQL"},
	{"github.com/vektah/gqlparser/v2/...", []string{"artifacts/server", "artifacts/server/graph/..."}, "one room answers GraphQL"},
	{"modernc.org/sqlite/...", []string{"artifacts/server/metadata/sqlite/..."}, "the metadata interface is what others know"},
	{"github.com/ncruces/go-sqlite3/...", []string{"artifacts/server/metadata/sqlite/..."}, "the metadata interface is what others know"},
	{"github.com/mattn/go-sqlite3/...", []string{"artifacts/server/metadata/sqlite/..."}, "the metadata interface is what others know"},
	{"database/sql/...", []string{"artifacts/server/metadata/...", "artifacts/server/directory"}, "the metadata interface is what others know"},
	{"github.com/pressly/goose/v3/...", []string{"artifacts/server/metadata/..."}, "migrations belong to the metadata"},
	{"github.com/invopop/jsonschema/...", []string{"tools/..."}, "schemas are made where operations are defined"},
	{"github.com/spf13/cobra/...", []string{"cmd/..."}, "flags end at the command line"},
	{module + "/artifacts/connect", []string{"cmd/...", "capi/..."}, "front ends choose where a client leads"},
	{"testing", []string{"artifacts/server/servertest/...", "artifacts/server/metadata/metadatatest/...", "artifacts/server/blobs/blobstest/..."}, "what is shipped does not carry the test framework"},
}

// clientImports are all that the client's own packages import besides the
// standard library.
var clientImports = []string{
	module + "/artifacts/internal/...",
	"github.com/hasura/go-graphql-client/...",
	"github.com/go-json-experiment/json/...", // encoding/json/v2 of Go 1.27
}

// A pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

// listPackages returns the module's packages and all that they depend on.
func listPackages(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Imports", "./...")
	cmd.Dir = "../../.."
	out, err := cmd.Output()
	if err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	packages := make(map[string]pkg)
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// matches reports whether an import path fits one of the patterns.
func matches(importPath string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		first, _, _ := strings.Cut(pattern, "/")
		ours := slices.Contains([]string{"artifacts", "tools", "schemas", "cmd", "capi", "bindings", "..."}, first)
		if ours {
			pattern = path.Join(module, pattern)
		}
		if below, ok := strings.CutSuffix(pattern, "/..."); ok {
			return importPath == below || strings.HasPrefix(importPath, below+"/")
		}
		return importPath == pattern
	})
}

// chain is the shortest way by imports from one package to one that fits the
// patterns, nil if there is none.
func chain(packages map[string]pkg, from string, patterns []string) []string {
	cameFrom := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range packages[queue[0]].Imports {
			if _, seen := cameFrom[next]; seen {
				continue
			}
			cameFrom[next] = queue[0]
			if matches(next, patterns) {
				var way []string
				for at := next; at != ""; at = cameFrom[at] {
					way = append(way, strings.TrimPrefix(at, module+"/"))
				}
				slices.Reverse(way)
				return way
			}
			queue = append(queue, next)
		}
	}
	return nil
}

// own reports whether a package is part of the module.
func own(importPath string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

func TestImports_Reach(t *testing.T) {
	packages := listPackages(t)
	for _, r := range reaches {
		for name := range packages {
			if !own(name) || !matches(name, r.from) || matches(name, r.except) {
				continue
			}
			if way := chain(packages, name, r.never); way != nil {
				t.Errorf("%s\n\t%s", r.why, strings.Join(way, "\n\t  imports "))
			}
		}
	}
}

func TestImports_Homes(t *testing.T) {
	for name, p := range listPackages(t) {
		if !own(name) {
			continue
		}
		for _, imported := range p.Imports {
			for _, h := range homes {
				if matches(imported, []string{h.library}) && !matches(name, h.rooms) {
					t.Errorf("%s: %s imports %s, which only %s may", h.why, name, imported, strings.Join(h.rooms, ", "))
				}
			}
		}
	}
}

// TestImports_Client holds the client to very few dependencies: whoever uses
// the library takes them on.
func TestImports_Client(t *testing.T) {
	packages := listPackages(t)
	for name, p := range packages {
		if !matches(name, []string{"artifacts", "artifacts/internal/..."}) {
			continue
		}
		for _, imported := range p.Imports {
			if !packages[imported].Standard && !matches(imported, clientImports) {
				t.Errorf("%s imports %s; the client's packages import the standard library, %s and nothing else",
					name, imported, strings.Join(clientImports, ", "))
			}
		}
	}
}

// TestImports_ClientMeetsServer: only where both are put together may a
// package know both.
func TestImports_ClientMeetsServer(t *testing.T) {
	for name, p := range listPackages(t) {
		if !own(name) || matches(name, []string{"artifacts/connect", "cmd/..."}) {
			continue
		}
		client := slices.ContainsFunc(p.Imports, func(i string) bool { return matches(i, []string{"artifacts"}) })
		registry := slices.ContainsFunc(p.Imports, func(i string) bool { return matches(i, []string{"artifacts/server/..."}) })
		if client && registry {
			t.Errorf("%s imports both the client and the registry; artifacts/connect does that", name)
		}
	}
}

// TestChain makes sure that the rules above can fail.
func TestChain(t *testing.T) {
	packages := map[string]pkg{
		module + "/tools":     {Imports: []string{"fmt", module + "/artifacts"}},
		module + "/artifacts": {Imports: []string{"errors", "example.com/lib"}},
		"example.com/lib":     {Imports: []string{"github.com/mark3labs/mcp-go/mcp", "fmt"}},
	}
	got := chain(packages, module+"/tools", []string{"github.com/mark3labs/mcp-go/..."})
	want := []string{"tools", "artifacts", "example.com/lib", "github.com/mark3labs/mcp-go/mcp"}
	if !slices.Equal(got, want) {
		t.Errorf("chain = %q, want %q", got, want)
	}
	if got := chain(packages, module+"/tools", []string{"cmd/...", "artifacts/server/..."}); got != nil {
		t.Errorf("chain = %q to something that is not there", got)
	}
	if !matches(module+"/artifacts/server", []string{"artifacts/server/..."}) || matches(module+"/artifacts/server", []string{"artifacts"}) {
		t.Error("patterns do not tell a room from those below it")
	}
}
