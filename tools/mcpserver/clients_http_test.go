package mcpserver_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

var listensOn = regexp.MustCompile(`on (http://\S+/mcp);`)

// listening is a running `reliquary mcp --http`, and where it listens.
func listening(t *testing.T, env []string, args ...string) (p *process, url string) {
	t.Helper()
	p = start(t, env, append([]string{"--http=127.0.0.1:0"}, args...)...)
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if found := listensOn.FindStringSubmatch(p.stderr.String()); found != nil {
			return p, found[1]
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it does not listen; stderr: %s", p.stderr)
		}
	}
}

// TestClients_HTTP lets the official client walk a registry through the program,
// over streamable HTTP in both eras of the protocol: with the caller's own key,
// with the key that the program shares, with a wrong one and with none.
func TestClients_HTTP(t *testing.T) {
	r := servertest.Start(t)
	fill(t, r)
	const shared = "a-key-that-all-clients-of-this-server-share"
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(shared+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own, ownURL := listening(t, []string{"WANDB_BASE_URL=" + r.URL}, "--confirm=plan")
	_, sharedURL := listening(t, []string{"WANDB_BASE_URL=" + r.URL, "WANDB_API_KEY=" + r.Key}, "--http-key-file="+keyFile)
	project := map[string]any{"project": r.Username + "/vision"}
	calls := []step{
		{"list_artifact_types", project},
		{"get_artifact", map[string]any{"artifact": r.Username + "/vision/resnet-weights:production"}},
		{"preview_artifact_file", map[string]any{"artifact": r.Username + "/vision/imagenet-mini:v0", "path": "LICENSE.txt"}},
	}
	for _, tt := range []struct {
		name, url, key string
		old            bool
		fails          artifacts.Kind
	}{
		{"own key", ownURL, r.Key, false, ""},
		{"own key, old era", ownURL, r.Key, true, ""},
		{"shared key", sharedURL, shared, false, ""},
		{"shared key, old era", sharedURL, shared, true, ""},
		{"no key", ownURL, "", false, artifacts.KindUnauthenticated},
		{"no key, old era", ownURL, "", true, artifacts.KindUnauthenticated},
		{"wrong key", ownURL, strings.Repeat("x", len(r.Key)), false, artifacts.KindUnauthenticated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := walk{URL: tt.url, Key: tt.key, Old: tt.old, Calls: calls}
			a := w.run(t, nil, installed(t, "mcp/bin/python"), "testdata/python/client.py")
			if want := map[bool]string{true: "2025-11-25", false: "2026-07-28"}[tt.old]; a.Protocol != want || len(a.Tools) != mostTools {
				t.Errorf("protocol %q, %d tools", a.Protocol, len(a.Tools))
			}
			w.checkSchemas(t, a)
			for i, result := range a.Results {
				if result.IsError != (tt.fails != "") || tt.fails != "" && !strings.Contains(result.Text[0], `"`+string(tt.fails)+`"`) {
					t.Errorf("call %d: %q", i, result.Text)
				}
			}
		})
	}
	// Where there is a shared key, who does not have it is not even answered.
	for _, key := range []string{"", "Bearer " + r.Key} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sharedURL, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "application/json, text/event-stream")
		if key != "" {
			request.Header.Set("Authorization", key)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%q: %s", key, response.Status)
		}
	}
	if err := own.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if took, code := own.wait(); code != 0 || took > atOnce {
		t.Errorf("it ended after %s with code %d; stderr: %s", took, code, own.stderr)
	}
	if strings.Contains(own.stderr.String(), r.Key) {
		t.Error("the key is on stderr")
	}
}
