package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/fixtures"
)

// defaultListen is where serve listens. W&B's own local server has 8080.
const defaultListen = "127.0.0.1:8099"

// How long requests under way may take once the server has been asked to end:
// an upload of a large file should not have to begin again.
const shutdownGrace = 30 * time.Second

type serveOptions struct {
	listen   string
	auth     string
	fixtures string
}

func newServeCommand(s *shell) *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve a registry to the wandb package",
		Long: "Serve answers the wandb package (and everything else that speaks W&B's protocol) from a registry\n" +
			"directory, which is made when it is not there. Its first user and that user's API key are made with it.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkAuth(o); err != nil {
				return &usageError{command: c.CommandPath(), err: err}
			}
			return serve(c.Context(), s, o)
		},
	}
	c.Flags().StringVar(&o.listen, "listen", defaultListen, "`address` to listen on; port 0 takes any that is free")
	c.Flags().StringVar(&o.auth, "auth", string(server.AuthKeys),
		"`mode` of telling users apart: by their keys, or (open, on loopback only) by taking any key for its user's name")
	c.Flags().StringVar(&o.fixtures, "fixtures", "",
		"loopback `address` to make users, organizations and teams at, for tests of clients; with --auth=open only")
	return c
}

// checkAuth refuses an unknown mode, and to be open to anyone but this machine.
func checkAuth(o serveOptions) error {
	if o.fixtures != "" {
		if server.AuthMode(o.auth) != server.AuthOpen {
			return errors.New("--fixtures makes anyone an administrator who can connect, so it needs --auth=open")
		}
		if err := checkLoopback("--fixtures", o.fixtures, "make administrators"); err != nil {
			return err
		}
	}
	switch server.AuthMode(o.auth) {
	case server.AuthKeys:
		return nil
	case server.AuthOpen:
	default:
		return fmt.Errorf("there is no --auth=%s; it is keys or open", o.auth)
	}
	addr, err := net.ResolveTCPAddr("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("--listen %s is no address: %w", o.listen, err)
	}
	if !addr.IP.IsLoopback() {
		return fmt.Errorf("--auth=open lets anyone in who can connect, so it needs a loopback address; "+
			"%s can be reached from elsewhere (use --listen %s)", o.listen, defaultListen)
	}
	return nil
}

// checkLoopback refuses an address that other machines can reach.
func checkLoopback(flag, address, what string) error {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return fmt.Errorf("%s %s is no address: %w", flag, address, err)
	}
	if !addr.IP.IsLoopback() {
		return fmt.Errorf("%s lets anyone %s who can connect, so it needs a loopback address; %s can be reached from elsewhere", flag, what, address)
	}
	return nil
}

// serve runs until ctx ends.
func serve(ctx context.Context, s *shell, o serveOptions) error {
	t := s.terminal
	path, err := registryDir(t, s.dir)
	if err != nil {
		return err
	}
	logger := newLogger(t, s.verbose)

	// The port comes first: where it is taken, nothing must have been made yet,
	// least of all a key that would then not be shown.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return listenError(o.listen, err)
	}
	defer listener.Close()

	dir, err := directory.Open(ctx, path, directory.Options{Logger: logger})
	if err != nil {
		return err
	}
	defer func() {
		if err := dir.Close(); err != nil {
			logger.Error("closing the registry", "error", err)
		}
	}()
	tending, rest := context.WithCancel(ctx)
	tended := make(chan struct{})
	go func() { defer close(tended); dir.Tend(tending) }()
	defer func() { rest(); <-tended }()
	registry, err := server.New(server.Options{
		Metadata:  dir.Metadata,
		Blobs:     dir.Blobs,
		Secret:    dir.Secret,
		Auth:      server.AuthMode(o.auth),
		Logger:    logger,
		OnRequest: requestLog(logger),
	})
	if err != nil {
		return err
	}
	key := "reliquary key"
	if s.dir != "" {
		key += " --dir '" + dir.Path + "'"
	}
	if err := greet(t, dir, "http://"+listener.Addr().String(), server.AuthMode(o.auth), key); err != nil {
		return err
	}
	if o.fixtures != "" {
		end, err := serveFixtures(ctx, t, dir, o.fixtures, logger)
		if err != nil {
			return err
		}
		defer end()
	}
	return answer(ctx, t, listener, registry, logger)
}

// serveFixtures answers fixture requests until the function that it returns is called.
func serveFixtures(ctx context.Context, t terminal, dir *directory.Directory, address string, logger *slog.Logger) (end func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, listenError(address, err)
	}
	t.printf("Fixtures on http://%s\n", listener.Addr())
	front := &http.Server{
		Handler: fixtures.New(dir.Metadata), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	done := make(chan error, 1)
	go func() { done <- front.Serve(listener) }()
	return func() {
		_ = front.Close()
		<-done // always http.ErrServerClosed by now
	}, nil
}

// greet tells the person where the registry is and how to use it. The key is
// shown once, when it has just been made; afterwards the command that prints it.
func greet(t terminal, dir *directory.Directory, url string, auth server.AuthMode, keyCommand string) error {
	t.printf("Serving the registry in %s\n        on %s\n\n", dir.Path, url)
	t.printf("Point the wandb package at it:\n\n  export WANDB_BASE_URL=%s\n", url)
	switch {
	case auth == server.AuthOpen:
		t.printf("  export WANDB_API_KEY=developer-0000000000000000000000000000000000000000\n\n" +
			"Any key is taken as the name of its user (--auth=open): for development only. The wandb package\n" +
			"wants at least 40 characters after the first dash.\n")
	case dir.Created:
		credentials, err := dir.Credentials()
		if err != nil {
			return err
		}
		t.printf("  export WANDB_API_KEY=%s\n\n"+
			"This is the key of user %s, shown this once. It is kept in %s;\n"+
			"`%s` prints it.\n", credentials.APIKey, credentials.Username, dir.CredentialsPath(), keyCommand)
	default:
		t.printf("  export WANDB_API_KEY=$(%s)\n", keyCommand)
	}
	t.printf("\nCtrl-C ends it.\n")
	return nil
}

// answer serves requests until ctx ends, then lets those under way finish.
func answer(ctx context.Context, t terminal, listener net.Listener, registry *server.Server, logger *slog.Logger) error {
	front := &http.Server{
		Handler: registry,
		// Bodies may take as long as a large file takes; headers may not.
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- front.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	t.notef("Finishing requests under way; Ctrl-C again ends at once.\n")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	err := errors.Join(front.Shutdown(grace), registry.Shutdown(grace))
	<-failed // always http.ErrServerClosed by now
	if err != nil {
		_ = front.Close()
		return &artifacts.Error{
			Kind:    artifacts.KindUnavailable,
			Op:      "end the server",
			Message: fmt.Sprintf("requests were still under way after %s and have been cut off", shutdownGrace),
			Err:     err,
		}
	}
	return nil
}

// listenError says why an address cannot be listened on.
func listenError(listen string, err error) error {
	e := &artifacts.Error{Kind: artifacts.KindUnavailable, Op: "listen on", Path: listen, Message: err.Error(), Err: err}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		e.Kind, e.Message = artifacts.KindConflict, "another program listens there"
		e.Next = "end it, or choose another address with --listen (port 0 takes any that is free)"
	case errors.Is(err, syscall.EACCES):
		e.Kind, e.Message, e.Next = artifacts.KindDenied, "ports below 1024 are not for everybody", "choose a higher one"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		e.Kind, e.Message, e.Next = artifacts.KindInvalid, "this machine does not have that address", "listen on one that it has, as "+defaultListen
	}
	return e
}

// newLogger logs for whoever runs the program: warnings, or everything.
func newLogger(t terminal, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(t.Err, &slog.HandlerOptions{Level: level}))
}

// requestLog writes one line per request: at debug level if it was understood,
// as a warning if not.
func requestLog(logger *slog.Logger) func(server.Request) {
	return func(r server.Request) {
		level := slog.LevelDebug
		if !r.Understood() {
			level = slog.LevelWarn
		}
		logger.LogAttrs(context.Background(), level, "request",
			slog.String("method", r.Method),
			slog.String("path", r.Path),
			slog.String("operation", r.Operation),
			slog.String("user", r.User),
			slog.Int("status", r.Status),
			slog.Duration("took", r.Duration),
			slog.Int64("in", r.BytesIn),
			slog.Int64("out", r.BytesOut),
			slog.String("outcome", r.Outcome),
		)
	}
}
