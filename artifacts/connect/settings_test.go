package connect_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/connect"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

const (
	keyA = "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"
	keyB = "local-eeeeeeeeeeffffffffffgggggggggghhhhhhhhhh"
	keyC = "iiiiiiiiiijjjjjjjjjjkkkkkkkkkkllllllllll"
)

// A place is what a person has on their machine and set in their shell. Paths
// are below one folder that holds "home" and "work"; $ROOT in a variable or
// file stands for that folder.
type place struct {
	name  string
	vars  map[string]string
	files map[string]string
	want  connect.Settings // without Dir and CacheDir, and with sources below $ROOT
	fails string           // part of the error, when it must fail
	// ours marks the places in which we differ from the wandb package, and why.
	ours string
}

var places = []place{
	{
		name: "nothing configured",
		want: connect.Settings{BaseURL: connect.DefaultBaseURL},
	},
	{
		name: "a key in the environment",
		vars: map[string]string{"WANDB_API_KEY": keyA},
		want: connect.Settings{BaseURL: connect.DefaultBaseURL, APIKey: keyA, APIKeySource: "WANDB_API_KEY"},
	},
	{
		name: "everything in the environment",
		vars: map[string]string{
			"WANDB_BASE_URL": "http://127.0.0.1:8099/", "WANDB_API_KEY": keyB,
			"WANDB_ENTITY": "team", "WANDB_PROJECT": "vision",
		},
		want: connect.Settings{
			BaseURL: "http://127.0.0.1:8099", BaseURLSource: "WANDB_BASE_URL",
			APIKey: keyB, APIKeySource: "WANDB_API_KEY", Entity: "team", Project: "vision",
		},
	},
	{
		name: "how long a server has",
		vars: map[string]string{"WANDB_HTTP_TIMEOUT": "7"},
		want: connect.Settings{BaseURL: connect.DefaultBaseURL, Timeout: 7 * time.Second},
	},
	{
		name: "no time at all",
		vars: map[string]string{"WANDB_HTTP_TIMEOUT": "0"},
		want: connect.Settings{BaseURL: connect.DefaultBaseURL, Warnings: []string{`WANDB_HTTP_TIMEOUT is "0", which is no number of seconds, and was ignored`}},
	},
	{
		name: "logged in by netrc, with the server in the person's settings",
		files: map[string]string{
			"home/.config/wandb/settings": "[default]\nbase_url = https://wandb.example.com/\n",
			"home/.netrc":                 "machine wandb.example.com\n  login user\n  password " + keyA + "\n",
		},
		want: connect.Settings{
			BaseURL: "https://wandb.example.com", BaseURLSource: "$ROOT/home/.config/wandb/settings",
			APIKey: keyA, APIKeySource: "$ROOT/home/.netrc",
		},
	},
	{
		name: "the workspace's settings come before the person's",
		files: map[string]string{
			"home/.config/wandb/settings": "[default]\nbase_url = https://one.example.com\nentity = me\nproject = scratch\n",
			"work/wandb/settings":         "[default]\nentity: team\nbase_url: https://two.example.com\n",
		},
		want: connect.Settings{
			BaseURL: "https://two.example.com", BaseURLSource: "$ROOT/work/wandb/settings",
			Entity: "team", Project: "scratch",
		},
	},
	{
		name: "the environment comes before files",
		vars: map[string]string{"WANDB_BASE_URL": "https://three.example.com", "WANDB_ENTITY": "other", "WANDB_API_KEY": keyC},
		files: map[string]string{
			"work/wandb/settings": "[default]\nentity = team\nbase_url = https://two.example.com\napi_key = " + keyA + "\n",
			"home/.netrc":         "machine three.example.com login user password " + keyB + "\n",
		},
		want: connect.Settings{
			BaseURL: "https://three.example.com", BaseURLSource: "WANDB_BASE_URL",
			APIKey: keyC, APIKeySource: "WANDB_API_KEY", Entity: "other",
		},
	},
	{
		name: "netrc comes before a key in a settings file",
		vars: map[string]string{"WANDB_BASE_URL": "http://127.0.0.1:8099"},
		files: map[string]string{
			"home/.config/wandb/settings": "[default]\napi_key = " + keyA + "\n",
			"home/.netrc":                 "machine 127.0.0.1:8099 login user password " + keyB + "\n",
		},
		want: connect.Settings{
			BaseURL: "http://127.0.0.1:8099", BaseURLSource: "WANDB_BASE_URL",
			APIKey: keyB, APIKeySource: "$ROOT/home/.netrc",
		},
	},
	{
		name:  "a key in a settings file",
		files: map[string]string{"home/.config/wandb/settings": "# mine\n[default]\nmode = online\napi_key = " + keyA + "\n"},
		want: connect.Settings{
			BaseURL: connect.DefaultBaseURL, APIKey: keyA, APIKeySource: "$ROOT/home/.config/wandb/settings",
		},
	},
	{
		name:  "netrc for another server does not count",
		vars:  map[string]string{"WANDB_BASE_URL": "http://127.0.0.1:8099"},
		files: map[string]string{"home/.netrc": "machine 127.0.0.1 login user password " + keyB + "\n"},
		want:  connect.Settings{BaseURL: "http://127.0.0.1:8099", BaseURLSource: "WANDB_BASE_URL"},
	},
	{
		name: "a key that was saved for the older name of the default server",
		files: map[string]string{
			"home/.netrc": "machine api.wandb.ai\n  login user\n  password " + keyA + "\n",
		},
		want: connect.Settings{BaseURL: connect.DefaultBaseURL, APIKey: keyA, APIKeySource: "$ROOT/home/.netrc"},
	},
	{
		name: "netrc under another name, with a comment, a macro and quotes",
		vars: map[string]string{"NETRC": "$ROOT/home/keys", "WANDB_BASE_URL": "https://wandb.example.com"},
		files: map[string]string{
			"home/.netrc": "machine wandb.example.com login user password " + keyA + "\n",
			"home/keys": "# keys\nmacdef init\nmachine wandb.example.com\n\n" +
				"machine other.example.com login x password y # not this\n" +
				"machine \"wandb.example.com\" user u account a password \"" + keyC + "\"\n",
		},
		want: connect.Settings{
			BaseURL: "https://wandb.example.com", BaseURLSource: "WANDB_BASE_URL",
			APIKey: keyC, APIKeySource: "$ROOT/home/keys",
		},
	},
	{
		name:  "netrc's default entry",
		vars:  map[string]string{"WANDB_BASE_URL": "https://wandb.example.com"},
		files: map[string]string{"home/.netrc": "machine other login a password b\ndefault login user password " + keyA + "\n"},
		want: connect.Settings{
			BaseURL: "https://wandb.example.com", BaseURLSource: "WANDB_BASE_URL",
			APIKey: keyA, APIKeySource: "$ROOT/home/.netrc",
		},
	},
	{
		name:  "a netrc that does not parse is left alone",
		files: map[string]string{"home/.netrc": "machine wandb.example.com pass word\n"},
		want: connect.Settings{
			BaseURL:  connect.DefaultBaseURL,
			Warnings: []string{"cannot read the netrc file $ROOT/home/.netrc: line 1: expected login, account or password"},
		},
	},
	{
		name: "settings in another folder",
		// The package reads its settings files before it looks at WANDB_DIR.
		vars: map[string]string{"WANDB_CONFIG_DIR": "~/cfg", "WANDB_DIR": "$ROOT/elsewhere"},
		files: map[string]string{
			"home/.config/wandb/settings": "[default]\nentity = wrong\n",
			"home/cfg/settings":           "[default]\nentity = right\n",
			"work/wandb/settings":         "[default]\nproject = right\n",
			"elsewhere/wandb/settings":    "[default]\nproject = wrong\n",
		},
		want: connect.Settings{BaseURL: connect.DefaultBaseURL, Entity: "right", Project: "right"},
	},
	{
		name: "a hidden workspace folder",
		files: map[string]string{
			"work/wandb/settings":  "[default]\nentity = shown\n",
			"work/.wandb/settings": "[default]\nentity = hidden\n",
		},
		want: connect.Settings{BaseURL: connect.DefaultBaseURL, Entity: "hidden"},
	},
	{
		name:  "a settings file that does not parse is left alone",
		files: map[string]string{"home/.config/wandb/settings": "entity = nobody\n"},
		want: connect.Settings{
			BaseURL:  connect.DefaultBaseURL,
			Warnings: []string{"cannot read settings in $ROOT/home/.config/wandb/settings: line 1: a setting before any [section]"},
		},
	},
	{
		name:  "a setting twice, and a section twice",
		files: map[string]string{"home/.config/wandb/settings": "[default]\nentity = a\nentity = b\n", "work/wandb/settings": "[default]\nentity = c\n[default]\n"},
		want: connect.Settings{
			BaseURL: connect.DefaultBaseURL,
			Warnings: []string{
				`cannot read settings in $ROOT/home/.config/wandb/settings: line 3: "entity" for the second time`,
				`cannot read settings in $ROOT/work/wandb/settings: line 3: section "default" for the second time`,
			},
		},
	},
	{
		name:  "other sections and continued lines",
		files: map[string]string{"home/.config/wandb/settings": "[other]\nentity = no\n[default]\nignore_globs = a\n  b = c\nentity = yes\n"},
		want:  connect.Settings{BaseURL: connect.DefaultBaseURL, Entity: "yes"},
	},
	{name: "a key that is too short", vars: map[string]string{"WANDB_API_KEY": "abc"}, fails: "must have 40 characters or more, and has 3"},
	{name: "a key with a space", vars: map[string]string{"WANDB_API_KEY": keyA + " x"}, fails: "letters, digits, dashes"},
	{
		name:  "a short key in netrc",
		files: map[string]string{"home/.netrc": "machine api.forge.coreweave.com login user password abc\n"},
		fails: "the API key from $ROOT/home/.netrc cannot be right",
	},
	{name: "a base URL of another kind", vars: map[string]string{"WANDB_BASE_URL": "ftp://wandb.example.com"}, fails: "http:// or https://"},
	{name: "a base URL without a host", vars: map[string]string{"WANDB_BASE_URL": "http://"}, fails: "names no host"},
	{name: "the web site instead of the API", vars: map[string]string{"WANDB_BASE_URL": "https://wandb.ai"}, fails: "https://api.wandb.ai"},
	{name: "the cloud without encryption", vars: map[string]string{"WANDB_BASE_URL": "http://api.wandb.ai"}, fails: "in the clear"},
	{
		name: "an identity token", vars: map[string]string{"WANDB_IDENTITY_TOKEN_FILE": "/token"}, fails: "not supported here",
		ours: "identity tokens are not supported yet",
	},
	{
		name:  "a bad base URL in a file",
		files: map[string]string{"home/.config/wandb/settings": "[default]\nbase_url = wandb.example.com\n"},
		fails: "base_url from $ROOT/home/.config/wandb/settings",
		ours:  "the package goes on to its default server, which is not where this person's artifacts are",
	},
}

// lay puts a place on disk and returns its environment and what to replace
// $ROOT by.
func (p place) lay(t *testing.T) (env connect.Environment, root string) {
	t.Helper()
	root = t.TempDir()
	for _, dir := range []string{"home", "work"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range p.files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "$ROOT", root)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	vars := map[string]string{"HOME": filepath.Join(root, "home")}
	for name, value := range p.vars {
		vars[name] = strings.ReplaceAll(value, "$ROOT", root)
	}
	return connect.Environment{Vars: vars, Home: vars["HOME"], Dir: filepath.Join(root, "work")}, root
}

func TestReadSettings(t *testing.T) {
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			env, root := p.lay(t)
			got, err := connect.ReadSettings(env)
			if p.fails != "" {
				want := strings.ReplaceAll(p.fails, "$ROOT", root)
				if !errors.Is(err, artifacts.ErrInvalid) || !strings.Contains(err.Error(), want) {
					t.Fatalf("error = %v, want one of kind INVALID with %q", err, want)
				}
				for _, key := range []string{keyA, keyB, keyC} {
					if strings.Contains(err.Error(), key) {
						t.Errorf("the error tells the key: %v", err)
					}
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := p.want
			want.Dir = filepath.Join(root, "home", ".local", "share", "reliquary")
			want.CacheDir = filepath.Join(root, "home", ".cache", "wandb", "artifacts")
			for _, s := range []*string{&want.BaseURLSource, &want.APIKeySource} {
				*s = strings.ReplaceAll(*s, "$ROOT", root)
			}
			for i, w := range want.Warnings {
				want.Warnings[i] = strings.ReplaceAll(w, "$ROOT", root)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadSettings_AsWandbDoes asks the wandb package what it makes of the same
// places.
func TestReadSettings_AsWandbDoes(t *testing.T) {
	type question struct {
		Vars map[string]string `json:"vars"`
		Dir  string            `json:"dir"`
	}
	type answer struct {
		BaseURL string `json:"base_url"`
		APIKey  string `json:"api_key"`
		Entity  string `json:"entity"`
		Project string `json:"project"`
		Error   string `json:"error"`
	}
	var asked []place
	var questions []question
	for _, p := range places {
		if p.ours != "" {
			continue
		}
		env, _ := p.lay(t)
		asked = append(asked, p)
		questions = append(questions, question{env.Vars, env.Dir})
	}
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/resolve.py")
	if err != nil {
		t.Fatal(err)
	}
	out := servertest.Start(t).Wandb(t, "0.31.0", string(script), string(in)).Stdout
	var answers []answer
	if err := json.Unmarshal([]byte(out), &answers); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(answers) != len(asked) {
		t.Fatalf("%d answers to %d questions", len(answers), len(asked))
	}
	for i, p := range asked {
		t.Run(p.name, func(t *testing.T) {
			got := answers[i]
			if failed := got.Error != ""; failed != (p.fails != "") {
				t.Fatalf("the package's error = %q, ours has %q", got.Error, p.fails)
			}
			if p.fails != "" {
				return
			}
			want := answer{BaseURL: p.want.BaseURL, APIKey: p.want.APIKey, Entity: p.want.Entity, Project: p.want.Project}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("settings (-package +ours):\n%s", diff)
			}
		})
	}
}

func TestSettings_UsesServer(t *testing.T) {
	chosen := map[string]string{"RELIQUARY_DIR": "~/mine", "WANDB_BASE_URL": "not a URL at all"}
	for _, c := range []struct {
		name string
		vars map[string]string
		want bool
	}{
		{"nothing configured", nil, false},
		{"only names", map[string]string{"WANDB_ENTITY": "e", "WANDB_PROJECT": "p"}, false},
		{"a server", map[string]string{"WANDB_BASE_URL": "https://wandb.example.com"}, true},
		{"a key", map[string]string{"WANDB_API_KEY": keyA}, true},
		{"a directory by name, however broken the rest is", chosen, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := connect.ReadSettings(connect.Environment{Vars: c.vars, Home: "/home/me", Dir: "/work"})
			if err != nil {
				t.Fatal(err)
			}
			if got := s.UsesServer(); got != c.want {
				t.Errorf("UsesServer() = %v, want %v for %+v", got, c.want, s)
			}
			if c.want && s.WithDir("/x", "--dir").UsesServer() {
				t.Error("a directory given by a flag does not come before the server")
			}
		})
	}
	s, err := connect.ReadSettings(connect.Environment{Vars: chosen, Home: "/home/me", Dir: "/work"})
	if err != nil || s.Dir != "/home/me/mine" || s.DirSource != "RELIQUARY_DIR" {
		t.Errorf("directory = %q from %q, error %v", s.Dir, s.DirSource, err)
	}
}

func TestRegistryDir(t *testing.T) {
	for _, c := range []struct {
		name   string
		env    connect.Environment
		want   string
		source string
	}{
		{"Linux", connect.Environment{Home: "/home/me"}, "/home/me/.local/share/reliquary", ""},
		{"Linux with XDG_DATA_HOME", connect.Environment{Home: "/home/me", Vars: map[string]string{"XDG_DATA_HOME": "/data"}}, "/data/reliquary", ""},
		{"Linux with a relative XDG_DATA_HOME", connect.Environment{Home: "/home/me", Vars: map[string]string{"XDG_DATA_HOME": "data"}}, "/home/me/.local/share/reliquary", ""},
		{"macOS", connect.Environment{OS: "darwin", Home: "/Users/me"}, "/Users/me/Library/Application Support/reliquary", ""},
		{"nobody", connect.Environment{}, "", ""},
		{"by name", connect.Environment{Home: "/home/me", Dir: "/work", Vars: map[string]string{"RELIQUARY_DIR": "reg"}}, "/work/reg", "RELIQUARY_DIR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, source := connect.RegistryDir(c.env)
			if got != c.want || source != c.source {
				t.Errorf("RegistryDir() = %q, %q, want %q, %q", got, source, c.want, c.source)
			}
		})
	}
}
