package mcpserver_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// TestConsent_Clients: the official client asks the person, in both eras of the
// protocol, over stdio and HTTP, and only an agreement deletes anything.
func TestConsent_Clients(t *testing.T) {
	r, c := worldClient(t)
	const shared = "a-key-that-all-clients-of-this-server-share"
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(shared), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"WANDB_BASE_URL": r.URL, "WANDB_API_KEY": r.Key}
	_, url := listening(t, []string{"WANDB_BASE_URL=" + r.URL, "WANDB_API_KEY=" + r.Key}, "--http-key-file="+keyFile)
	for _, tt := range []struct {
		name, person string
		http, old    bool
	}{
		{"stdio, old era, agrees", "agrees", false, true},
		{"stdio, old era, refuses", "refuses", false, true},
		{"stdio, old era, declines", "declines", false, true},
		{"stdio, new era, agrees", "agrees", false, false},
		{"stdio, new era, refuses", "refuses", false, false},
		{"HTTP, old era, agrees", "agrees", true, true},
		{"HTTP, old era, declines", "declines", true, true},
		{"HTTP, new era, agrees", "agrees", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := strings.NewReplacer(", ", "-", " ", "-").Replace(tt.name)
			logged(t, c, "dataset", name, map[string]string{"a.txt": name})
			collection := r.Username + "/world/" + name
			w := walk{Command: []string{binary, "mcp"}, Env: env, Old: tt.old, Person: tt.person, Calls: []step{
				{"plan_change", map[string]any{"action": "delete_collection", "collection": collection}},
				{"apply_plan", map[string]any{"plan_id": map[string]any{"$from": []any{0, "plan_id"}}}},
			}}
			if tt.http {
				w.Command, w.Env, w.URL, w.Key = nil, nil, url, shared
			}
			a := w.run(t, nil, installed(t, "mcp/bin/python"), "testdata/python/client.py")
			if a.Results[0].IsError {
				t.Fatalf("the plan: %q", a.Results[0].Text)
			}
			if len(a.Questions) != 1 || !strings.Contains(a.Questions[0], collection) {
				t.Errorf("the person was asked %q", a.Questions)
			}
			agreed := tt.person == "agrees"
			if applied := a.Results[1]; applied.IsError == agreed || !agreed && !strings.Contains(applied.Text[0], `"DENIED"`) {
				t.Errorf("the answer is %q", applied.Text)
			}
			_, err := c.ArtifactCollection("", "", "dataset", name).Attrs(t.Context())
			if gone := artifacts.KindOf(err) == artifacts.KindNotFound; gone != agreed {
				t.Errorf("the collection: %v", err)
			}
		})
	}
}

// TestProcess_DeletesWithACode: a client that cannot ask gets a code to the
// person by the place that only the person sees, and with it, once, the plan is
// applied.
func TestProcess_DeletesWithACode(t *testing.T) {
	r, c := worldClient(t)
	logged(t, c, "dataset", "scratch", map[string]string{"a.txt": "a"})
	place := t.TempDir()
	p := startIn(t, &syscall.SysProcAttr{Setsid: true}, []string{"WANDB_BASE_URL=" + r.URL, "WANDB_API_KEY=" + r.Key, "XDG_RUNTIME_DIR=" + place})
	p.handshake()
	plan := p.call("plan_change", `{"action":"delete_collection","collection":"`+r.Username+`/world/scratch"}`, 20*time.Second)
	id, _ := plan["plan_id"].(string)
	exists := func() bool {
		t.Helper()
		_, err := c.ArtifactCollection("", "", "dataset", "scratch").Attrs(t.Context())
		if err != nil && artifacts.KindOf(err) != artifacts.KindNotFound {
			t.Fatal(err)
		}
		return err == nil
	}
	code := func() string {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(place, "reliquary-confirm-*.txt"))
		if err != nil || len(files) != 1 {
			t.Fatalf("files %q, %v", files, err)
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "/world/scratch") {
			t.Errorf("the person is not told what it is for: %q", text)
		}
		all := codeForm.FindAllString(string(text), -1)
		if len(all) == 0 {
			t.Fatalf("no code in %q", text)
		}
		return all[len(all)-1]
	}
	if e := p.fail("apply_plan", `{"plan_id":"`+id+`"}`, 20*time.Second); e.Code != artifacts.KindDenied || e.Argument != "confirmation" || !exists() {
		t.Fatalf("without a code: %+v", e)
	}
	if e := p.fail("apply_plan", `{"plan_id":"`+id+`","confirmation":"AAAA-AAAA"}`, 20*time.Second); e.Code != artifacts.KindDenied || !exists() {
		t.Fatalf("with another code: %+v", e)
	}
	good := code()
	p.call("apply_plan", `{"plan_id":"`+id+`","confirmation":"`+good+`"}`, 20*time.Second)
	if exists() {
		t.Error("the collection is still there")
	}
	// Neither the code nor the plan is good for more.
	p.fail("apply_plan", `{"plan_id":"`+id+`","confirmation":"`+good+`"}`, 20*time.Second)
	if strings.Contains(p.stderr.String(), good) {
		t.Error("the code is on stderr, which clients log")
	}
}
