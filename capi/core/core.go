// Package core joins sessions to the operations of package tools: what the C
// library and the command pipe both serve. Built with -tags faults it has the
// operations of package faulty too, which tests need.
package core

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"reflect"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/connect"
	"github.com/reliquary/reliquary/capi/columns"
	"github.com/reliquary/reliquary/capi/session"
	"github.com/reliquary/reliquary/tools"
)

// A core runs the operations of package tools on what connect has opened.
type core struct {
	*connect.Connection
	files *tools.Files
}

// Open opens what a host asks for, and says where that led. It is a
// [session.Opener].
func Open(ctx context.Context, c session.Config, log *slog.Logger) (session.Core, []byte, error) {
	settings, err := settingsOf(c)
	if err != nil {
		return nil, nil, err
	}
	conn, err := connect.Open(ctx, settings, connect.Options{
		Logger: log, UserAgent: c.UserAgent, Timeout: time.Duration(c.TimeoutSeconds) * time.Second,
	})
	if err != nil {
		return nil, nil, err
	}
	answer, err := json.Marshal(opened{
		Version:     version(),
		Server:      conn.Server,
		Dir:         conn.Dir,
		Why:         conn.Why,
		Created:     conn.Created,
		Description: conn.Description.String(),
		Warnings:    settings.Warnings,
	})
	if err != nil {
		return nil, nil, err
	}
	// A program that has loaded the library can open every file itself.
	return withFaults(core{conn, tools.AllFiles(c.Cwd)}, log), answer, nil
}

// opened is what a host is told of a session that it has opened.
type opened struct {
	Version     string   `json:"version"`
	Server      string   `json:"server,omitempty"`
	Dir         string   `json:"dir,omitempty"`
	Why         string   `json:"why"`
	Created     bool     `json:"created"`
	Description string   `json:"description"`
	Warnings    []string `json:"warnings,omitempty"`
}

// settingsOf resolves what a host said as connect resolves an environment.
// What the host named comes before settings, as variables do.
func settingsOf(c session.Config) (connect.Settings, error) {
	env := connect.Environment{Vars: make(map[string]string), Home: c.Home, Dir: c.Cwd, OS: runtime.GOOS}
	maps.Copy(env.Vars, c.Env)
	if c.BaseURL != "" || c.APIKey != "" {
		delete(env.Vars, "RELIQUARY_DIR") // it would win, and the host has not meant it
	}
	for name, value := range map[string]string{
		"WANDB_BASE_URL": c.BaseURL,
		"WANDB_API_KEY":  c.APIKey,
		"WANDB_ENTITY":   c.Entity,
		"WANDB_PROJECT":  c.Project,
		"RELIQUARY_DIR":  c.Dir,
	} {
		if value != "" {
			env.Vars[name] = value
		}
	}
	s, err := connect.ReadSettings(env)
	if err != nil {
		return s, err
	}
	// The person is told what the host said, not how it was passed on.
	if c.Dir != "" {
		return s.WithDir(s.Dir, "dir"), nil
	}
	if c.BaseURL != "" {
		s.BaseURLSource = "base_url"
	}
	if c.APIKey != "" {
		s.APIKeySource = "api_key"
	}
	return s, nil
}

// Call runs one operation.
func (c core) Call(ctx context.Context, name string, input []byte, report func([]byte)) ([]byte, error) {
	o, err := tools.Lookup(tools.All(), name)
	if err != nil {
		return nil, err
	}
	ctx = artifacts.WithActor(ctx, artifacts.ProgramActor)
	tell := func(progress any) {
		if told, err := json.Marshal(progress); err == nil {
			report(told)
		}
	}
	ctx = tools.WithFiles(ctx, c.files)
	ctx = tools.WithProgress(ctx, func(p tools.Progress) { tell(p) })
	ctx = tools.WithPageEnd(ctx, func(end tools.PageInfo) { tell(tools.ConnectionEnd{PageInfo: end}) })
	out, err := o.Call(ctx, c.Client, input)
	if err != nil {
		return nil, err
	}
	answer, err := json.Marshal(out)
	if err != nil {
		return nil, &tools.Error{Code: artifacts.KindCorrupt, Operation: name, Message: "its answer cannot be written as JSON: " + err.Error()}
	}
	return answer, nil
}

// Columns runs an operation that gives pages until its list has ended.
func (c core) Columns(ctx context.Context, name string, input []byte, _ func([]byte)) ([]byte, error) {
	o, err := tools.Lookup(tools.All(), name)
	if err != nil {
		return nil, err
	}
	row := o.Nodes()
	if row == nil {
		return nil, &tools.Error{
			Code: artifacts.KindInvalid, Operation: name,
			Message: "it gives no pages, so that there is nothing to make columns of",
			Next:    "choose an operation whose name ends in _page",
		}
	}
	table, err := columns.New(row)
	if err != nil {
		return nil, err
	}
	for nodes, err := range o.Walk(ctx, c.Client, input) {
		if err != nil {
			return nil, err
		}
		table.Append(reflect.ValueOf(nodes))
	}
	return table.Block(), nil
}

// version is what the build recorded: the module's version if it has one.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
