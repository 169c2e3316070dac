package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

func inProcess(t *testing.T, r *servertest.Registry, method, url, body string, headers ...string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("api", r.Key)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return (&http.Client{Transport: r.Server.Transport()}).Do(req)
}

// A version is saved and read without a port: the addresses in the answers
// lead back into the same server.
func TestInProcess(t *testing.T) {
	r := servertest.Start(t)
	client := &http.Client{Transport: r.Server.Transport()}
	call := func(query string, variables any) reply {
		t.Helper()
		body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := inProcess(t, r, http.MethodPost, server.InternalURL+"/graphql", string(body), "Content-Type", "application/json")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var p reply
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || len(p.Errors) > 0 {
			t.Fatalf("%v %v", err, p.Errors)
		}
		return p
	}
	call(upsertRun, map[string]any{"project": "p", "name": "r"})
	p := call(createArtifact, map[string]any{"in": map[string]any{"entityName": r.Username, "projectName": "p", "artifactTypeName": "t", "artifactCollectionName": "c", "digest": versionDigest("big", strings.Repeat("x", 1<<20))}})
	var id string
	p.into(t, &id, "createArtifact", "artifact", "id")
	p = call(createFiles, map[string]any{"in": map[string]any{"artifactFiles": []any{map[string]any{"artifactID": id, "name": "big", "md5": base64MD5(strings.Repeat("x", 1<<20))}}}})
	var edges []struct{ Node uploadNode }
	p.into(t, &edges, "createArtifactFiles", "files", "edges")
	url := *edges[0].Node.UploadURL
	if !strings.HasPrefix(url, server.InternalURL+"/") {
		t.Fatalf("an address outside: %s", url)
	}

	// The upload streams: the server reads while the client still writes.
	pr, pw := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, pr)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 1 << 20
	go func() {
		for range 1024 {
			if _, err := pw.Write([]byte(strings.Repeat("x", 1024))); err != nil {
				t.Errorf("the server stopped reading: %v", err)
				return
			}
		}
		pw.Close()
	}()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("upload: %d", resp.StatusCode)
	}
	resp, err = inProcess(t, r, http.MethodGet, server.InternalURL+"/artifacts/"+r.Username+"/"+hexMD5(strings.Repeat("x", 1<<20)), "")
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if n != 1<<20 || err != nil || resp.ContentLength != 1<<20 {
		t.Errorf("download: %d bytes of %d, %v", n, resp.ContentLength, err)
	}
	// A page in a portfolio of nothing: answers without a body end, too.
	resp, err = inProcess(t, r, http.MethodHead, server.InternalURL+"/artifacts/"+r.Username+"/"+hexMD5(strings.Repeat("x", 1<<20)), "")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(resp.Body); len(b) > 0 || err != nil || resp.StatusCode != http.StatusOK || resp.ContentLength != 1<<20 {
		t.Errorf("HEAD: %d, %d bytes, %v", resp.StatusCode, len(b), err)
	}
}

func TestInProcessEndsEarly(t *testing.T) {
	r := servertest.Start(t)
	w := newWriter(t, r, r.Key, r.Username, "p")
	w.save("c", "big", strings.Repeat("y", 8<<20))
	url := server.InternalURL + "/artifacts/" + r.Username + "/" + hexMD5(strings.Repeat("y", 8<<20))
	before := runtime.NumGoroutine()

	// The caller closes the answer in the middle.
	resp, err := inProcess(t, r, http.MethodGet, url, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()

	// The caller gives up in the middle.
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("api", r.Key)
	resp, err = r.Server.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, resp.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("reading on after giving up: %v, want %v", err, context.Canceled)
	}
	resp.Body.Close()

	// The caller has given up before, and while it still sends.
	if _, err := r.Server.Transport().RoundTrip(req); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that was canceled before: %v, want %v", err, context.Canceled)
	}
	pr, pw := io.Pipe()
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err = http.NewRequestWithContext(ctx, http.MethodPost, server.InternalURL+"/graphql", pr)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("api", r.Key)
	req.Header.Set("Content-Type", "application/json")
	if _, err := r.Server.Transport().RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a body that never ends: %v, want %v", err, context.DeadlineExceeded)
	}
	pw.CloseWithError(io.ErrClosedPipe) // what the caller's own goroutine does when it is done

	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines are left over", n-before)
	}
}

func TestShutdown(t *testing.T) {
	r := servertest.Start(t)
	pr, pw := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.InternalURL+"/graphql", pr)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("api", r.Key)
	req.Header.Set("Content-Type", "application/json")
	answered := make(chan int, 1)
	go func() {
		resp, err := r.Server.Transport().RoundTrip(req)
		if err != nil {
			t.Error(err)
			answered <- 0
			return
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	if _, err := pw.Write([]byte(`{"query": "{viewer`)); err != nil { // it is under way
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.Server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a request under way: %v, want %v", err, context.DeadlineExceeded)
	}
	resp, err := inProcess(t, r, http.MethodGet, server.InternalURL+"/healthz", "")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new request: %d, want 503", resp.StatusCode)
	}
	if _, err := pw.Write([]byte(`{id}}"}`)); err != nil {
		t.Fatal(err)
	}
	pw.Close()
	if status := <-answered; status != http.StatusOK {
		t.Errorf("the request under way: %d, want 200", status)
	}
	if err := r.Server.Shutdown(t.Context()); err != nil {
		t.Errorf("after the last request: %v", err)
	}
}

// A store that panics costs one request, which is told a number to look for.
func TestPanic(t *testing.T) {
	var log strings.Builder
	r := servertest.Start(t, servertest.WithOptions(func(o *server.Options) {
		o.Logger = textLogger(&log)
		o.Metadata = panics{o.Metadata}
	}))
	resp, err := inProcess(t, r, http.MethodGet, server.InternalURL+"/healthz", "")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusInternalServerError || !strings.Contains(string(text), "incident ") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	_, id, _ := strings.Cut(string(text), "incident ")
	if id, _, _ = strings.Cut(id, ")"); id == "" || !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "out of order") {
		t.Errorf("incident %q is not in the log:\n%s", id, log.String())
	}
	// In a resolver it is an error of that field.
	p := ask(t, r.URL, r.Key, `{ entity(name: "panic") { id } viewer { username } }`, nil)
	if p.status != http.StatusOK || p.code() != "UNAVAILABLE" || !strings.Contains(p.message(), "incident ") || strings.Contains(p.message(), "out of order") {
		t.Errorf("%d %+v", p.status, p.Errors)
	}
}
