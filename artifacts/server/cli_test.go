package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// A person at a terminal puts a folder into the registry, lists what is there,
// and gets it back on a machine that has nothing of it.
func TestCommandLine(t *testing.T) {
	forEachVersion(t, func(t *testing.T, r *servertest.Registry, version string) {
		p := r.Python(t, version)
		folder := filepath.Join(p.Work, "model")
		for name, text := range map[string]string{"weights.bin": strings.Repeat("w", 3000), "sub/config.json": "{}"} {
			file := filepath.Join(folder, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		put := p.CLI(t, "artifact", "put", "--name", r.Username+"/cli/net", "--type", "model", "--description", "by hand", "--alias", "best", folder)
		noComplaints(t, put)
		if !strings.Contains(put.Stderr+put.Stdout, r.Username+"/cli/net:v0") {
			t.Errorf("put does not say what it made:\n%s%s", put.Stdout, put.Stderr)
		}
		// A second version of the same.
		if err := os.WriteFile(filepath.Join(folder, "sub/config.json"), []byte(`{"n": 2}`), 0o644); err != nil {
			t.Fatal(err)
		}
		noComplaints(t, p.CLI(t, "artifact", "put", "--name", r.Username+"/cli/net", "--type", "model", folder))

		ls := p.CLI(t, "artifact", "ls", r.Username+"/cli")
		noComplaints(t, ls, "Api.artifact_versions(type_name, name) is deprecated") // by the command itself
		if said := ls.Stdout + ls.Stderr; !strings.Contains(said, "net:v1") || !strings.Contains(said, "model") {
			t.Errorf("ls does not show the newest version:\n%s", said)
		}

		fresh := r.Python(t, version)
		get := fresh.CLI(t, "artifact", "get", "--root", "out", r.Username+"/cli/net:best")
		noComplaints(t, get)
		for name, want := range map[string]string{"weights.bin": strings.Repeat("w", 3000), "sub/config.json": "{}"} {
			got, err := os.ReadFile(filepath.Join(fresh.Work, "out", name))
			if err != nil || string(got) != want {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
		allUnderstood(t, r)
		golden(t, "operations/cli-"+version+".txt", operations(r.Requests()))
		t.Logf("wandb %s: put %s, ls %s, get %s", version, put.Duration, ls.Duration, get.Duration)

		// What is not there ends with a message, not with a wait.
		out, err := fresh.TryCLI(t, "artifact", "get", r.Username+"/cli/net:v99")
		if err == nil || !strings.Contains(out.Stderr+out.Stdout, "not found") {
			t.Errorf("a version that is not there: %v\n%s%s", err, out.Stdout, out.Stderr)
		}
	})
}
