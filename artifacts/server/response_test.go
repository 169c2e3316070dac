package server_test

import (
	"bufio"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// from sends a request as if it came from an address.
func from(r *servertest.Registry, addr, host, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, "http://"+host+"/graphql", strings.NewReader(body))
	req.RemoteAddr = addr
	req.SetBasicAuth("api", r.Key)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.Server.ServeHTTP(w, req)
	return w
}

func TestCompression(t *testing.T) {
	r := servertest.Start(t)
	seed(t, r, 50)
	body := fmt.Sprintf(`{"query":%q}`, strings.ReplaceAll(strings.ReplaceAll(pageQuery, "\n", " "), "\t", ""))
	plain := from(r, "10.0.0.1:5", "registry.example", body)
	if plain.Header().Get("Content-Encoding") != "" {
		t.Error("compressed without being asked")
	}
	small := from(r, "10.0.0.1:5", "registry.example", `{"query":"{viewer{id}}"}`, "Accept-Encoding", "gzip")
	if small.Header().Get("Content-Encoding") != "" || small.Code != http.StatusOK {
		t.Errorf("a small answer: %d %v", small.Code, small.Header())
	}
	near := from(r, "127.0.0.1:5", "localhost", body, "Accept-Encoding", "gzip")
	if near.Header().Get("Content-Encoding") != "" {
		t.Error("compressed on the same machine")
	}
	far := from(r, "10.0.0.1:5", "registry.example", body, "Accept-Encoding", "gzip, deflate")
	if far.Header().Get("Content-Encoding") != "gzip" || far.Header().Get("Vary") != "Accept-Encoding" || far.Code != http.StatusOK {
		t.Fatalf("%d %v", far.Code, far.Header())
	}
	length := far.Body.Len()
	z, err := gzip.NewReader(far.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || string(text) != plain.Body.String() {
		t.Errorf("%v; %d bytes, want the %d of the plain answer", err, len(text), plain.Body.Len())
	}
	if length*4 > len(text) {
		t.Errorf("%d bytes became %d", len(text), length)
	}
	refused := from(r, "10.0.0.1:5", "registry.example", `{"query":"{nothing}"}`, "Accept-Encoding", "gzip")
	if refused.Code != http.StatusUnprocessableEntity {
		t.Errorf("a refusal: %d", refused.Code)
	}
}

func TestOpenModeIsForThisMachine(t *testing.T) {
	r := servertest.Start(t, servertest.WithOptions(func(o *server.Options) { o.Auth = server.AuthOpen }))
	for _, c := range []struct {
		addr, host string
		status     int
	}{
		{"127.0.0.1:5", "127.0.0.1:8080", 200},
		{"[::1]:5", "[::1]:8080", 200},
		{"127.0.0.1:5", "localhost", 200},
		{"10.0.0.1:5", "127.0.0.1:8080", 403},
		{"[2001:db8::1]:5", "localhost", 403},
		{"127.0.0.1:5", "evil.example", 403},
		{"nonsense", "localhost", 403},
	} {
		if w := from(r, c.addr, c.host, `{"query":"{viewer{id}}"}`); w.Code != c.status {
			t.Errorf("from %s to %s: %d %s, want %d", c.addr, c.host, w.Code, w.Body, c.status)
		}
	}
}

// A client that goes silent in the middle of its request does not hold a
// connection for ever; one that is slow may finish.
func TestStalledBodies(t *testing.T) {
	r := servertest.Start(t, servertest.WithOptions(func(o *server.Options) { o.StallTime = time.Second }))
	const body = `{"query": "{viewer{username}}"}`
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		key := base64.StdEncoding.EncodeToString([]byte("api:" + r.Key))
		fmt.Fprintf(c, "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", key, len(body))
		if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		return c
	}
	slow := dial()
	for _, b := range []byte(body) {
		if _, err := slow.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Millisecond) // longer than StallTime in all
	}
	resp, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil {
		t.Fatalf("a slow request: %v", err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("a slow request: %d", resp.StatusCode)
	}

	silent := dial()
	if _, err := silent.Write([]byte(body[:10])); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	resp, err = http.ReadResponse(bufio.NewReader(silent), nil)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode < 400 {
			t.Errorf("a silent request: %d", resp.StatusCode)
		}
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("a silent request was kept for %s", took)
	}
}

// A sender is a writer that the operating system can send files to, if it sees them.
type sender struct {
	*httptest.ResponseRecorder
	files, others int
}

func (s *sender) ReadFrom(r io.Reader) (int64, error) {
	limit, ok := r.(*io.LimitedReader)
	if ok {
		_, ok = limit.R.(*os.File)
	}
	if ok {
		s.files++
	} else {
		s.others++
	}
	return io.Copy(s.Body, r)
}

// TestSentFiles: files go to the connection as files, whole and in ranges, in
// chunks that end where they should.
func TestSentFiles(t *testing.T) {
	r := servertest.Start(t)
	w := newWriter(t, r, r.Key, r.Username, "p")
	const chunk = 8 << 20
	text := strings.Repeat("0123456789abcdef", chunk/16) + "end"
	w.save("large", "a.bin", text)
	for name, try := range map[string]struct {
		ranged, want string
		files        int
	}{
		"whole":            {"", text, 2},
		"a part":           {"bytes=5-14", text[5:15], 1},
		"exactly one":      {fmt.Sprintf("bytes=0-%d", chunk-1), text[:chunk], 1},
		"to the end":       {"bytes=1-", text[1:], 2},
		"the last 3 bytes": {"bytes=-3", "end", 1},
	} {
		req := httptest.NewRequest(http.MethodGet, "http://registry.example/artifacts/"+r.Username+"/"+hexMD5(text), nil)
		req.SetBasicAuth("api", r.Key)
		if try.ranged != "" {
			req.Header.Set("Range", try.ranged)
		}
		to := &sender{ResponseRecorder: httptest.NewRecorder()}
		r.Server.ServeHTTP(to, req)
		if got := to.Body.String(); got != try.want {
			t.Errorf("%s: status %d, %d bytes that are not the %d wanted", name, to.Code, len(got), len(try.want))
		}
		if to.files != try.files || to.others != 0 {
			t.Errorf("%s: %d times a file and %d times something else", name, to.files, to.others)
		}
	}
}
