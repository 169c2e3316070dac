package server_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

var update = flag.Bool("update", false, "write golden files anew")

// forEachVersion runs a test against a registry of its own for each release of
// the wandb package.
func forEachVersion(t *testing.T, f func(t *testing.T, r *servertest.Registry, version string)) {
	for _, version := range servertest.Versions() {
		t.Run(version, func(t *testing.T) { f(t, servertest.Start(t), version) })
	}
}

// allUnderstood fails the test for every request that was not understood, or
// that failed: nothing of what a client sends in its ordinary life may.
func allUnderstood(t *testing.T, r *servertest.Registry) {
	t.Helper()
	for _, q := range r.Requests() {
		telemetry := strings.HasPrefix(q.Path, "/sdk/otel/") // 404 by design
		if !q.Understood() || q.Status >= 400 && !telemetry {
			t.Errorf("%s %s %s: status %d, %s", q.Method, q.Path, q.Operation, q.Status, q.Outcome)
		}
	}
}

// complaints returns the lines in which a client complains.
func complaints(stderr string, allowed ...string) []string {
	var out []string
	for line := range strings.Lines(stderr) {
		if !complaint.MatchString(line) {
			continue
		}
		if !slices.ContainsFunc(allowed, func(a string) bool { return strings.Contains(line, a) }) {
			out = append(out, line)
		}
	}
	return out
}

var complaint = regexp.MustCompile(`(?i)warning|error|retry|fail|traceback|timed? ?out|deprecat|unable|not found`)

// noComplaints fails the test for each line in which the client complains.
func noComplaints(t *testing.T, out servertest.Output, allowed ...string) {
	t.Helper()
	for _, line := range complaints(out.Stderr, allowed...) {
		t.Errorf("the client complains: %s", line)
	}
}

// operations are the kinds of requests that were answered, sorted.
func operations(requests []server.Request) string {
	seen := make(map[string]bool)
	for _, q := range requests {
		switch {
		case q.Path == "/graphql":
			seen["graphql "+q.Operation] = true
		case strings.HasPrefix(q.Path, "/storage/"):
			seen[q.Method+" "+strings.Join(strings.Split(q.Path, "/")[:4], "/")] = true
		case strings.HasPrefix(q.Path, "/files/"):
			seen[q.Method+" file_stream"] = true
		default:
			seen[q.Method+" /"+strings.Split(q.Path, "/")[1]] = true
		}
	}
	var list []string
	for k := range seen {
		list = append(list, k)
	}
	slices.Sort(list)
	return strings.Join(list, "\n") + "\n"
}

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if that is right:\n%s", file, diff)
	}
}

// A reply is the answer to a GraphQL request.
type reply struct {
	status int
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions map[string]any
	}
}

// code is the kind of the first error, "" for none.
func (p reply) code() string {
	if len(p.Errors) == 0 {
		return ""
	}
	s, _ := p.Errors[0].Extensions["code"].(string)
	return s
}

func (p reply) message() string {
	if len(p.Errors) == 0 {
		return ""
	}
	return p.Errors[0].Message
}

// into reads one field of the data by its path.
func (p reply) into(t *testing.T, v any, path ...string) {
	t.Helper()
	raw := p.Data
	for _, name := range path {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatalf("%s in %s: %v (errors: %v)", name, p.Data, err, p.Errors)
		}
		raw = m[name]
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("%v in %s: %v", path, p.Data, err)
	}
}

// ask sends one operation.
func ask(t testing.TB, url, key, query string, variables map[string]any) reply {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	resp := send(t, http.MethodPost, url+"/graphql", key, bytes.NewReader(body), "Content-Type", "application/json")
	defer resp.Body.Close()
	p := reply{status: resp.StatusCode}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatalf("status %d, %q: %v", resp.StatusCode, text, err)
	}
	return p
}

// must is ask for operations that have to succeed.
func must(t testing.TB, url, key, query string, variables map[string]any) reply {
	t.Helper()
	p := ask(t, url, key, query, variables)
	if p.status != http.StatusOK || len(p.Errors) > 0 {
		t.Fatalf("status %d, %v for %s", p.status, p.Errors, query)
	}
	return p
}

// send sends any request. Headers are pairs.
func send(t testing.TB, method, url, key string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("api:"+key)))
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func hexMD5(text string) string {
	return fmt.Sprintf("%x", md5.Sum([]byte(text)))
}

// textLogger logs into w, which is locked by the logger's handler.
func textLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
