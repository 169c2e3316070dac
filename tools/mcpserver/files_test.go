package mcpserver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// TestFiles starts the program as a client does, with a folder that tools may
// touch: they log from it, download into it, and get nowhere else.
func TestFiles(t *testing.T) {
	r := servertest.Start(t)
	dir, outside := t.TempDir(), t.TempDir()
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "rows.csv"), "a,b\n1,2\n")
	write(filepath.Join(outside, "secret"), "secret")
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	const artifact = "local/vision/rows:v0"
	w := walk{
		Command: []string{binary, "mcp", "--toolsets=files", "--files", dir},
		Env:     map[string]string{"WANDB_BASE_URL": r.URL, "WANDB_API_KEY": r.Key, "HOME": t.TempDir()},
		Calls: []step{
			{"log_artifact", map[string]any{"collection": "local/vision/rows", "type": "dataset", "files": []any{map[string]any{"local": "rows.csv"}}}},
			{"download_artifact", map[string]any{"artifact": artifact, "to": "copy"}},
			{"verify_artifact", map[string]any{"artifact": artifact, "folder": filepath.Join(dir, "copy")}},
			{"download_artifact", map[string]any{"artifact": artifact, "to": outside}},
			{"download_artifact", map[string]any{"artifact": artifact, "to": "link/deeper"}},
			{"log_artifact", map[string]any{"collection": "local/vision/stolen", "type": "dataset", "files": []any{map[string]any{"local": "link/secret"}}}},
		},
	}
	a := w.run(t, nil, installed(t, "mcp/bin/python"), "testdata/python/client.py")
	for i, result := range a.Results {
		if i < 3 {
			if result.IsError {
				t.Errorf("call %d failed: %q", i, result.Text)
			}
			continue
		}
		if text := strings.Join(result.Text, "\n"); !result.IsError || !strings.Contains(text, `"DENIED"`) || !strings.Contains(text, "leads out of") {
			t.Errorf("call %d: %q", i, text)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "copy", "rows.csv")); err != nil || string(text) != "a,b\n1,2\n" {
		t.Errorf("downloaded %q, %v", text, err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside there are %v, %v", entries, err)
	}
}
