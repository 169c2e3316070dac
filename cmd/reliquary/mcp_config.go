package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// clientConfigs write how a client is told to start us, by the client's name.
var clientConfigs = map[string]struct {
	where string
	write func(mcpLaunch) (string, error)
}{
	"claude-desktop": {"claude_desktop_config.json", underMCPServers},
	"claude-code":    {".mcp.json in the project's folder", underMCPServers},
	"cursor":         {".cursor/mcp.json in the project's folder, or in your home", underMCPServers},
	"windsurf":       {"~/.codeium/windsurf/mcp_config.json", underMCPServers},
	"gemini":         {"~/.gemini/settings.json", underMCPServers},
	"vscode":         {".vscode/mcp.json in the project's folder", underServers},
	"codex":          {"~/.codex/config.toml", asTOML},
}

func clientNames() string {
	return strings.Join(slices.Sorted(maps.Keys(clientConfigs)), ", ")
}

// A mcpLaunch is how a client starts us.
type mcpLaunch struct {
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env,omitempty"`
}

// printConfig writes the configuration for a client that starts this program with
// the flags that were given now. It holds no key: clients keep it in files that
// people share.
func printConfig(t terminal, c *cobra.Command, client string) error {
	config, ok := clientConfigs[client]
	if !ok {
		return fmt.Errorf("there is no configuration for the client %q; there are %s", client, clientNames())
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	l := mcpLaunch{Command: program, Args: []string{"mcp"}, Env: map[string]string{}}
	for _, name := range []string{"dir", "server", "files", "toolsets", "tools", "read-only", "confirm", "allow"} {
		f := c.Flags().Lookup(name)
		if f != nil && f.Changed {
			l.Args = append(l.Args, "--"+name+"="+strings.Trim(f.Value.String(), "[]"))
		}
	}
	if url := t.Env.Vars["WANDB_BASE_URL"]; url != "" {
		l.Env["WANDB_BASE_URL"] = url
	}
	if t.Env.Vars["WANDB_API_KEY"] != "" {
		l.Env["WANDB_API_KEY"] = "(your key)"
	}
	text, err := config.write(l)
	if err != nil {
		return err
	}
	t.notef("For %s:\n", config.where)
	t.printf("%s\n", text)
	return nil
}

func underMCPServers(l mcpLaunch) (string, error) { return under("mcpServers", l) }
func underServers(l mcpLaunch) (string, error)    { return under("servers", l) }

func under(key string, l mcpLaunch) (string, error) {
	text, err := json.MarshalIndent(map[string]any{key: map[string]any{"reliquary": l}}, "", "  ")
	return string(text), err
}

func asTOML(l mcpLaunch) (string, error) {
	var b strings.Builder
	args := make([]string, len(l.Args))
	for i, a := range l.Args {
		args[i] = strconv.Quote(a)
	}
	fmt.Fprintf(&b, "[mcp_servers.reliquary]\ncommand = %s\nargs = [%s]", strconv.Quote(l.Command), strings.Join(args, ", "))
	if len(l.Env) > 0 {
		b.WriteString("\n\n[mcp_servers.reliquary.env]")
		for _, name := range slices.Sorted(maps.Keys(l.Env)) {
			fmt.Fprintf(&b, "\n%s = %s", name, strconv.Quote(l.Env[name]))
		}
	}
	return b.String(), nil
}
