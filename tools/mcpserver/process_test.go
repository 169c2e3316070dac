package mcpserver_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// A process is a running `reliquary mcp` that the test speaks with line by line.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan message
	stderr *lockedBuffer
	done   sync.WaitGroup
	nextID int
}

// A lockedBuffer can be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A message is what the server may write: nothing else may stand on stdout.
type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      *int            `json:"id"`
	Method  string          `json:"method"`
	Result  json.RawMessage `json:"result"`
	Error   json.RawMessage `json:"error"`
}

// start starts the program. Whatever it writes to stdout that is not the
// protocol fails the test.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return startIn(t, nil, env, args...)
}

// startIn is start with what the system is told of the process.
func startIn(t *testing.T, system *syscall.SysProcAttr, env []string, args ...string) *process {
	t.Helper()
	return startProgram(t, binary, system, env, append([]string{"mcp"}, args...)...)
}

// startProgram is startIn with all arguments, and another file of the program.
func startProgram(t *testing.T, program string, system *syscall.SysProcAttr, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, stderr: new(lockedBuffer), lines: make(chan message, 100)}
	p.cmd = exec.Command(program, args...)
	p.cmd.Env = append(cleanEnv(t), env...)
	p.cmd.Stderr = p.stderr
	p.cmd.SysProcAttr = system
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.done.Go(func() {
		defer close(p.lines)
		in := bufio.NewScanner(stdout)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			var m message
			if err := json.Unmarshal(in.Bytes(), &m); err != nil || m.JSONRPC != "2.0" {
				t.Errorf("stdout carries %q", in.Text())
				continue
			}
			p.lines <- m
		}
	})
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		p.done.Wait()
	})
	return p
}

func (p *process) send(format string, args ...any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.stdin, format+"\n", args...); err != nil {
		p.t.Fatalf("%v; stderr: %s", err, p.stderr)
	}
}

// request sends a request and returns its id.
func (p *process) request(method, params string) int {
	p.t.Helper()
	p.nextID++
	p.send(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, p.nextID, method, params)
	return p.nextID
}

// answer waits for the answer to a request; answers to others are dropped.
func (p *process) answer(id int, within time.Duration) message {
	p.t.Helper()
	deadline := time.After(within)
	for {
		select {
		case m, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("the program ended; stderr: %s", p.stderr)
			}
			if m.ID != nil && *m.ID == id {
				return m
			}
		case <-deadline:
			p.t.Fatalf("no answer to request %d within %s", id, within)
		}
	}
}

const hello = `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}`

func (p *process) handshake() {
	p.t.Helper()
	p.answer(p.request("initialize", hello), 10*time.Second)
	p.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
}

// fail calls a tool and returns its error, which it has to have.
func (p *process) fail(tool, arguments string, within time.Duration) tools.Error {
	p.t.Helper()
	text, failed := p.result(tool, arguments, within)
	var e tools.Error
	if err := json.Unmarshal([]byte(text), &e); err != nil || !failed {
		p.t.Fatalf("%s: %s, %v", tool, text, err)
	}
	return e
}

// call calls a tool, which has to succeed.
func (p *process) call(tool, arguments string, within time.Duration) (answer map[string]any) {
	p.t.Helper()
	text, failed := p.result(tool, arguments, within)
	if err := json.Unmarshal([]byte(text), &answer); err != nil || failed {
		p.t.Fatalf("%s: %s, %v", tool, text, err)
	}
	return answer
}

// result calls a tool and returns the text of its answer.
func (p *process) result(tool, arguments string, within time.Duration) (text string, failed bool) {
	p.t.Helper()
	m := p.answer(p.request("tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool, arguments)), within)
	var r struct {
		IsError bool
		Content []struct{ Text string }
	}
	if err := json.Unmarshal(m.Result, &r); err != nil || len(r.Content) == 0 {
		p.t.Fatalf("%s %s: %v", m.Result, m.Error, err)
	}
	return r.Content[0].Text, r.IsError
}

// wait waits for the end and returns how long it took and the exit code.
func (p *process) wait() (time.Duration, int) {
	p.t.Helper()
	began := time.Now()
	ended := make(chan error, 1)
	go func() {
		p.done.Wait() // before Wait, which closes stdout
		ended <- p.cmd.Wait()
	}()
	select {
	case <-ended:
		return time.Since(began), p.cmd.ProcessState.ExitCode()
	case <-time.After(20 * time.Second):
		p.t.Fatalf("it does not end; stderr: %s", p.stderr)
		return 0, 0
	}
}

// hanging is a W&B server that takes requests and answers none. The channels
// tell when one has come, and when its client has left.
func hanging(t *testing.T) (env []string, came, left chan struct{}) {
	t.Helper()
	came, left = make(chan struct{}, 10), make(chan struct{}, 10)
	front := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		tell(came)
		<-r.Context().Done()
		tell(left)
	}))
	t.Cleanup(front.Close)
	return serverEnv(front.URL), came, left
}

// tell says that something has happened, to whoever still listens.
func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func serverEnv(url string) []string {
	return []string{"WANDB_BASE_URL=" + url, "WANDB_API_KEY=" + strings.Repeat("k", 40), "WANDB_ENTITY=team"}
}

// TestProcess_ExecutesNoTemplates looks for templates in the program. They call
// methods by names that are known only when they run, so that the linker has to
// keep every exported method of every type: the program is a fifth larger then,
// and starting it takes as much more.
func TestProcess_ExecutesNoTemplates(t *testing.T) {
	symbols, err := exec.Command("go", "tool", "nm", binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(symbols, []byte(" main.main\n")) {
		t.Fatal("go tool nm does not show main.main")
	}
	if bytes.Contains(symbols, []byte(" text/template.(*Template).Execute\n")) {
		t.Error("text/template.(*Template).Execute is in the program")
	}
}

// TestProcess_StartsWithoutAnything lists tools where nothing works that tools
// need, and gets worded errors from calls.
func TestProcess_StartsWithoutAnything(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"errors":[{"message":"user is not logged in"}]}`)
	}))
	defer refusing.Close()
	notOurs := t.TempDir()
	if err := os.WriteFile(filepath.Join(notOurs, "thesis.doc"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		env  []string
		code artifacts.Kind
		next string
	}{
		{"unreachable server", serverEnv(closed.URL), artifacts.KindUnavailable, ""},
		{"wrong key", serverEnv(refusing.URL), artifacts.KindUnauthenticated, "WANDB_API_KEY"},
		{"no key", []string{"WANDB_BASE_URL=" + closed.URL}, artifacts.KindUnauthenticated, "WANDB_API_KEY"},
		{"no URL", []string{"WANDB_BASE_URL=nonsense"}, artifacts.KindInvalid, "WANDB_BASE_URL"},
		{"no registry", []string{"RELIQUARY_DIR=" + notOurs}, artifacts.KindCorrupt, ""},
		{"no home", []string{"HOME=", "XDG_DATA_HOME="}, artifacts.KindInvalid, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t, tt.env)
			p.handshake()
			list := p.answer(p.request("tools/list", "{}"), 5*time.Second)
			if !strings.Contains(string(list.Result), "get_artifact") {
				t.Errorf("the list is %s %s", list.Result, list.Error)
			}
			e := p.fail("list_artifact_types", `{"project":"team/vision"}`, 30*time.Second)
			if e.Code != tt.code || !strings.Contains(e.Next, tt.next) || !strings.Contains(e.Error(), ";") && !strings.Contains(e.Message, "name an empty") {
				t.Errorf("got %+v", e)
			}
			if strings.Contains(fmt.Sprint(e, p.stderr), "kkkk") {
				t.Errorf("the key is told: %+v, stderr: %s", e, p.stderr)
			}
			_ = p.stdin.Close()
			if _, code := p.wait(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// atOnce tells what ends when it is asked to from what waits for an answer that
// never comes, on a machine that has other things to do as well.
const atOnce = 10 * time.Second

// TestProcess_Ends ends the program with a call under way that will never be
// answered.
func TestProcess_Ends(t *testing.T) {
	for name, end := range map[string]func(*process) error{
		"stdin closed": func(p *process) error { return p.stdin.Close() },
		"interrupt":    func(p *process) error { return p.cmd.Process.Signal(os.Interrupt) },
		"terminate":    func(p *process) error { return p.cmd.Process.Signal(syscall.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			env, came, left := hanging(t)
			p := start(t, env)
			p.handshake()
			p.request("tools/call", `{"name":"list_artifact_types","arguments":{}}`)
			<-came
			if err := end(p); err != nil {
				t.Fatal(err)
			}
			took, code := p.wait()
			if took > atOnce || code != 0 {
				t.Errorf("it ended after %s with code %d; stderr: %s", took, code, p.stderr)
			}
			<-left
		})
	}
}

func TestProcess_CancelsACall(t *testing.T) {
	env, came, left := hanging(t)
	p := start(t, env)
	p.handshake()
	id := p.request("tools/call", `{"name":"list_artifact_types","arguments":{}}`)
	<-came
	began := time.Now()
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, id)
	<-left
	if took := time.Since(began); took > atOnce {
		t.Errorf("the request to the server went on for %s", took)
	}
	p.answer(p.request("ping", "{}"), 5*time.Second)
}

// TestProcess_AnswersWhileOthersHang holds more calls open than there are
// workers, and still gets the list.
func TestProcess_AnswersWhileOthersHang(t *testing.T) {
	env, came, _ := hanging(t)
	p := start(t, env)
	p.handshake()
	for range 40 {
		p.request("tools/call", `{"name":"list_artifact_types","arguments":{}}`)
	}
	<-came
	p.answer(p.request("tools/list", "{}"), 5*time.Second)
}

// TestProcess_AnswersAPipe sends everything at once and closes its end, as a
// script does.
func TestProcess_AnswersAPipe(t *testing.T) {
	p := start(t, []string{"RELIQUARY_DIR=" + filepath.Join(t.TempDir(), "registry")}, "--verbose")
	requests := []int{p.request("initialize", hello)}
	p.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	for range 20 {
		requests = append(requests, p.request("tools/call", `{"name":"list_artifact_types","arguments":{}}`))
	}
	requests = append(requests, p.request("tools/list", "{}"))
	_ = p.stdin.Close()
	_, code := p.wait()
	answered := map[int]bool{}
	for m := range p.lines {
		answered[*m.ID] = true
	}
	for _, id := range requests {
		if !answered[id] {
			t.Errorf("request %d was not answered", id)
		}
	}
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	// What --verbose logs, and where the tools work, goes to stderr.
	for _, want := range []string{"the registry in", "level=DEBUG"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("stderr does not say %q: %s", want, p.stderr)
		}
	}
}

func TestProcess_SurvivesNonsense(t *testing.T) {
	p := start(t, nil)
	p.handshake()
	for _, line := range []string{`{`, `[]`, `42`, `{"jsonrpc":"2.0"}`, `{"jsonrpc":"2.0","id":7000,"method":"nonsense"}`, "\x00\xff", ``, `{"jsonrpc":"2.0","id":7001,"method":"tools/call","params":{"name":"no_such_tool"}}`, `{"jsonrpc":"2.0","id":7002,"method":"tools/call","params":[]}`} {
		p.send("%s", line)
	}
	p.answer(7001, 5*time.Second)
	p.answer(p.request("ping", "{}"), 5*time.Second)
}
