package connect_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/reliquary/reliquary/artifacts/connect"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// TestCacheDir asks the wandb package where it keeps files in the same places.
func TestCacheDir(t *testing.T) {
	home, work := t.TempDir(), t.TempDir()
	places := []map[string]string{
		{},
		{"WANDB_CACHE_DIR": filepath.Join(home, "mine")},
		{"WANDB_CACHE_DIR": "relative"},
		{"XDG_CACHE_HOME": filepath.Join(home, "xdg")},
		{"WANDB_CACHE_DIR": "~/x", "XDG_CACHE_HOME": "/never"},
	}
	for _, p := range places {
		p["HOME"] = home
	}
	in, err := json.Marshal(places)
	if err != nil {
		t.Fatal(err)
	}
	out := servertest.Start(t).Wandb(t, "0.31.0", `
import json, os, sys
from wandb.sdk.artifacts.artifact_file_cache import artifacts_cache_dir
os.chdir(sys.argv[2])
answers = []
for place in json.loads(sys.argv[1]):
    os.environ.clear()
    os.environ.update(place)
    answers.append(os.path.abspath(artifacts_cache_dir()))
print(json.dumps(answers))
`, string(in), work).Stdout
	var want []string
	if err := json.Unmarshal([]byte(out), &want); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for i, p := range places {
		if got := connect.CacheDir(connect.Environment{Vars: p, Home: home, Dir: work}); got != want[i] {
			t.Errorf("%v: %q, the package says %q", p, got, want[i])
		}
	}
	if got := connect.CacheDir(connect.Environment{}); got != "" {
		t.Errorf("nowhere: %q", got)
	}
}
