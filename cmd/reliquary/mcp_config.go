package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// A mcpClient is how a client is told to start us, by its documentation.
type mcpClient struct {
	where string
	// key stands for the value of WANDB_API_KEY in the file: what the client
	// puts the person's key in the place of. "" means that it names variables
	// that it hands on.
	key string
	// typed clients want to be told that we speak over stdio.
	typed bool
	write func(mcpLaunch) (string, error)
}

const (
	keyVariable = "WANDB_API_KEY"
	keyToFillIn = "(your key)"
	keyInput    = "wandb-api-key" // that VS Code asks the person for
)

var mcpClients = map[string]mcpClient{
	"claude-desktop": {"claude_desktop_config.json", keyToFillIn, false, underMCPServers},
	"claude-code":    {".mcp.json in the project's folder", "${" + keyVariable + "}", false, underMCPServers},
	"cursor":         {".cursor/mcp.json in the project's folder, or in your home", "${env:" + keyVariable + "}", true, underMCPServers},
	"windsurf":       {"~/.codeium/windsurf/mcp_config.json", "${env:" + keyVariable + "}", false, underMCPServers},
	"gemini":         {"~/.gemini/settings.json", "${" + keyVariable + "}", false, underMCPServers},
	"vscode":         {".vscode/mcp.json in the project's folder", "${input:" + keyInput + "}", true, forVSCode},
	"codex":          {"~/.codex/config.toml", "", false, asTOML},
}

func clientNames() string {
	return strings.Join(slices.Sorted(maps.Keys(mcpClients)), ", ")
}

// A mcpLaunch is how a client starts us.
type mcpLaunch struct {
	Type    string            `json:"type,omitempty"`
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env,omitempty"`
	// HandedOn are variables that the client hands on as it has them.
	HandedOn []string `json:"-"`
}

// configured are the settings beside the key that are found in the environment,
// which clients do not hand on as it is.
var configured = []string{"WANDB_BASE_URL", "WANDB_ENTITY", "WANDB_PROJECT", "RELIQUARY_DIR"}

// printConfig writes the configuration for a client that starts this program with
// the flags that were given now. It holds no key: clients keep it in files that
// people share.
func printConfig(t terminal, c *cobra.Command, name string) error {
	client, ok := mcpClients[name]
	if !ok {
		return fmt.Errorf("there is no configuration for the client %q; there are %s", name, clientNames())
	}
	if c.Flags().Changed("http") {
		return errors.New("--print-config is for clients that start this program themselves; with --http, give the client the address that this program says when it starts")
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	l := mcpLaunch{Command: program, Args: []string{"mcp"}, Env: map[string]string{}}
	if client.typed {
		l.Type = "stdio"
	}
	for _, name := range []string{"dir", "server", "files", "toolsets", "tools", "read-only", "confirm", "allow"} {
		f := c.Flags().Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		value := strings.Trim(f.Value.String(), "[]")
		if name == "dir" || name == "files" { // the client starts us in another folder
			value = absolute(t, value)
		}
		l.Args = append(l.Args, "--"+name+"="+value)
	}
	for _, name := range configured {
		if value := t.Env.Vars[name]; value != "" {
			if name == "RELIQUARY_DIR" {
				value = absolute(t, value)
			}
			l.Env[name] = value
		}
	}
	switch {
	case t.Env.Vars[keyVariable] == "":
	case client.key == "":
		l.HandedOn = append(l.HandedOn, keyVariable)
	default:
		l.Env[keyVariable] = client.key
	}
	text, err := client.write(l)
	if err != nil {
		return err
	}
	t.notef("For %s:\n", client.where)
	t.printf("%s\n", text)
	if l.Env[keyVariable] == keyToFillIn {
		t.notef("Put your key in the place of %s; this client knows no other way to it.\n", keyToFillIn)
	}
	return nil
}

func absolute(t terminal, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(t.Env.Dir, path)
}

func underMCPServers(l mcpLaunch) (string, error) {
	return asJSON(map[string]any{"mcpServers": map[string]any{"reliquary": l}})
}

// forVSCode has VS Code ask the person for the key, and keep it where it keeps
// secrets.
func forVSCode(l mcpLaunch) (string, error) {
	config := map[string]any{"servers": map[string]any{"reliquary": l}}
	if l.Env[keyVariable] != "" {
		config["inputs"] = []any{map[string]any{"type": "promptString", "id": keyInput, "description": "Your W&B or registry API key", "password": true}}
	}
	return asJSON(config)
}

func asJSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return strings.TrimSpace(b.String()), err
}

// asTOML writes the table that Codex reads. What JSON makes of texts and of lists
// of them, TOML reads as the same.
func asTOML(l mcpLaunch) (string, error) {
	var b strings.Builder
	var failed error
	quoted := func(v any) string {
		text, err := asJSON(v)
		failed = errors.Join(failed, err)
		return text
	}
	fmt.Fprintf(&b, "[mcp_servers.reliquary]\ncommand = %s\nargs = %s", quoted(l.Command), quoted(l.Args))
	if len(l.HandedOn) > 0 {
		fmt.Fprintf(&b, "\nenv_vars = %s", quoted(l.HandedOn))
	}
	if len(l.Env) > 0 {
		b.WriteString("\n\n[mcp_servers.reliquary.env]")
		for _, name := range slices.Sorted(maps.Keys(l.Env)) {
			fmt.Fprintf(&b, "\n%s = %s", name, quoted(l.Env[name]))
		}
	}
	return b.String(), failed
}
