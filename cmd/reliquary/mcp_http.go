package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/tools/mcpserver"
)

// defaultHTTP is where we say that one may listen.
const defaultHTTP = "127.0.0.1:8098"

// httpFlags are what `reliquary mcp` is told about HTTP.
type httpFlags struct {
	address        string // "": stdio
	keyFile        string
	hosts, origins []string
}

func (f *httpFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.address, "http", "", "serve streamable HTTP on this address, as "+defaultHTTP+" or only :8098, and not stdin and stdout")
	c.Flags().StringVar(&f.keyFile, "http-key-file", "", "file with the key that all clients send, instead of keys of their own")
	c.Flags().StringSliceVar(&f.hosts, "http-host", nil, "name that clients may know this server by, beside localhost")
	c.Flags().StringSliceVar(&f.origins, "http-origin", nil, "origin of web pages that may use this server, beside pages of this computer")
}

// check refuses what would mean nothing, or give away a key.
func (f *httpFlags) check(c *cobra.Command) error {
	if f.address == "" {
		for _, flag := range []string{"http-key-file", "http-host", "http-origin"} {
			if c.Flags().Changed(flag) {
				return fmt.Errorf("--%s says nothing without --http", flag)
			}
		}
		return nil
	}
	if strings.HasPrefix(f.address, ":") {
		f.address = "127.0.0.1" + f.address // other machines are reached only where that is said
	}
	addr, err := net.ResolveTCPAddr("tcp", f.address)
	if err != nil {
		return fmt.Errorf("--http=%s is no address: %w", f.address, err)
	}
	if !addr.IP.IsLoopback() && len(f.hosts) == 0 {
		return fmt.Errorf("--http=%s can be reached from elsewhere, so it needs --http-host with the name that clients use; "+
			"and a proxy with TLS before it, for clients send keys (or use --http=%s)", f.address, defaultHTTP)
	}
	return nil
}

// options reads the key file.
func (f *httpFlags) options() (mcpserver.HTTPOptions, error) {
	o := mcpserver.HTTPOptions{Hosts: f.hosts, Origins: f.origins}
	if f.keyFile == "" {
		return o, nil
	}
	text, err := os.ReadFile(f.keyFile)
	if err != nil {
		return o, fmt.Errorf("--http-key-file: %w", err)
	}
	if o.Key = strings.TrimSpace(string(text)); len(o.Key) < mcpserver.ShortestKey {
		return o, fmt.Errorf("--http-key-file %s: the key in it must have at least %d characters, as `openssl rand -hex 20` makes", f.keyFile, mcpserver.ShortestKey)
	}
	return o, nil
}

// serveMCPOverHTTP runs until ctx ends.
func serveMCPOverHTTP(ctx context.Context, t terminal, f httpFlags, server *mcpserver.Server, logger *slog.Logger) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	protocol, err := server.HTTPHandler(options)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", f.address)
	if err != nil {
		return listenError(f.address, err)
	}
	keys := "every client sends its own W&B or registry key (Authorization: Bearer KEY)"
	if options.Key != "" {
		keys = "every client sends the key in " + f.keyFile + " (Authorization: Bearer KEY)"
	}
	t.notef("reliquary mcp: on http://%s/mcp; %s\n", listener.Addr(), keys)
	mux := http.NewServeMux()
	mux.Handle("/mcp", protocol)
	// Calls end with the program: nobody waits longer for them than for stdio's.
	calls, endCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer endCalls()
	front := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return calls },
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- front.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	endCalls()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	if err := front.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
		logger.Warn("calls that were canceled did not end")
		_ = front.Close()
	}
	<-failed // always http.ErrServerClosed by now
	return nil
}
