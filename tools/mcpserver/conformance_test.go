package mcpserver_test

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/tools/mcpserver"
)

// knownFailures are scenarios that are required and fail, with how many of their
// checks do. A tool of the library that we serve with cannot answer with the
// protocol error (-32021, status 400) for a client that lacks a capability; ours
// say so in a result.
var knownFailures = map[string]map[string]int{
	"2026-07-28": {"server-stateless": 2},
}

// TestConformance runs the official conformance suite on the HTTP handler, as
// often as RELIQUARY_CONFORMANCE_RUNS says: the released suite, and what each
// revision of the protocol requires by the newest one.
func TestConformance(t *testing.T) {
	runs := 1
	if n, err := strconv.Atoi(os.Getenv("RELIQUARY_CONFORMANCE_RUNS")); err == nil {
		runs = n
	}
	protocol, err := conformanceServer().HTTPHandler(mcpserver.HTTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(protocol)
	defer front.Close()
	for _, suite := range []struct {
		name, version string
		args          []string
		atLeast       int
	}{
		{"0.1", "0.1", []string{"--suite", "all"}, 32},
		{"2025-11-25", "0.2", []string{"--requirements", "2025-11-25"}, 30},
		{"2026-07-28", "0.2", []string{"--requirements", "2026-07-28"}, 37},
	} {
		t.Run(suite.name, func(t *testing.T) {
			program := installed(t, "conformance-"+suite.version+"/node_modules/@modelcontextprotocol/conformance")
			args := append([]string{filepath.Join(program, "dist/index.js"), "server", "--url", front.URL + "/mcp"}, suite.args...)
			for n := range runs {
				got := runSuite(t, append(args, "-o", t.TempDir()))
				required := slices.Sorted(maps.Keys(got)) // of the released suite: all
				if suite.version == "0.2" {
					required = requirements(t, filepath.Join(program, "requirements", suite.name+".yaml"))
				}
				if len(required) < suite.atLeast {
					t.Errorf("only %d scenarios are required: %q", len(required), required)
				}
				passed := 0
				for _, scenario := range required {
					failed, ran := got[scenario]
					known := knownFailures[suite.name][scenario]
					switch {
					case !ran:
						t.Errorf("%s did not run", scenario)
					case known > 0 && failed > known:
						// It gives the server half a second for some of its checks.
						t.Logf("%s: %d checks fail; %d are known to", scenario, failed, known)
					case failed != known:
						t.Errorf("%s: %d checks fail; %d are known to", scenario, failed, known)
					case failed == 0:
						passed++
					}
				}
				t.Logf("run %d: %d of %d required scenarios pass", n+1, passed, len(required))
			}
		})
	}
}

// runSuite runs the suite once and returns how many checks of each scenario fail.
func runSuite(t *testing.T, args []string) map[string]int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), recentNode(t), args...)
	cmd.Env = cleanEnv(t)
	out, err := cmd.CombinedOutput()
	// The exit code also tells of scenarios that are not required.
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	_, end, _ := strings.Cut(string(out), "=== SUMMARY ===")
	failed := map[string]int{}
	for lines := bufio.NewScanner(strings.NewReader(end)); lines.Scan(); {
		mark, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		name, counts, found := strings.Cut(rest, ": ")
		var p, f int
		if _, err := fmt.Sscanf(counts, "%d passed, %d failed", &p, &f); found && err == nil && (mark == "✓" || mark == "✗") {
			failed[name] = f
		}
	}
	if len(failed) == 0 {
		t.Fatalf("the suite has no summary:\n%s", out)
	}
	return failed
}

// requirements reads which scenarios a revision requires of servers, from the
// suite's own list.
func requirements(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "\nserver:\n")
	var names []string
	for line := range strings.Lines(list) {
		name, isItem := strings.CutPrefix(strings.TrimSpace(line), "- ")
		if !isItem {
			if strings.TrimSpace(line) != "" && !strings.HasPrefix(strings.TrimSpace(line), "#") {
				break
			}
			continue
		}
		names = append(names, name)
	}
	return names
}
