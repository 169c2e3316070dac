package artifacts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestAnswers: every way in which a server can answer something else than data
// has its kind, and is tried again only where that can help.
func TestAnswers(t *testing.T) {
	const htmlPage = "<!DOCTYPE html><html>Welcome</html>"
	for _, tt := range []struct {
		name     string
		code     int
		body     string
		header   []string
		kind     Kind
		attempts int
		says     string
	}{
		{"400", 400, `{"errors":[{"message":"bad variable"}]}`, nil, KindInvalid, 1, "bad variable"},
		{"400 old server", 400, `{"errors":[{"message":"Cannot query field \"features\" on type \"ServerInfo\"."}]}`, nil, KindUnsupported, 1, "too old"},
		{"400 code", 400, `{"errors":[{"message":"no","extensions":{"code":"CONFLICT","next":"rename it"}}]}`, nil, KindConflict, 1, "no; rename it"},
		{"401", 401, `{"errors":[{"message":"user is not logged in"}]}`, nil, KindUnauthenticated, 1, "user is not logged in"},
		{"401 page", 401, htmlPage, nil, KindUnauthenticated, 1, "API key"},
		{"403", 403, `{"errors":[{"message":"permission denied"}]}`, nil, KindDenied, 1, "permission denied"},
		{"403 error", 403, `{"error":"forbidden"}`, nil, KindDenied, 1, "forbidden"},
		{"404", 404, `{"errors":[{"message":"project 'x' not found"}]}`, nil, KindNotFound, 1, "project 'x' not found"},
		{"404 page", 404, htmlPage, nil, KindInvalid, 1, "check the base URL"},
		{"409", 409, `{"errors":[{"message":"name is taken","extensions":{"next":"take another"}}]}`, nil, KindConflict, 1, "name is taken; take another"},
		{"410", 410, `{"errors":[{"message":"gone"}]}`, nil, KindNotFound, 1, "gone"},
		{"413", 413, ``, nil, KindInvalid, 1, "413"},
		{"422", 422, `{"errors":[{"message":"unprocessable"}]}`, nil, KindInvalid, 1, "unprocessable"},
		{"501", 501, ``, nil, KindUnsupported, 1, "does not offer"},
		{"408", 408, ``, nil, KindUnavailable, 3, "tried 3 times"},
		{"429", 429, `slow down`, nil, KindUnavailable, 3, "too often"},
		{"500", 500, `{"errors":[{"message":"boom"}]}`, nil, KindUnavailable, 3, "boom"},
		{"502 page", 502, htmlPage, nil, KindUnavailable, 3, "502 Bad Gateway"},
		{"503", 503, ``, nil, KindUnavailable, 3, "503"},
		{"504", 504, ``, nil, KindUnavailable, 3, "504"},
		{"299", 299, `{}`, nil, KindCorrupt, 1, "299"},
		{"302", 302, ``, []string{"Location", "https://sso.test/login?token=s3cr3t"}, KindInvalid, 1, `redirects to "https://sso.test/login?[redacted]"`},
		{"308", 308, ``, []string{"Location", "https://registry.test/graphql"}, KindInvalid, 1, "base URL"},
		{"page", 200, htmlPage, []string{"Content-Type", "text/html; charset=utf-8"}, KindCorrupt, 1, "a web page"},
		{"empty", 200, ``, nil, KindCorrupt, 1, "nothing"},
		{"text", 200, `hello`, []string{"Content-Type", "text/plain"}, KindCorrupt, 1, "text/plain"},
		{"array", 200, `[1]`, nil, KindCorrupt, 1, "not a JSON object"},
		{"cut off", 200, `{"data":{"viewer":`, nil, KindCorrupt, 1, "did not answer as W&B does"},
		{"no data", 200, `{}`, nil, KindCorrupt, 1, "neither data nor errors"},
		{"null data", 200, `{"data":null}`, nil, KindCorrupt, 1, "neither data nor errors"},
		{"wrong type", 200, `{"data":{"viewer":{"id":[]}}}`, nil, KindCorrupt, 1, "did not answer"},
		{"null viewer", 200, `{"data":{"viewer":null}}`, nil, KindUnauthenticated, 1, "does not know this API key"},
		{"code", 200, `{"errors":[{"message":"no","extensions":{"code":"DENIED","next":"ask ada"}}]}`, nil, KindDenied, 1, "no; ask ada"},
		{"lower-case code", 200, `{"errors":[{"message":"no","extensions":{"code":"not_found"}}]}`, nil, KindNotFound, 1, "no"},
		{"apollo code", 200, `{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}]}`, nil, KindDenied, 1, "no"},
		{"unknown code", 200, `{"errors":[{"message":"no","extensions":{"code":7}}]}`, nil, KindInvalid, 1, "no"},
		{"old server", 200, `{"errors":[{"message":"Cannot query field \"x\" on type \"Y\"."}]}`, nil, KindUnsupported, 1, "Cannot query"},
		{"denied", 200, `{"data":{"viewer":null},"errors":[{"message":"permission denied"}]}`, nil, KindDenied, 1, "permission denied"},
		{"two errors", 200, `{"data":null,"errors":[{"message":"one"},{"message":"two"}]}`, nil, KindInvalid, 1, "one; two"},
		{"wordless", 200, `{"errors":[{}]}`, nil, KindInvalid, 1, "without saying which"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := answering(tt.code, tt.body, tt.header...)
				c := newClient(t, f, func(cfg *Config) { cfg.Retry.Attempts = 3 })
				_, err := c.Viewer(t.Context())
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("got %v (%T), want an *Error", err, err)
				}
				if e.Kind != tt.kind || !errors.Is(err, tt.kind) || KindOf(err) != tt.kind {
					t.Errorf("kind %s, want %s: %v", e.Kind, tt.kind, err)
				}
				if n := len(f.requests()); n != tt.attempts {
					t.Errorf("sent %d times, want %d", n, tt.attempts)
				}
				if !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%q does not say %q", err, tt.says)
				}
				if e.Op == "" || e.Message == "" {
					t.Errorf("op %q, message %q", e.Op, e.Message)
				}
				if strings.Contains(fmt.Sprintf("%+v %s", e, err), testKey) || strings.Contains(err.Error(), "s3cr3t") {
					t.Errorf("a secret got out: %v", err)
				}
			})
		})
	}
}

// TestRecovers: what fails first and works then is a success.
func TestRecovers(t *testing.T) {
	for name, failure := range map[string]func() (*http.Response, error){
		"500":     func() (*http.Response, error) { return reply(500, ""), nil },
		"429":     func() (*http.Response, error) { return reply(429, "", "Retry-After", "3"), nil },
		"refused": func() (*http.Response, error) { return nil, refused() },
		"broken":  func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"cut off": func() (*http.Response, error) {
			r := reply(200, "")
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"data"`), errReader{syscall.ECONNRESET}))
			return r, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{}
				f.answer = func(asked) (*http.Response, error) {
					if len(f.requests()) < 3 {
						return failure()
					}
					return data(viewerData)
				}
				v, err := newClient(t, f).Viewer(t.Context())
				if err != nil || v.Username != "ada" || v.Entity != "ada-team" || len(v.Teams) != 1 {
					t.Errorf("got %+v, %v", v, err)
				}
			})
		})
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func refused() error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

// TestRetryAfter: the server's wish is honoured, in both its forms, and told
// to the caller when it is more than the caller's patience.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.answer = func(asked) (*http.Response, error) {
			switch len(f.requests()) {
			case 1:
				return reply(429, "", "Retry-After", "20"), nil
			case 2:
				return reply(503, "", "Retry-After", time.Now().Add(15*time.Second).UTC().Format(http.TimeFormat)), nil
			}
			return data(viewerData)
		}
		start := time.Now()
		if _, err := newClient(t, f).Viewer(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 34*time.Second || took > 36*time.Second {
			t.Errorf("took %s, want 35 s", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := answering(429, "", "Retry-After", "3600")
		start := time.Now()
		_, err := newClient(t, f).Viewer(t.Context())
		if e, ok := errors.AsType[*Error](err); !ok || e.Kind != KindUnavailable || e.RetryAfter != time.Hour {
			t.Errorf("got %v", err)
		}
		if time.Since(start) != 0 || len(f.requests()) != 1 {
			t.Errorf("waited %s for %d requests", time.Since(start), len(f.requests()))
		}
	})
}

// TestTotalTimeIsBounded: a server that hangs or fails for ever costs no more
// than was allowed.
func TestTotalTimeIsBounded(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"hangs": func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		},
		"fails": func(*http.Request) (*http.Response, error) { return reply(500, ""), nil },
		"hangs in the middle": func(req *http.Request) (*http.Response, error) {
			r := reply(200, "")
			r.Body = &hanging{req.Context()}
			return r, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, roundTripper(answer), func(cfg *Config) {
					cfg.Timeout = 7 * time.Second
					cfg.Retry = Retry{Attempts: 1000, MaxElapsed: time.Minute}
				})
				start := time.Now()
				_, err := c.Viewer(t.Context())
				if !errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took > time.Minute || took < 40*time.Second {
					t.Errorf("took %s", took)
				}
				if name != "fails" && !strings.Contains(err.Error(), "did not answer within") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

type hanging struct{ ctx context.Context }

func (h *hanging) Read([]byte) (int, error) { <-h.ctx.Done(); return 0, h.ctx.Err() }
func (h *hanging) Close() error             { return nil }

// TestCallerEnds: the caller's context ends attempts and waits at once, and is
// told apart from a slow server.
func TestCallerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := roundTripper(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, &url.Error{Op: "Post", URL: req.URL.String(), Err: req.Context().Err()}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err := newClient(t, hang).Viewer(ctx)
		if !errors.Is(err, ErrCanceled) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("in an attempt: %v after %s", err, time.Since(start))
		}

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		start = time.Now()
		_, err = newClient(t, answering(503, "", "Retry-After", "60")).Viewer(ctx)
		if !errors.Is(err, ErrCanceled) || !errors.Is(err, context.Canceled) || time.Since(start) != 10*time.Second {
			t.Errorf("in a wait: %v after %s", err, time.Since(start))
		}

		f := answering(200, `{"data":`+viewerData+`}`)
		if _, err = newClient(t, f).Viewer(ctx); !errors.Is(err, ErrCanceled) {
			t.Errorf("before: %v", err)
		}
	})
}

// TestChangesAreSentOnce: what could be done twice is sent again only if it
// cannot have been done.
func TestChangesAreSentOnce(t *testing.T) {
	loaded := &ArtifactCollectionAttrs{ID: "id", Kind: Sequence, Entity: "team", Project: "p", Name: "c", Type: "t"}
	for _, tt := range []struct {
		name     string
		answer   func() (*http.Response, error)
		attempts int
	}{
		{"500", func() (*http.Response, error) { return reply(500, ""), nil }, 1},
		{"503", func() (*http.Response, error) { return reply(503, ""), nil }, 1},
		{"broken", func() (*http.Response, error) { return nil, syscall.ECONNRESET }, 1},
		{"429", func() (*http.Response, error) { return reply(429, ""), nil }, 5},
		{"refused", func() (*http.Response, error) { return nil, refused() }, 5},
		{"no such host", func() (*http.Response, error) { return nil, &net.DNSError{Name: "registry.test"} }, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{answer: func(asked) (*http.Response, error) { return tt.answer() }}
				c := newClient(t, f)
				err := NewArtifactCollection(c, "team", "p", "c", "t", "", loaded).Delete(t.Context())
				if !errors.Is(err, ErrUnavailable) {
					t.Errorf("got %v", err)
				}
				if n := len(f.requests()); n != tt.attempts {
					t.Errorf("deletion was sent %d times, want %d", n, tt.attempts)
				}
				// A description is the same when set twice.
				f = &fake{answer: f.answer}
				coll := NewArtifactCollection(newClient(t, f), "team", "p", "c", "t", "", loaded)
				coll.SetDescription("new")
				if err := coll.Save(t.Context()); !errors.Is(err, ErrUnavailable) {
					t.Errorf("got %v", err)
				}
				if n := len(f.requests()); n != 5 {
					t.Errorf("the description was sent %d times, want 5", n)
				}
			})
		})
	}
}

func TestAnswerTooLarge(t *testing.T) {
	for _, announced := range []int64{-1, 2000} {
		f := &fake{answer: func(asked) (*http.Response, error) {
			r := reply(200, `{"data":"`+strings.Repeat("x", 2000)+`"}`)
			r.ContentLength = announced
			return r, nil
		}}
		_, err := newClient(t, f, func(cfg *Config) { cfg.MaxResponseBytes = 1000 }).Viewer(t.Context())
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "larger than 1000 bytes") || len(f.requests()) != 1 {
			t.Errorf("announced %d: got %v after %d requests", announced, err, len(f.requests()))
		}
	}
}

// TestKeyGoesNowhereElse: a redirect to another host is not followed, and the
// key is in no log line.
func TestKeyGoesNowhereElse(t *testing.T) {
	var reached bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	var auth string
	var log bytes.Buffer
	for _, code := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			auth = r.Header.Get("Authorization")
			http.Redirect(w, r, other.URL, code)
		}))
		c, err := New(Config{BaseURL: srv.URL, APIKey: testKey, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Viewer(t.Context()); !errors.Is(err, ErrInvalid) {
			t.Errorf("%d: got %v", code, err)
		}
		c.Close()
		srv.Close()
	}
	if !strings.HasPrefix(auth, "Basic ") {
		t.Errorf("the server was sent %q", auth)
	}
	if reached {
		t.Error("the redirect was followed")
	}
	if s := log.String(); strings.Contains(s, testKey) || !strings.Contains(s, "operation=Viewer") || !strings.Contains(s, "attempt=1") {
		t.Errorf("log: %s", s)
	}
}

// TestOverHTTP goes over a real connection with the transport that New makes.
func TestOverHTTP(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		if r.URL.Path != "/base/graphql" || r.Method != http.MethodPost || user != "api" || pass != testKey ||
			r.Header.Get("Content-Type") != "application/json" || r.Header.Get("User-Agent") != "test/1 reliquary-artifacts" {
			http.Error(w, `{"errors":[{"message":"odd request"}]}`, http.StatusUnprocessableEntity)
			return
		}
		io.WriteString(w, `{"data":`+viewerData+`}`)
	}))
	defer srv.Close()
	c, err := New(Config{BaseURL: srv.URL + "/base/", APIKey: testKey, UserAgent: "test/1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if v, err := c.Viewer(t.Context()); err != nil || v.Username != "ada" {
		t.Errorf("got %+v, %v", v, err)
	}
}

// TestNobodyListens: a port that nobody listens on is told apart from a
// certificate that nobody trusts.
func TestNobodyListens(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()
	c, err := New(Config{BaseURL: srv.URL, Retry: Retry{Attempts: 2, MinWait: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Viewer(t.Context())
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("got %v", err)
	}

	tls := httptest.NewUnstartedServer(nil)
	tls.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	tls.StartTLS()
	defer tls.Close()
	c, err = New(Config{BaseURL: tls.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Viewer(t.Context())
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "not trusted") {
		t.Errorf("got %v", err)
	}
}

// FuzzAnswer: whatever a server answers, a list ends, without panic, with items
// or with one *Error.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{"data":{"project":{"artifactType":{"artifactCollection":{"id":"c","name":"n","project":{"name":"p","entity":{"name":"e"}},"artifacts":{"totalCount":3,"pageInfo":{"endCursor":"a","hasNextPage":true},"edges":[{"version":"v0","node":{"id":"x","versionIndex":0,"createdAt":"2026-01-02T03:04:05Z","metadata":"{}","artifactSequence":{"id":"c","name":"n"}}}]}}}}}}`,
		`{"data":{"project":{"artifactType":{"artifactCollection":{"artifacts":{"pageInfo":{"endCursor":null,"hasNextPage":true},"edges":[]}}}}}}`,
		`{"errors":[{"message":"x","path":["a",1],"extensions":{"code":[]}}]}`,
		`{"errors":"x"}`, `{"error":{}}`, `<html>`, ``, `null`,
	} {
		f.Add(200, s)
		f.Add(404, s)
	}
	f.Fuzz(func(t *testing.T, code int, body string) {
		srv := answering(code, body)
		c := newClient(t, srv, func(cfg *Config) { cfg.Retry.Attempts = 1 })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		failures := 0
		for a, err := range c.Artifacts("e", "p", "t", "c", nil).All(ctx) {
			if err == nil && a == nil {
				t.Error("neither item nor error")
			}
			if err != nil {
				failures++
				if _, ok := err.(*Error); !ok {
					t.Errorf("%T: %v", err, err)
				}
				if errors.Is(err, ErrCanceled) {
					t.Error("the list does not end")
				}
			}
		}
		if failures > 1 {
			t.Errorf("%d errors", failures)
		}
	})
}
