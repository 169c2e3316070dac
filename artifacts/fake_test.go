package artifacts

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// testKey is long enough that it would be noticed in an error.
const testKey = "local-0123456789012345678901234567890123456789"

// asked is one request that a fake server saw.
type asked struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`
	header        http.Header
	url           string
}

// input is the "input" variable's field.
func (a asked) input(field string) any {
	in, _ := a.Variables["input"].(map[string]any)
	return in[field]
}

// A fake is a server in the shape of a RoundTripper: it needs no network, so
// that tests can run on synctest's clock.
type fake struct {
	answer func(asked) (*http.Response, error)

	mu   sync.Mutex
	seen []asked
}

func (f *fake) RoundTrip(req *http.Request) (*http.Response, error) {
	var a asked
	if err := json.NewDecoder(req.Body).Decode(&a); err != nil {
		return nil, err
	}
	req.Body.Close()
	a.header, a.url = req.Header, req.URL.String()
	f.mu.Lock()
	f.seen = append(f.seen, a)
	f.mu.Unlock()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return f.answer(a)
}

// requests are what the fake has seen so far.
func (f *fake) requests() []asked {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]asked(nil), f.seen...)
}

// operations are the names of what the fake has seen so far.
func (f *fake) operations() []string {
	var names []string
	for _, a := range f.requests() {
		names = append(names, a.OperationName)
	}
	return names
}

// reply makes a response.
func reply(code int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}
}

// data makes a response with status 200 and that data.
func data(json string) (*http.Response, error) { return reply(200, `{"data":`+json+`}`), nil }

// newClient makes a client of a fake.
func newClient(t testing.TB, f http.RoundTripper, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{BaseURL: "http://registry.test", APIKey: testKey, Transport: f, Entity: "team"}
	for _, c := range change {
		c(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// viewerData answers Viewer.
const viewerData = `{"viewer":{"id":"VXNlcjox","username":"ada","email":"ada@example.com","entity":"ada-team","teams":{"edges":[{"node":{"name":"team"}}]}}}`

func answering(code int, body string, header ...string) *fake {
	return &fake{answer: func(asked) (*http.Response, error) { return reply(code, body, header...), nil }}
}
