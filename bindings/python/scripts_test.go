package python

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// TestScripts runs programs that were written for the wandb package with it,
// and with nothing but the import changed, on the same registry each, and
// compares what they print.
func TestScripts(t *testing.T) {
	site := installed(t)
	filled := filepath.Join(t.TempDir(), "filled")
	if !t.Run("fill", func(t *testing.T) {
		r := servertest.Start(t, servertest.WithDir(filled))
		r.Wandb(t, wandbVersion, read(t, "testdata/fill.py"), r.Username)
		r.AddUser(t, "ada")
		r.AddOrganization(t, "acme", "ada")
	}) {
		return
	}
	scripts, err := filepath.Glob("testdata/scripts/*.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range scripts {
		script := read(t, file)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".py"), func(t *testing.T) {
			t.Parallel()
			want := runScript(t, filled, "", script)
			ours := strings.Replace(script, "\nimport wandb\n", "\nimport reliquary as wandb\n", 1)
			if ours == script {
				t.Fatal("the script does not import wandb")
			}
			got := runScript(t, filled, site, ours)
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("with wandb (-) and with reliquary (+):\n%s", diff)
			}
			if strings.Count(want, "\n") < 10 {
				t.Errorf("the script printed only %q", want)
			}
		})
	}
}

const wandbVersion = "0.31.0"

// runScript runs a script in a clean environment on a registry of its own that
// holds what filled does. site is put before what Python finds by itself.
func runScript(t *testing.T, filled, site, script string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "registry")
	if err := os.CopyFS(dir, os.DirFS(filled)); err != nil {
		t.Fatal(err)
	}
	r := servertest.Start(t, servertest.WithDir(dir))
	p := r.Python(t, wandbVersion)
	if site != "" {
		p.Env = append(p.Env, "PYTHONPATH="+site)
	}
	out := p.Run(t, script, r.Username)
	return forget(out.Stdout, p.Home, r.URL)
}

var version = regexp.MustCompile(`(?m)^wandb: .*\n`)

// forget takes out what differs between two runs of one program.
func forget(out, home, url string) string {
	return version.ReplaceAllString(strings.NewReplacer(home, "HOME", url, "URL").Replace(out), "")
}
