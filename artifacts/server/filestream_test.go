package server_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// panics is a store in which two methods are out of order.
type panics struct{ metadata.Store }

func (panics) CountUsers(context.Context) (int, error) { panic("out of order") }

func (p panics) Entity(ctx context.Context, name string) (metadata.Entity, error) {
	if name == "panic" {
		panic("out of order")
	}
	return p.Store.Entity(ctx, name)
}

func typeCount(name string, n float64) any {
	return map[string]any{"typeCounts": []any{map[string]any{"type": name, "count": n}}}
}

func TestFileStream(t *testing.T) {
	r := servertest.Start(t, servertest.WithOptions(func(o *server.Options) { o.MaxBody = 1 << 20 }))
	newWriter(t, r, r.Key, r.Username, "p")
	post := func(path, body string) (int, string) {
		t.Helper()
		resp := send(t, http.MethodPost, r.URL+path, r.Key, strings.NewReader(body))
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	path := "/files/" + r.Username + "/p/run1/file_stream"
	state := func() map[string]any {
		t.Helper()
		p := must(t, r.URL, r.Key, `{ project(name: "p") { run(name: "run1") { state historyLineCount logLineCount historyTail summaryMetrics historyKeys systemMetrics } } }`, nil)
		var out map[string]any
		p.into(t, &out, "project", "run")
		return out
	}
	for _, body := range []string{
		`{}`,
		`{"files":{"wandb-history.jsonl":{"offset":0,"content":["{\"_step\":0,\"loss\":2}","{\"_step\":1,\"loss\":1}"]},"output.log":{"offset":0,"content":["hello"]}}}`,
		// The last line again, as after a timeout, and a new one.
		`{"files":{"wandb-history.jsonl":{"offset":1,"content":["{\"_step\":1,\"loss\":1}","{\"_step\":2,\"name\":\"x\"}"]},"wandb-summary.json":{"offset":0,"content":["{\"loss\":1}"]},"wandb-events.jsonl":{"offset":0,"content":["{\"cpu\":5}"]}}}`,
	} {
		if status, text := post(path, body); status != http.StatusOK || text != "{}\n" {
			t.Fatalf("%s: %d %s", body, status, text)
		}
	}
	got := state()
	for field, want := range map[string]any{
		"state": "running", "historyLineCount": 3., "logLineCount": 1., "historyTail": `["{\"_step\":2,\"name\":\"x\"}"]`,
		"summaryMetrics": `{"loss":1}`, "systemMetrics": `{"cpu":5}`,
		"historyKeys": map[string]any{"lastStep": 2., "keys": map[string]any{
			"_step": typeCount("number", 3), "loss": typeCount("number", 2), "name": typeCount("string", 1),
		}},
	} {
		if diff := cmp.Diff(want, got[field]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
	for body, want := range map[string]string{
		`{"complete":true,"exitcode":0}`: "finished",
		`{"complete":true,"exitcode":1}`: "failed",
		`{"preempting":true}`:            "preempting",
		`{"uploaded":["x"]}`:             "running",
	} {
		if status, text := post(path, body); status != http.StatusOK {
			t.Errorf("%s: %d %s", body, status, text)
		}
		if got := state()["state"]; got != want {
			t.Errorf("after %s: %v, want %v", body, got, want)
		}
	}
	for name, c := range map[string]struct {
		path, body string
		status     int
	}{
		"no such run":     {"/files/" + r.Username + "/p/run2/file_stream", `{}`, 404},
		"no such project": {"/files/" + r.Username + "/q/run1/file_stream", `{}`, 404},
		"a short path":    {"/files/p/run1/file_stream", `{}`, 404},
		"not JSON":        {path, `hello`, 400},
		"negative offset": {path, `{"files":{"output.log":{"offset":-1,"content":["x"]}}}`, 400},
		"no name":         {path, `{"files":{"":{"offset":0,"content":["x"]}}}`, 400},
		"too large":       {path, `{"files":{"output.log":{"offset":0,"content":["` + strings.Repeat("x", 2<<20) + `"]}}}`, 413},
	} {
		if status, text := post(c.path, c.body); status != c.status {
			t.Errorf("%s: %d %s, want %d", name, status, text, c.status)
		}
	}
}
