package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/connect"
	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// closing is how long the registry may take to close when the client has gone.
// What it acknowledged is durable before, so nothing is lost beyond it.
const closing = 300 * time.Millisecond

// patience is how long a server that cannot be reached is tried again: a model
// that waits for a tool can ask again by itself, and its client gives up soon.
var patience = artifacts.Retry{Attempts: 3, MaxElapsed: 20 * time.Second}

type mcpOptions struct {
	files    string
	toolsets []string
	readOnly bool
	only     []string // tools
	confirm  string
	print    string // the client to print a configuration for
	allow    []string
	http     httpFlags
}

func newMCPCommand(s *shell) *cobra.Command {
	var o mcpOptions
	c := &cobra.Command{
		Use:   "mcp",
		Short: "Give agents tools on artifacts (MCP over stdio or HTTP)",
		Long: "Mcp serves tools on artifacts to an agent's client, which starts it and speaks the Model Context Protocol\n" +
			"with it over stdin and stdout. It works on the W&B server that you have configured as for the wandb package\n" +
			"(WANDB_BASE_URL, WANDB_API_KEY, wandb login), otherwise on the registry in your data directory.\n\n" +
			"With --http it serves any number of clients over streamable HTTP, at /mcp. Every client sends its own W&B or\n" +
			"registry key (Authorization: Bearer KEY), and its tools may what that key may. With --http-key-file all clients\n" +
			"send the key in that file instead, and share what this program was configured with.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.print != "" {
				return printConfig(s.terminal, c, o.print)
			}
			sets, err := readToolsets(o.toolsets)
			if err != nil {
				return err
			}
			if err := o.http.check(c); err != nil {
				return err
			}
			if o.http.address != "" && o.http.keyFile == "" && o.files != "" {
				return errors.New("--files would give the folder to everybody who has a key of their own; with --http it needs --http-key-file")
			}
			for _, name := range o.only {
				if _, err := tools.Lookup(tools.InToolsets(tools.All(), tools.Toolsets()...), name); err != nil {
					return fmt.Errorf("--tools: %w", err)
				}
			}
			return serveMCP(c.Context(), s, o, sets)
		},
	}
	c.Flags().StringVar(&o.files, "files", "", "`folder` that tools may read files from and download to; without it they touch none")
	c.Flags().BoolVar(&o.readOnly, "read-only", false, "leave out every tool that changes anything")
	c.Flags().StringSliceVar(&o.toolsets, "toolsets", []string{string(tools.ToolsetArtifacts)}, "toolsets to serve, of "+toolsetNames()+"; or all")
	c.Flags().StringSliceVar(&o.only, "tools", nil, "only these tools, by `name`, of any toolset")
	c.Flags().StringVar(&o.confirm, "confirm", string(mcpserver.ConfirmPerson), "who agrees before something is destroyed: person (asked by the client, or shown a one-time code), plan (asked where the client can) or never")
	c.Flags().StringSliceVar(&o.allow, "allow", nil, "only these, as `entity` or entity/project")
	c.Flags().StringVar(&o.print, "print-config", "", "print the configuration for a `client` that starts this, with the other flags: "+clientNames())
	o.http.add(c)
	return c
}

// toolsetNames lists the toolsets for people.
func toolsetNames() string {
	var names []string
	for _, s := range tools.Toolsets() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// readToolsets reads the names of toolsets.
func readToolsets(names []string) ([]tools.Toolset, error) {
	var sets []tools.Toolset
	for _, name := range names {
		switch set := tools.Toolset(strings.TrimSpace(name)); {
		case set == "all":
			return tools.Toolsets(), nil
		case slices.Contains(tools.Toolsets(), set):
			sets = append(sets, set)
		default:
			return nil, fmt.Errorf("there is no toolset %q; there are %s, and all for all of them", name, toolsetNames())
		}
	}
	if len(sets) == 0 {
		return nil, fmt.Errorf("no toolset was named; there are %s, and all for all of them", toolsetNames())
	}
	return sets, nil
}

// serveMCP runs until the client closes its end or ctx ends.
func serveMCP(ctx context.Context, s *shell, o mcpOptions, sets []tools.Toolset) error {
	t := s.terminal
	defer protectStdout(t)()
	logger := newLogger(t, s.verbose)
	confirm, err := readConfirm(o.confirm)
	if err != nil {
		return err
	}
	allowed, err := readAllowed(o.allow)
	if err != nil {
		return err
	}
	person := newPersonOnly(t)
	defer person.close()
	files, err := mcpFiles(t, o)
	if err != nil {
		return err
	}
	if files != nil {
		defer files.Close()
	}
	place := &mcpPlace{options: connect.Options{Logger: logger, UserAgent: "reliquary-mcp/" + version(), Retry: patience}}
	defer place.close(logger)

	settings, err := s.settings()
	where := "unusable settings, as the tools will say"
	if err == nil {
		where = intended(settings)
	}
	t.notef("reliquary mcp: tools on %s\n", where)
	for _, w := range settings.Warnings {
		t.notef("reliquary mcp: %s\n", w)
	}

	server := mcpserver.New(mcpserver.Options{
		// Settings that cannot be used are no reason not to start: clients show
		// the message of a tool, and hide why a server did not come up.
		Open: func(ctx context.Context) (*artifacts.Client, error) {
			settings, err := s.settings()
			if err != nil {
				return nil, err
			}
			connection, err := place.open(ctx, settings)
			if err != nil {
				return nil, err
			}
			return connection.Client, nil
		},
		OpenAs: func(ctx context.Context, key string) (*artifacts.Client, error) {
			settings, err := s.settings()
			if err != nil {
				return nil, err
			}
			if settings.UsesServer() { // which may have been configured without a key
				settings.APIKey, settings.APIKeySource = key, "the Authorization header"
			}
			connection, err := place.open(ctx, settings)
			if err != nil {
				return nil, err
			}
			return connection.As(key)
		},
		Tools:      o.only,
		Confirm:    confirm,
		ShowPerson: person.show,
		Allowed:    allowed,
		Toolsets:   sets,
		ReadOnly:   o.readOnly,
		Files:      files,
		Place:      where,
		Version:    version(),
		Logger:     logger,
	})
	if o.http.address != "" {
		return serveMCPOverHTTP(ctx, t, o.http, server, logger)
	}
	err = server.ServeStdio(ctx, t.In, t.Out)
	if errors.Is(err, context.Canceled) {
		return nil // asked to end, and ended
	}
	return err
}

// mcpFiles are the files that the person lets tools touch, nil for none.
func mcpFiles(t terminal, o mcpOptions) (*tools.Files, error) {
	if o.files == "" {
		return nil, nil
	}
	dir := o.files
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(t.Env.Dir, dir)
	}
	files, err := tools.FilesIn(dir)
	if err != nil {
		return nil, fmt.Errorf("--files: %w", err)
	}
	return files, nil
}

// intended says where settings lead, before anything is opened there.
func intended(s connect.Settings) string {
	if s.UsesServer() {
		return "the W&B server " + s.BaseURL
	}
	return "the registry in " + s.Dir
}

// A mcpPlace is the connection that the tools use, once there is one. Clients of
// callers with keys of their own stand on it too.
type mcpPlace struct {
	options    connect.Options
	mu         sync.Mutex
	connection *connect.Connection
}

// open opens the connection unless that has been done. Others wait for it: two
// must not make the same registry.
func (p *mcpPlace) open(ctx context.Context, s connect.Settings) (*connect.Connection, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.connection != nil {
		return p.connection, nil
	}
	connection, err := connect.Open(ctx, s, p.options)
	if err == nil {
		p.connection = connection
	}
	return connection, err
}

// close closes the connection, without waiting long: whoever started the
// program expects it to end when its input does.
func (p *mcpPlace) close(logger *slog.Logger) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.connection == nil {
		return
	}
	done := make(chan error, 1)
	go func() { done <- p.connection.Close() }()
	select {
	case err := <-done:
		if err != nil {
			logger.Error("closing", "error", err)
		}
	case <-time.After(closing):
		logger.Warn("closing took too long and was given up")
	}
}

// protectStdout sends whatever prints to the process's stdout elsewhere while
// that carries a protocol, and returns what undoes it.
func protectStdout(t terminal) (restore func()) {
	stdout := os.Stdout
	if t.Out == stdout {
		os.Stdout = os.Stderr
	}
	return func() { os.Stdout = stdout }
}
