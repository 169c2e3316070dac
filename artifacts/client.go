package artifacts

import (
	"context"
	"log/slog"
	"net/http"
	"time"
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
	entity, project string
}

// New makes a Client. It checks cfg (KindInvalid) and sends nothing.
func New(cfg Config) (*Client, error) { return &Client{}, nil }

// Close releases idle connections of a transport that New made. The Client
// must not be used afterwards.
func (c *Client) Close() error { return nil }

// BaseURL is the address that the client talks to, without a trailing slash.
func (c *Client) BaseURL() string { return "" }

// A Viewer is the user that an API key belongs to.
type Viewer struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Email    string `json:"email,omitempty"`
	// Entity is the user's default entity.
	Entity string `json:"entity"`
	// Teams are the entities of the teams the user belongs to.
	Teams []string `json:"teams,omitempty"`
}

// Viewer asks who the API key belongs to (W&B: Viewer). KindUnauthenticated if
// to nobody.
func (c *Client) Viewer(ctx context.Context) (Viewer, error) { return Viewer{}, nil }

// DefaultEntity is Config.Entity or, where that is empty, the viewer's entity,
// asked for once.
func (c *Client) DefaultEntity(ctx context.Context) (string, error) { return "", nil }

// DefaultProject is Config.Project, or "uncategorized".
func (c *Client) DefaultProject() string { return c.project }

// Resolve fills in the default entity and project where p names none. It asks
// the server only if the entity is missing and not configured.
func (c *Client) Resolve(ctx context.Context, p Path) (Path, error) { return p, nil }

// Features tells what a server can do, by W&B's names for that.
type Features map[string]bool

// Has reports whether the server offers the named feature.
func (f Features) Has(name string) bool { return f[name] }

// ServerFeatures asks once what the server can do and remembers it (W&B:
// ServerFeaturesQuery). A server that is too old to say has none.
func (c *Client) ServerFeatures(ctx context.Context) (Features, error) { return nil, nil }
