package core

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/connect"
	"github.com/reliquary/reliquary/capi/session"
	"github.com/reliquary/reliquary/tools"
)

const (
	aKey       = "0123456789012345678901234567890123456789"
	anotherKey = "abcdefghijabcdefghijabcdefghijabcdefghij"
)

func TestSettings(t *testing.T) {
	configured := map[string]string{
		"WANDB_BASE_URL": "https://configured.example", "WANDB_API_KEY": aKey,
		"WANDB_ENTITY": "configured-entity", "WANDB_PROJECT": "configured-project",
	}
	with := func(name, value string) map[string]string {
		vars := map[string]string{name: value}
		for k, v := range configured {
			vars[k] = v
		}
		return vars
	}
	for _, c := range []struct {
		name   string
		config session.Config
		want   connect.Settings // the fields that are compared
	}{
		{
			"what is configured",
			session.Config{Env: configured},
			connect.Settings{BaseURL: "https://configured.example", BaseURLSource: "WANDB_BASE_URL", APIKey: aKey, Entity: "configured-entity", Project: "configured-project"},
		},
		{
			"what the host names comes first",
			session.Config{Env: configured, BaseURL: "https://named.example", APIKey: anotherKey, Entity: "e", Project: "p"},
			connect.Settings{BaseURL: "https://named.example", BaseURLSource: "base_url", APIKey: anotherKey, Entity: "e", Project: "p"},
		},
		{
			"a server that is named wins over a directory that is configured",
			session.Config{Env: with("RELIQUARY_DIR", "/configured"), BaseURL: "https://named.example"},
			connect.Settings{BaseURL: "https://named.example", BaseURLSource: "base_url", APIKey: aKey, Entity: "configured-entity", Project: "configured-project"},
		},
		{
			"a directory that is named wins over everything",
			session.Config{Env: with("RELIQUARY_DIR", "/configured"), BaseURL: "https://named.example", Dir: "/named"},
			connect.Settings{Dir: "/named", DirSource: "dir", Entity: "configured-entity", Project: "configured-project"},
		},
		{
			"a directory that is configured wins over a server that is",
			session.Config{Env: with("RELIQUARY_DIR", "/configured")},
			connect.Settings{Dir: "/configured", DirSource: "RELIQUARY_DIR", Entity: "configured-entity", Project: "configured-project"},
		},
		{
			"a relative directory is one of the host's",
			session.Config{Cwd: "/work/in", Dir: "registry"},
			connect.Settings{Dir: "/work/in/registry", DirSource: "dir"},
		},
		{
			"nothing at all leads home",
			session.Config{Home: "/home/somebody"},
			connect.Settings{BaseURL: connect.DefaultBaseURL, Dir: "/home/somebody/.local/share/reliquary"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := settingsOf(c.config)
			if err != nil {
				t.Fatal(err)
			}
			if got.BaseURL != c.want.BaseURL || got.BaseURLSource != c.want.BaseURLSource || got.APIKey != c.want.APIKey ||
				got.Entity != c.want.Entity || got.Project != c.want.Project {
				t.Errorf("settings %+v\nwant %+v", got, c.want)
			}
			if (c.want.DirSource != "" || c.config.Home != "") && (got.Dir != c.want.Dir || got.DirSource != c.want.DirSource) {
				t.Errorf("directory %q by %q, want %q by %q", got.Dir, got.DirSource, c.want.Dir, c.want.DirSource)
			}
			if c.config.Env["WANDB_BASE_URL"] != "" && configured["WANDB_BASE_URL"] != "https://configured.example" {
				t.Error("the host's variables were changed")
			}
		})
	}
}

// TestOpen_IgnoresProcess: only what the host passes counts, whatever the
// process has in its environment.
func TestOpen_IgnoresProcess(t *testing.T) {
	home := t.TempDir()
	for name, value := range map[string]string{
		"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": aKey, "RELIQUARY_DIR": filepath.Join(home, "wrong"),
		"XDG_DATA_HOME": filepath.Join(home, "wrong"), "HOME": filepath.Join(home, "wrong"), "HTTP_PROXY": "http://127.0.0.1:9",
	} {
		t.Setenv(name, value)
	}
	l := session.NewLibrary(Open)
	config, err := json.Marshal(session.Config{Home: home})
	if err != nil {
		t.Fatal(err)
	}
	h, text, err := l.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(h, -1)
	var answer opened
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(home, ".local", "share", "reliquary"); answer.Dir != want || !answer.Created || answer.Server != "" {
		t.Errorf("Open answered %s, want a new registry in %s", text, want)
	}
	if answer.Why == "" || answer.Version == "" || !strings.Contains(answer.Description, answer.Dir) {
		t.Errorf("Open does not say where and why: %s", text)
	}
	if _, err := os.Stat(filepath.Join(home, "wrong")); err == nil {
		t.Error("something was made where only the process's environment leads")
	}
}

// openTemporary opens a session on a new registry.
func openTemporary(t testing.TB) *session.Session {
	t.Helper()
	l := session.NewLibrary(Open)
	config, err := json.Marshal(session.Config{Dir: filepath.Join(t.TempDir(), "registry"), Entity: "local", Project: "p"})
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := l.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(h, -1); err != nil {
			t.Error(err)
		}
	})
	s, err := l.Session(h)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCore_Operations: the library has every operation of package tools, and
// its failures are the same JSON.
func TestCore_Operations(t *testing.T) {
	s := openTemporary(t)
	for _, o := range tools.All() {
		_, err := s.Call(o.Name, []byte(`{"no_such_argument":1}`))
		var f tools.Error
		if e := json.Unmarshal(session.EncodeFailure(err), &f); e != nil || err == nil {
			t.Fatalf("%s: %v, %v", o.Name, err, e)
		}
		if f.Code != artifacts.KindInvalid || f.Operation != o.Name || !strings.Contains(f.Message, "no_such_argument") {
			t.Errorf("%s with an unknown argument: %s", o.Name, session.EncodeFailure(err))
		}
	}
	_, err := s.Call("list_artifact_typs", nil)
	var f tools.Error
	if e := json.Unmarshal(session.EncodeFailure(err), &f); e != nil || !slices.Contains(f.Candidates, "list_artifact_types") {
		t.Errorf("a misspelt operation: %s", session.EncodeFailure(err))
	}
}

// TestCore_Progress: a host that wants to know is told how far a call is that
// moves bytes.
func TestCore_Progress(t *testing.T) {
	s := openTemporary(t)
	file := filepath.Join(t.TempDir(), "data.bin")
	if err := os.WriteFile(file, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(map[string]any{"collection": "c", "type": "dataset", "files": []any{map[string]any{"local": file}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Submit(1, session.Held|session.Progress, "log_artifact", input); err != nil {
		t.Fatal(err)
	}
	var told []tools.Progress
	for {
		e, err := s.Wait(1, -1)
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == session.EventResult {
			if e.Err != nil {
				t.Error(e.Err)
			}
			break
		}
		var p tools.Progress
		if err := json.Unmarshal(e.Data, &p); err != nil || e.Kind != session.EventProgress {
			t.Fatalf("an event of kind %v: %s, %v", e.Kind, e.Data, err)
		}
		told = append(told, p)
	}
	if len(told) == 0 || told[len(told)-1].TotalBytes != 1<<20 {
		t.Errorf("told %+v", told)
	}
}

// FuzzOperations: no input makes an operation panic, or fail in a way that is
// no failure of the caller's.
func FuzzOperations(f *testing.F) {
	all := tools.All()
	for i := range all {
		f.Add(uint8(i), []byte(`{}`))
		f.Add(uint8(i), []byte(`{"project":"local/p","type":"model","collection":"c","version":"c:v0","run":"r","limit":3,"cursor":"x"}`))
		f.Add(uint8(i), []byte(`{"collection":"local/p/c","tags":["a","b"],"description":"€","plan":"x","path":"local/p/c:latest"}`))
		f.Add(uint8(i), []byte(`{"collection":null,"limit":1e400,"tags":{}}`))
	}
	s := openTemporary(f)
	f.Fuzz(func(t *testing.T, n uint8, input []byte) {
		o := all[int(n)%len(all)]
		answer, err := s.Call(o.Name, input)
		if err == nil {
			if !json.Valid(answer) {
				t.Errorf("%s(%q) answered %q", o.Name, input, answer)
			}
			return
		}
		switch kind := session.KindOf(err); kind {
		case session.KindInternal, artifacts.KindCorrupt, artifacts.KindUnavailable:
			t.Errorf("%s(%q) fails as %s: %s", o.Name, input, kind, session.EncodeFailure(err))
		}
	})
}
