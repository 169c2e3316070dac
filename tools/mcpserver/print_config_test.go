package mcpserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A launch is what a client reads of how to start a server.
type launch struct {
	Type    string
	Command string
	Args    []string
	Env     map[string]string
	EnvVars []string `json:"env_vars"`
}

// A documented client is what its documentation says of its configuration.
type documentedClient struct {
	key       string         // that servers stand under
	variables *regexp.Regexp // what it puts the value of a variable in the place of; nil for nothing
	typed     bool           // it has to be told that a server speaks over stdio
	toml      bool
}

// Where each is documented: modelcontextprotocol.io/docs/develop/connect-local-servers,
// code.claude.com/docs/en/mcp, cursor.com/docs/mcp, docs.windsurf.com/windsurf/cascade/mcp,
// geminicli.com/docs/tools/mcp-server, code.visualstudio.com/docs/copilot/reference/mcp-configuration,
// developers.openai.com/codex/config-reference.
func documentedClients() map[string]documentedClient {
	plain, prefixed := regexp.MustCompile(`\$\{(\w+)\}`), regexp.MustCompile(`\$\{env:(\w+)\}`)
	return map[string]documentedClient{
		"claude-desktop": {key: "mcpServers"},
		"claude-code":    {key: "mcpServers", variables: plain},
		"cursor":         {key: "mcpServers", variables: prefixed, typed: true},
		"windsurf":       {key: "mcpServers", variables: prefixed},
		"gemini":         {key: "mcpServers", variables: plain},
		"vscode":         {key: "servers", typed: true},
		"codex":          {key: "mcp_servers", toml: true},
	}
}

// TestPrintConfig reads what is printed for each client as that client does, and
// starts what it says: the person's key gets there, and stands in no file.
func TestPrintConfig(t *testing.T) {
	r, c := worldClient(t)
	logged(t, c, "dataset", "table", map[string]string{"t.csv": "id\n1\n"})
	folder := t.TempDir()
	environment := []string{"WANDB_BASE_URL=" + r.URL, "WANDB_API_KEY=" + r.Key, "WANDB_ENTITY=" + r.Username, "WANDB_PROJECT=world"}
	_, errs, _ := printed(t, environment, "nobody", "")
	for name := range documentedClients() {
		if !strings.Contains(errs, name) {
			t.Errorf("there is no configuration for %s: %s", name, errs)
		}
	}
	if _, list, _ := strings.Cut(errs, "there are "); strings.Count(list, ",") != len(documentedClients())-1 {
		t.Errorf("it knows other clients than we: %s", list)
	}
	for name, d := range documentedClients() {
		t.Run(name, func(t *testing.T) {
			text, notes, err := printed(t, environment, name, folder, "--read-only", "--toolsets=artifacts,files", "--files=here")
			if err != nil {
				t.Fatalf("%v: %s", err, notes)
			}
			if strings.Contains(text+notes, r.Key) {
				t.Fatalf("the key is printed: %s", text)
			}
			l := d.read(t, text, map[string]string{"WANDB_API_KEY": r.Key})
			if (l.Type == "stdio") != d.typed || l.Command != binary || len(l.Args) == 0 || l.Args[0] != "mcp" {
				t.Fatalf("it starts %+v", l)
			}
			if !slices.Contains(l.Args, "--files="+filepath.Join(folder, "here")) {
				t.Errorf("in another folder there are other files: %q", l.Args)
			}
			var env []string
			for k, v := range l.Env {
				env = append(env, k+"="+v)
			}
			args := slices.DeleteFunc(l.Args, func(a string) bool { return strings.HasPrefix(a, "--files=") })
			p := startProgram(t, l.Command, nil, env, args...)
			p.handshake()
			got := p.call("list_artifact_types", `{}`, 20*time.Second)
			if at(got, "types", 0, "name") != "dataset" {
				t.Errorf("it answers %v", got)
			}
			list := string(p.answer(p.request("tools/list", "{}"), 5*time.Second).Result)
			if strings.Contains(list, `"update_artifact"`) || !strings.Contains(list, `"list_artifact_files"`) {
				t.Errorf("it lists %s", list)
			}
		})
	}
	if _, errs, err := printed(t, environment, "cursor", "", "--http=127.0.0.1:0"); err == nil || !strings.Contains(errs, "--http") {
		t.Errorf("with --http: %s", errs)
	}
}

func printed(t *testing.T, environment []string, client, folder string, flags ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"mcp", "--print-config", client}, flags...)...)
	cmd.Env, cmd.Dir = append(cleanEnv(t), environment...), folder
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// read reads a configuration as the client does, whose user has variables set.
func (d documentedClient) read(t *testing.T, text string, variables map[string]string) launch {
	t.Helper()
	if d.toml {
		text = string(execute(t, nil, []byte(text), installed(t, "mcp/bin/python"), "-c", "import json, sys, tomllib; json.dump(tomllib.load(sys.stdin.buffer), sys.stdout)"))
	}
	type input struct {
		Type, ID, Description string
		Password              bool
	}
	var config struct {
		Servers    map[string]launch `json:"servers"`
		MCPServers map[string]launch `json:"mcpServers"`
		MCPTables  map[string]launch `json:"mcp_servers"`
		Inputs     []input           `json:"inputs"`
	}
	strict := json.NewDecoder(bytes.NewReader([]byte(text)))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&config); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	servers := map[string]map[string]launch{"servers": config.Servers, "mcpServers": config.MCPServers, "mcp_servers": config.MCPTables}[d.key]
	l, ok := servers["reliquary"]
	if !ok || len(servers) != 1 {
		t.Fatalf("under %s there is no reliquary: %s", d.key, text)
	}
	if l.Env == nil {
		l.Env = map[string]string{}
	}
	for _, name := range l.EnvVars {
		l.Env[name] = variables[name]
	}
	asked := map[string]string{}
	for _, i := range config.Inputs {
		if i.Type != "promptString" || !i.Password || i.Description == "" {
			t.Errorf("it asks with %+v", i)
		}
		asked["${input:"+i.ID+"}"] = variables["WANDB_API_KEY"]
	}
	for _, name := range slices.Collect(maps.Keys(l.Env)) {
		value := l.Env[name]
		if d.variables != nil {
			value = d.variables.ReplaceAllStringFunc(value, func(found string) string { return variables[d.variables.FindStringSubmatch(found)[1]] })
		}
		for found, given := range asked {
			value = strings.ReplaceAll(value, found, given)
		}
		if value == "(your key)" && d.variables == nil && len(asked) == 0 { // which the person follows
			value = variables["WANDB_API_KEY"]
		}
		if strings.ContainsAny(value, "${}") {
			t.Errorf("%s", fmt.Sprint(name, " is ", value))
		}
		l.Env[name] = value
	}
	return l
}
