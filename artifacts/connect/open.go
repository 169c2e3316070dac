package connect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Options are what a front end adds to what the person configured. The zero
// value is good.
type Options struct {
	// Logger receives requests and retries of the client, and of the embedded
	// registry where there is one. nil discards them.
	Logger *slog.Logger
	// UserAgent names the front end to the server: "reliquary-mcp/1.2".
	UserAgent string
	// Timeout bounds one request, answer included; 0 means what is configured, or
	// the client's default.
	Timeout time.Duration
	// Retry is how the client tries again; the zero value means its defaults.
	Retry artifacts.Retry
}

// A Connection is a client and what it stands on. Close it when done.
type Connection struct {
	Client *artifacts.Client
	Description
	config artifacts.Config // Client's
	close  func() error
}

// As makes a client for somebody else in the same place, who has an API key of
// their own there; "" is nobody. It lives no longer than the connection. It has
// no cache: what the person who runs the program, or another caller, has fetched
// is for the server to give, which knows who may have it.
func (c *Connection) As(key string) (*artifacts.Client, error) {
	config := c.config
	config.APIKey = key
	config.Files.CacheDir = ""
	return artifacts.New(config)
}

// Close releases the client and, with it, a registry that was opened for it.
func (c *Connection) Close() error { return errors.Join(c.Client.Close(), c.close()) }

// A Description says where a client's artifacts are, so that every front end
// can tell the person at its start.
type Description struct {
	// Server is the address of the W&B server, "" for a registry directory.
	Server string
	// Dir is the registry directory, "" for a server.
	Dir string
	// Why says which setting led there, in words that follow "because".
	Why string
	// Created says that the registry directory was made just now.
	Created bool
}

// String says it in one line: `the W&B server https://... (WANDB_BASE_URL is set)`.
func (d Description) String() string {
	if d.Server != "" {
		return fmt.Sprintf("the W&B server %s (%s)", d.Server, d.Why)
	}
	if d.Created {
		return fmt.Sprintf("a new registry in %s (%s)", d.Dir, d.Why)
	}
	return fmt.Sprintf("the registry in %s (%s)", d.Dir, d.Why)
}

// Open opens a client where the settings lead: to the W&B server that the
// person has configured, otherwise to the registry directory, which is made if
// it is not there. A server is not asked anything yet, so one that is down or
// refuses the key shows at the first use; a directory that is damaged, newer
// or no registry shows here.
func Open(ctx context.Context, s Settings, o Options) (*Connection, error) {
	if s.UsesServer() {
		return openServer(s, o)
	}
	return openRegistry(ctx, s, o)
}

func openServer(s Settings, o Options) (*Connection, error) {
	if s.APIKey == "" {
		return nil, &artifacts.Error{
			Kind:    artifacts.KindUnauthenticated,
			Op:      "open the W&B server",
			Path:    s.BaseURL,
			Message: fmt.Sprintf("there is no API key for it (the address comes from %s)", s.BaseURLSource),
			Next:    fmt.Sprintf("set %s, or run `wandb login --host %s`", varAPIKey, s.BaseURL),
		}
	}
	transport := newTransport(s.Proxy)
	timeout := o.Timeout
	if timeout == 0 {
		timeout = s.Timeout
	}
	config := artifacts.Config{
		BaseURL:   s.BaseURL,
		APIKey:    s.APIKey,
		Transport: transport,
		Retry:     o.Retry,
		Timeout:   timeout,
		Logger:    o.Logger,
		UserAgent: o.UserAgent,
		Entity:    s.Entity,
		Project:   s.Project,
		Files:     artifacts.FileConfig{CacheDir: s.CacheDir, References: transport},
	}
	client, err := artifacts.New(config)
	if err != nil {
		return nil, err
	}
	why := "an API key was found in " + s.APIKeySource
	if s.BaseURLSource != "" {
		why = "set by " + s.BaseURLSource
	}
	return &Connection{
		Client:      client,
		config:      config,
		Description: Description{Server: s.BaseURL, Why: why},
		close: func() error {
			transport.CloseIdleConnections()
			return nil
		},
	}, nil
}

func openRegistry(ctx context.Context, s Settings, o Options) (*Connection, error) {
	if s.Dir == "" {
		return nil, unusable("neither a W&B server nor a home directory for a registry is known",
			fmt.Sprintf("set %s to a directory, or %s and %s", varDir, varBaseURL, varAPIKey))
	}
	dir, err := directory.Open(ctx, s.Dir, directory.Options{Logger: o.Logger})
	if err != nil {
		return nil, registryError(s.Dir, err)
	}
	conn, err := openInProcess(ctx, dir, s, o)
	if err != nil {
		return nil, errors.Join(registryError(s.Dir, err), dir.Close())
	}
	return conn, nil
}

// openInProcess makes a client whose requests the registry answers in this
// process, as its first user.
func openInProcess(ctx context.Context, dir *directory.Directory, s Settings, o Options) (*Connection, error) {
	credentials, err := dir.Credentials()
	if metadata.IsNotFound(err) {
		// Whoever may read the directory may act as its first user: the key in
		// the file only saves making another one.
		credentials, err = dir.NewCredentials(ctx)
	}
	if err != nil {
		return nil, err
	}
	registry, err := server.New(server.Options{
		Metadata: dir.Metadata,
		Blobs:    dir.Blobs,
		Secret:   dir.Secret,
		BaseURL:  server.InternalURL,
		Logger:   o.Logger,
	})
	if err != nil {
		return nil, err
	}
	// The transport into the process answers every host: what is elsewhere
	// is reached in the usual way.
	outside := newTransport(s.Proxy)
	config := artifacts.Config{
		BaseURL:   server.InternalURL,
		APIKey:    credentials.APIKey,
		Transport: registry.Transport(),
		// Nothing is between us and the registry that trying again could cure;
		// a busy database waits inside it.
		Retry:     artifacts.Retry{Attempts: 1},
		Logger:    o.Logger,
		UserAgent: o.UserAgent,
		Entity:    s.Entity,
		Project:   s.Project,
		// All registries have the same address in the process: what is kept of one
		// is not another's.
		Files: artifacts.FileConfig{CacheDir: s.CacheDir, Origin: server.InternalURL + "/" + dir.Path, References: outside},
	}
	client, err := artifacts.New(config)
	if err != nil {
		return nil, err
	}
	why := "no W&B server is configured"
	if s.DirSource != "" {
		why = "set by " + s.DirSource
	}
	return &Connection{
		Client:      client,
		config:      config,
		Description: Description{Dir: dir.Path, Why: why, Created: dir.Created},
		close: func() error {
			// Requests that were cut off may still be ending; the registry must
			// outlive them, but not for ever.
			ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
			defer cancel()
			outside.CloseIdleConnections()
			return errors.Join(registry.Shutdown(ctx), dir.Close())
		},
	}, nil
}

// shutdownGrace is how long Close waits for requests to end.
const shutdownGrace = 10 * time.Second

// registryError gives a failure of the registry the form that failures of the
// client have. Kinds have the same names on both sides.
func registryError(dir string, err error) error {
	if own := (*artifacts.Error)(nil); errors.As(err, &own) {
		return err
	}
	return &artifacts.Error{
		Kind:    artifacts.Kind(metadata.KindOf(err)),
		Op:      "open the registry",
		Path:    dir,
		Message: err.Error(),
		Err:     err,
	}
}

// newTransport is Go's usual transport with the person's proxies in place of
// those of the process.
func newTransport(p Proxy) *http.Transport {
	t := &http.Transport{
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	choose := p.config().ProxyFunc()
	t.Proxy = func(r *http.Request) (*url.URL, error) { return choose(r.URL) }
	return t
}
