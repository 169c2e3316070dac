package artifacts

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// Config says where a Client talks to and how. Only BaseURL is required.
type Config struct {
	// BaseURL is the server's address, as in WANDB_BASE_URL; "/graphql" is
	// added to it. It holds no credentials and no query.
	BaseURL string
	// APIKey is sent as HTTP Basic "api:<key>", to BaseURL's host only. "" sends none.
	APIKey string
	// Transport carries requests: set it for a proxy, for own certificates, or
	// to reach the embedded registry in process. nil means a plain HTTP
	// transport without proxy.
	Transport http.RoundTripper
	// Timeout bounds one attempt, answer included. 0 means 30 s.
	Timeout time.Duration
	// Retry bounds how often and how long a request is tried again.
	Retry Retry
	// MaxResponseBytes bounds one answer. 0 means 256 MiB.
	MaxResponseBytes int64
	// Logger receives one debug line per request and a warning per retry. nil
	// means none. Keys, queries and variables are never logged.
	Logger *slog.Logger
	// UserAgent goes before the package's own. "" sends only that.
	UserAgent string
	// Entity is used where a path names none. "" asks the server once for the
	// default entity of the key's user.
	Entity string
	// Project is used where a path names none. "" means "uncategorized", as in W&B.
	Project string
	// Organization owns the registries that are meant where none is named, by
	// its name. "" means the one that the default entity belongs to.
	Organization string
	// Files says how the bytes of versions are moved and kept.
	Files FileConfig
}

// Retry says how failed requests are tried again. Reads, and changes that are
// the same when made twice, are retried on connection errors, timeouts, 408,
// 429 and 5xx other than 501; other changes only where the server cannot have
// seen them. A server's Retry-After is honoured. The zero value means the
// defaults.
type Retry struct {
	// Attempts is how often a request is sent at most. 0 means 5; 1 never retries.
	Attempts int
	// MinWait is the first wait, doubled each time up to MaxWait; the actual
	// wait lies randomly between half of it and the whole. 0 means 500 ms and 10 s.
	MinWait, MaxWait time.Duration
	// MaxElapsed bounds everything: attempts and waits together. 0 means 90 s.
	MaxElapsed time.Duration
}

// A Client talks to one server as one user. It is safe for concurrent use.
type Client struct {
	base            *url.URL
	key             string
	transport       http.RoundTripper
	ownTransport    *http.Transport // nil if the caller's
	timeout         time.Duration
	retry           Retry
	maxBytes        int64
	log             *slog.Logger
	userAgent       string
	entity, project string
	organization    string

	sender   *wire.Sender
	features lazy[Features]
	viewer   lazy[Viewer]
	orgs     memo[[2]string, wire.Organization] // by entity, and name or ""
	advanced memo[string, bool]                 // whether an organization has advanced search
	files    files
}

// The defaults of Config and Retry. A GraphQL attempt has the same bound as
// W&B's own client gives it; the whole is short enough for a person to wait.
const (
	defaultTimeout    = 30 * time.Second
	defaultMaxBytes   = 256 << 20
	defaultAttempts   = 5
	defaultMinWait    = 500 * time.Millisecond
	defaultMaxWait    = 10 * time.Second
	defaultMaxElapsed = 90 * time.Second
	defaultProject    = "uncategorized"
	userAgent         = "reliquary-artifacts"
)

// New makes a Client. It checks cfg (KindInvalid) and sends nothing.
func New(cfg Config) (*Client, error) {
	base, err := parseBaseURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(cfg.APIKey, " \t\r\n\x00") {
		return nil, &Error{Kind: KindInvalid, Op: "configure the client", Message: "the API key holds white space", Next: "copy the key again, without line breaks"}
	}
	if strings.ContainsAny(cfg.UserAgent, "\r\n") {
		return nil, &Error{Kind: KindInvalid, Op: "configure the client", Message: "the user agent holds a line break"}
	}
	c := &Client{
		base:      base,
		key:       cfg.APIKey,
		transport: cfg.Transport,
		timeout:   orDefault(cfg.Timeout, defaultTimeout),
		retry: Retry{
			Attempts:   orDefault(cfg.Retry.Attempts, defaultAttempts),
			MinWait:    orDefault(cfg.Retry.MinWait, defaultMinWait),
			MaxWait:    orDefault(cfg.Retry.MaxWait, defaultMaxWait),
			MaxElapsed: orDefault(cfg.Retry.MaxElapsed, defaultMaxElapsed),
		},
		maxBytes:     orDefault(cfg.MaxResponseBytes, defaultMaxBytes),
		log:          cfg.Logger,
		userAgent:    strings.TrimSpace(cfg.UserAgent + " " + userAgent),
		entity:       cfg.Entity,
		project:      orDefault(cfg.Project, defaultProject),
		organization: cfg.Organization,
		features:     newLazy[Features](),
		viewer:       newLazy[Viewer](),
		files:        newFiles(cfg.Files, base.String()),
	}
	if c.transport == nil {
		// Not http.DefaultTransport: that one is shared and reads proxies from
		// the environment.
		c.ownTransport = &http.Transport{
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second,
		}
		c.transport = c.ownTransport
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.sender = &wire.Sender{URL: base.JoinPath("graphql").String(), Send: c.send}
	return c, nil
}

// parseBaseURL checks Config.BaseURL.
func parseBaseURL(s string) (*url.URL, error) {
	bad := func(why string) error {
		return &Error{
			Kind:    KindInvalid,
			Op:      "configure the client",
			Message: "the base URL " + why,
			Next:    `give the server's address, like "https://api.wandb.ai" or "http://127.0.0.1:8080"`,
		}
	}
	if s == "" {
		return nil, bad("is empty")
	}
	u, err := url.Parse(s)
	switch {
	case err != nil: // its text would repeat s, which may hold a password
		return nil, bad("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, bad("is neither http nor https")
	case u.Host == "":
		return nil, bad("names no host")
	case u.User != nil:
		return nil, bad("holds credentials; the API key is configured separately")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, bad("holds a query or fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// orDefault returns v, or def where v is zero or less.
func orDefault[T int | int64 | time.Duration | string](v, def T) T {
	var zero T
	if v <= zero {
		return def
	}
	return v
}

// Close releases idle connections of a transport that New made. The Client
// must not be used afterwards.
func (c *Client) Close() error {
	if c.ownTransport != nil {
		c.ownTransport.CloseIdleConnections()
	}
	c.files.close()
	return nil
}

// BaseURL is the address that the client talks to, without a trailing slash.
func (c *Client) BaseURL() string { return c.base.String() }

func (c *Client) endpointForPeople() string { return c.base.String() }

// DefaultProject is Config.Project, or "uncategorized".
func (c *Client) DefaultProject() string { return c.project }

// Resolve fills in the default entity and project where p names none, and the
// entity of a registry, whose project is "wandb-registry-<name>" and whose
// entity can be given as an organization's name or left out. It asks the server
// only if an entity is missing and not configured, and once for each
// organization.
func (c *Client) Resolve(ctx context.Context, p Path) (Path, error) {
	return c.resolvePath(ctx, p, "")
}

// in is Resolve for a project alone.
func (c *Client) in(ctx context.Context, entity, project string) (wire.In, error) {
	p, err := c.resolvePath(ctx, Path{Entity: entity, Project: project}, "")
	if err != nil {
		return wire.In{}, err
	}
	return wire.In{Entity: p.Entity, Project: p.Project}, nil
}

// logAttempt writes one line for one attempt. It names the operation, never
// what was asked: variables can hold what people wrote.
func (c *Client) logAttempt(ctx context.Context, op wire.Op, attempt int, began time.Time, size int, f *failure) {
	if !c.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{opAttr(op), attemptAttr(attempt), slog.Duration("took", time.Since(began)), slog.Int("bytes", size)}
	if f != nil {
		attrs = append(attrs, errAttr(&f.Error))
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "asked the server", attrs...)
}

const levelWarn = slog.LevelWarn

func opAttr(op wire.Op) slog.Attr        { return slog.String("operation", op.Name) }
func attemptAttr(n int) slog.Attr        { return slog.Int("attempt", n) }
func waitAttr(d time.Duration) slog.Attr { return slog.Duration("wait", d) }
func errAttr(e *Error) slog.Attr {
	return slog.String("error", fmt.Sprintf("%s: %s", e.Kind, e.Message))
}
