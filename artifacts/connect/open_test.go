package connect_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/connect"
	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// open opens what an environment leads to, until the test ends.
func open(t *testing.T, env connect.Environment) *connect.Connection {
	t.Helper()
	settings, err := connect.ReadSettings(env)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := connect.Open(t.Context(), settings, connect.Options{UserAgent: "connect-test/1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return conn
}

func TestOpen_NothingConfigured(t *testing.T) {
	home := t.TempDir()
	env := connect.Environment{Home: home, Dir: t.TempDir()}
	dir := filepath.Join(home, ".local", "share", "reliquary")

	conn := open(t, env)
	if want := "a new registry in " + dir + " (no W&B server is configured)"; conn.Description.String() != want {
		t.Errorf("description = %q, want %q", conn.Description, want)
	}
	viewer, err := conn.Client.Viewer(t.Context())
	if err != nil || viewer.Username != directory.DefaultUsername {
		t.Errorf("viewer = %+v, error %v; want the registry's first user", viewer, err)
	}

	// Another process may have it open at the same time.
	again := open(t, env)
	if want := "the registry in " + dir + " (no W&B server is configured)"; again.Description.String() != want {
		t.Errorf("description = %q, want %q", again.Description, want)
	}
	if _, err := again.Client.Viewer(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpen_Server(t *testing.T) {
	registry := servertest.Start(t)
	conn := open(t, connect.Environment{Vars: map[string]string{
		"WANDB_BASE_URL": registry.URL + "/", "WANDB_API_KEY": registry.Key, "WANDB_PROJECT": "vision",
	}})
	if want := "the W&B server " + registry.URL + " (set by WANDB_BASE_URL)"; conn.Description.String() != want {
		t.Errorf("description = %q, want %q", conn.Description, want)
	}
	if n := len(registry.Requests()); n != 0 {
		t.Errorf("opening sent %d requests, want none", n)
	}
	viewer, err := conn.Client.Viewer(t.Context())
	if err != nil || viewer.Username != registry.Username {
		t.Errorf("viewer = %+v, error %v", viewer, err)
	}
	if got := conn.Client.DefaultProject(); got != "vision" {
		t.Errorf("default project = %q, want that of WANDB_PROJECT", got)
	}
}

// TestOpen_SameArtifactsBothWays reads what the wandb package has logged to a
// server: through that server, and from its directory while it runs.
func TestOpen_SameArtifactsBothWays(t *testing.T) {
	registry := servertest.Start(t)
	registry.Wandb(t, "0.31.0", `
import wandb
with wandb.init(project="vision") as run:
    artifact = wandb.Artifact("flowers", type="dataset")
    with artifact.new_file("a.txt") as f:
        f.write("a")
    run.log_artifact(artifact).wait()
`)
	for name, vars := range map[string]map[string]string{
		"server":    {"WANDB_BASE_URL": registry.URL, "WANDB_API_KEY": registry.Key},
		"directory": {"RELIQUARY_DIR": registry.Dir},
	} {
		t.Run(name, func(t *testing.T) {
			conn := open(t, connect.Environment{Vars: vars})
			version, err := conn.Client.Artifact(t.Context(), "vision/flowers:latest")
			if err != nil {
				t.Fatal(err)
			}
			if got, want := version.QualifiedName(), registry.Username+"/vision/flowers:v0"; got != want {
				t.Errorf("version = %q, want %q", got, want)
			}
		})
	}
}

func TestOpen_Refused(t *testing.T) {
	registry := servertest.Start(t)
	movies := t.TempDir()
	if err := os.WriteFile(filepath.Join(movies, "birthday.mov"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		vars map[string]string
		kind artifacts.Kind
		is   error
		says []string
	}{
		{
			name: "a server and no key", vars: map[string]string{"WANDB_BASE_URL": registry.URL},
			kind: artifacts.KindUnauthenticated, says: []string{registry.URL, "there is no API key for it", "set WANDB_API_KEY"},
		},
		{
			name: "a directory of something else", vars: map[string]string{"RELIQUARY_DIR": movies},
			kind: artifacts.KindCorrupt, is: directory.ErrNotRegistry, says: []string{movies, "is not a registry"},
		},
		{
			name: "nowhere", kind: artifacts.KindInvalid, says: []string{"set RELIQUARY_DIR"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings, err := connect.ReadSettings(connect.Environment{Vars: c.vars})
			if err != nil {
				t.Fatal(err)
			}
			conn, err := connect.Open(t.Context(), settings, connect.Options{})
			if err == nil {
				t.Fatalf("opened %v", errors.Join(errors.New(conn.Description.String()), conn.Close()))
			}
			if !errors.Is(err, c.kind) {
				t.Errorf("kind = %s, want %s: %v", artifacts.KindOf(err), c.kind, err)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("error %q does not say %q", err, s)
				}
			}
		})
	}
}

func TestOpen_WrongKey(t *testing.T) {
	registry := servertest.Start(t)
	conn := open(t, connect.Environment{Vars: map[string]string{"WANDB_BASE_URL": registry.URL, "WANDB_API_KEY": keyA}})
	_, err := conn.Client.Viewer(t.Context())
	if !errors.Is(err, artifacts.ErrUnauthenticated) {
		t.Errorf("error = %v, want one of kind UNAUTHENTICATED", err)
	}
	if err != nil && strings.Contains(err.Error(), keyA) {
		t.Errorf("the error tells the key: %v", err)
	}
}

// TestAs_HasNothingOfOthers: what the person who runs the program has on disk is
// not for whoever else uses it, with a key that the server has not even seen.
func TestAs_HasNothingOfOthers(t *testing.T) {
	registry := servertest.Start(t)
	cache := t.TempDir()
	for name, vars := range map[string]map[string]string{
		"server":    {"WANDB_BASE_URL": registry.URL, "WANDB_API_KEY": registry.Key},
		"directory": {"RELIQUARY_DIR": registry.Dir},
	} {
		t.Run(name, func(t *testing.T) {
			vars["WANDB_CACHE_DIR"] = cache
			conn := open(t, connect.Environment{Vars: vars})
			draft, err := artifacts.NewArtifact("dataset", name)
			if err != nil {
				t.Fatal(err)
			}
			if err := draft.AddBytes("a.txt", []byte(name)); err != nil {
				t.Fatal(err)
			}
			logged, err := conn.Client.LogArtifact(t.Context(), draft, &artifacts.LogOptions{Project: "vision", FillCache: true})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := conn.Client.KeptArtifact(t.Context(), logged.QualifiedName()); err != nil {
				t.Errorf("the person has it: %v", err)
			}
			stranger, err := conn.As(keyA)
			if err != nil {
				t.Fatal(err)
			}
			defer stranger.Close()
			for _, path := range []string{logged.QualifiedName(), logged.ID} {
				if a, _, err := stranger.KeptArtifact(t.Context(), path); err == nil {
					t.Errorf("a stranger has %s", a.QualifiedName())
				}
			}
		})
	}
}

// TestOpen_LostKey: whoever may read the directory may use the registry, also
// when the file with the key is gone.
func TestOpen_LostKey(t *testing.T) {
	registry := servertest.Start(t)
	if err := os.Remove(filepath.Join(registry.Dir, "credentials.json")); err != nil {
		t.Fatal(err)
	}
	conn := open(t, connect.Environment{Vars: map[string]string{"RELIQUARY_DIR": registry.Dir}})
	if viewer, err := conn.Client.Viewer(t.Context()); err != nil || viewer.Username != registry.Username {
		t.Errorf("viewer = %+v, error %v", viewer, err)
	}
}

func TestOpen_Canceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := connect.Open(ctx, connect.Settings{Dir: filepath.Join(t.TempDir(), "registry")}, connect.Options{})
	if !errors.Is(err, artifacts.ErrCanceled) {
		t.Errorf("error = %v, want one of kind CANCELED", err)
	}
}

// TestOpen_Proxy reaches a server through the proxy of the environment that
// was given, not of the process, and loopback addresses without it.
func TestOpen_Proxy(t *testing.T) {
	registry := servertest.Start(t)
	var mu sync.Mutex
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Host)
		mu.Unlock()
		// A forward proxy: the request names the whole URL. This one takes
		// everything to the registry.
		registry.Server.ServeHTTP(w, r)
	}))
	defer proxy.Close()

	vars := map[string]string{
		"WANDB_BASE_URL": "http://wandb.example.com", "WANDB_API_KEY": registry.Key,
		"http_proxy": proxy.URL,
	}
	conn := open(t, connect.Environment{Vars: vars})
	if _, err := conn.Client.Viewer(t.Context()); err != nil {
		t.Errorf("through the proxy: %v", err)
	}
	if len(asked) != 1 || asked[0] != "wandb.example.com" {
		t.Errorf("the proxy was asked for %q, want one request to wandb.example.com", asked)
	}

	vars["WANDB_BASE_URL"] = registry.URL
	if _, err := open(t, connect.Environment{Vars: vars}).Client.Viewer(t.Context()); err != nil {
		t.Errorf("past the proxy: %v", err)
	}
	if len(asked) != 1 {
		t.Errorf("the proxy was asked for %q, though loopback addresses need none", asked)
	}
}

func TestDescription(t *testing.T) {
	conn := open(t, connect.Environment{Vars: map[string]string{"WANDB_API_KEY": keyA}})
	got := conn.Description.String()
	if want := "the W&B server " + connect.DefaultBaseURL + " (an API key was found in WANDB_API_KEY)"; got != want {
		t.Errorf("description = %q, want %q", got, want)
	}
}
