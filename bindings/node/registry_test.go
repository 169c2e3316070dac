package node

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// A shop is a registry that `reliquary serve` serves and that the wandb package
// has filled.
type shop struct {
	*servertest.Registry
	runs map[string]string // ids by job type
}

// openShop starts one; it ends with the test.
func openShop(t *testing.T) *shop {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "reliquary")
	if err := command("", nil, "go", "build", "-trimpath", "-o", binary, "../../cmd/reliquary"); err != nil {
		t.Fatal(err)
	}
	s := &shop{Registry: &servertest.Registry{Dir: filepath.Join(t.TempDir(), "registry"), Username: "local"}}
	cmd := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--dir", s.Dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(stdout); s.URL == "" || s.Key == ""; {
		if !lines.Scan() {
			t.Fatal("serve ended before it had said where it is")
		}
		line := strings.TrimSpace(lines.Text())
		if v, ok := strings.CutPrefix(line, "export WANDB_BASE_URL="); ok {
			s.URL = v
		}
		if v, ok := strings.CutPrefix(line, "export WANDB_API_KEY="); ok {
			s.Key = v
		}
	}
	out := s.Wandb(t, wandbVersion, read(t, "../../tools/testdata/fill.py"), s.Username)
	if err := json.Unmarshal([]byte(out.Stdout), &s.runs); err != nil {
		t.Fatalf("fill.py printed %q: %v", out.Stdout, err)
	}
	// What no client makes: an organization.
	dir, err := directory.Open(t.Context(), s.Dir, directory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	s.Metadata = dir.Metadata
	s.AddUser(t, "ada")
	s.AddOrganization(t, "acme", "ada")
	return s
}

// wandbVersion is the release of the wandb package that fills registries.
const wandbVersion = "0.31.0"

// program is a Node process with the shipped packages that is told of the shop:
// as a server, or as a directory that it opens itself, beside the server.
func (s *shop) program(t *testing.T, place string) *program {
	t.Helper()
	options := map[string]string{"project": "vision", "entity": s.Username}
	if place == "directory" {
		options["dir"] = s.Dir
	} else {
		options["baseUrl"], options["apiKey"] = s.URL, s.Key
	}
	told, err := json.Marshal(map[string]any{"options": options, "entity": s.Username, "runs": s.runs, "place": place})
	if err != nil {
		t.Fatal(err)
	}
	return newProgram(t, shipped(t), "SHOP="+string(told))
}

func TestRegistry(t *testing.T) {
	s := openShop(t)
	t.Run("cases", func(t *testing.T) { s.compareWithGo(t) })
	t.Run("cases over a pipe", func(t *testing.T) { s.compareWithGo(t, overPipe(t)) })
	// The classes are looked at as long as nothing has been changed.
	t.Run("classes over a pipe", func(t *testing.T) {
		p := s.program(t, "server")
		p.env = append(p.env, overPipe(t))
		p.run(t, "classes.test.mjs", "--expose-gc")
	})
	for _, file := range []string{"classes", "registries", "changes", "files"} {
		for _, place := range []string{"server", "directory"} {
			t.Run(file+" of a "+place, func(t *testing.T) { s.program(t, place).run(t, file+".test.mjs", "--expose-gc") })
		}
	}
	t.Run("wandb", s.compareWithWandb)
}

// compareWithWandb has the same walk done by wandb.Api() and by this package,
// in whatever the tests before have left.
func (s *shop) compareWithWandb(t *testing.T) {
	want := parsed(t, s.Wandb(t, wandbVersion, read(t, "testdata/walk.py"), s.Username+"/vision", s.runs["train"]).Stdout)
	for _, place := range []string{"server", "directory"} {
		p := s.program(t, place)
		stdout, stderr, err := p.output(t, p.copy(t, "walk.mjs"), s.Username+"/vision", s.runs["train"])
		if err != nil {
			t.Fatalf("walk.mjs: %v\n%s", err, stderr)
		}
		if diff := cmp.Diff(want, parsed(t, stdout)); diff != "" {
			t.Errorf("%s (-wandb +ours):\n%s", place, diff)
		}
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}
