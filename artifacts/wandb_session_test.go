package artifacts_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// One registry serves all tests of this package, and one Python process per
// release of the wandb package writes to it and reads back: starting either
// takes longer than most tests.

// TestMain ends what the tests shared.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, r := range releases {
		if r.session != nil {
			_ = r.python(`run.finish()`, nil, nil)
			r.close()
		}
	}
	house.close()
	os.Exit(code)
}

// house is the registry.
var house shared

// A shared is a testing.TB that outlives the test that it was made in.
type shared struct {
	testing.TB
	once     sync.Once
	registry *servertest.Registry
	ctx      context.Context
	cancel   context.CancelFunc

	mu       sync.Mutex
	cleanups []func()
}

// open starts the registry.
func (s *shared) open(t testing.TB) *servertest.Registry {
	t.Helper()
	s.once.Do(func() {
		s.TB = t
		s.ctx, s.cancel = context.WithCancel(context.Background())
		s.registry = servertest.Start(s)
	})
	if s.registry == nil {
		t.Fatal("the registry did not start; see the first failure")
	}
	return s.registry
}

func (s *shared) close() {
	if s.cancel != nil {
		s.cancel()
	}
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		s.cleanups[i]()
	}
}

func (s *shared) Cleanup(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanups = append(s.cleanups, f)
}

func (s *shared) TempDir() string {
	dir, err := os.MkdirTemp("", "artifacts-test-")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (s *shared) Context() context.Context { return s.ctx }
func (s *shared) Helper()                  {}
func (s *shared) Log(...any)               {}
func (s *shared) Logf(string, ...any)      {}

// A session is a Python process with one release of the wandb package, which
// runs what tests give it.
type session struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
	mu  sync.Mutex
}

// A release is a session of one release with a project of its own in the
// registry that all share.
type release struct {
	*session
	version string
	project string

	once    sync.Once
	stuck   error
	entity  string
	written written
}

// written is what prepare made.
type written struct {
	Logger string `json:"logger"` // the run that logged everything
	User   string `json:"user"`   // the run that used faces:v1
}

var releases = func() []*release {
	var out []*release
	for _, v := range servertest.Versions() {
		out = append(out, &release{version: v, project: "documented-" + strings.ReplaceAll(v, ".", "-")})
	}
	return out
}()

// each runs a test with every release of the wandb package, after it wrote
// what prepare writes.
func each(t *testing.T, test func(*testing.T, *world)) {
	for _, r := range releases {
		t.Run(r.version, func(t *testing.T) {
			r.open(t)
			seen := &spy{}
			test(t, &world{release: r, client: connect(t, house.open(t), seen), spy: seen})
		})
	}
}

// A world is what a test has: the data of one release, our client, and the
// release itself to ask.
type world struct {
	*release
	client *artifacts.Client
	*spy   // on that client
}

// connect makes a client of the registry, with somebody watching it or not.
func connect(t testing.TB, r *servertest.Registry, watch ...*spy) *artifacts.Client {
	t.Helper()
	cfg := artifacts.Config{BaseURL: r.URL, APIKey: r.Key}
	if len(watch) > 0 {
		cfg.Transport = watch[0]
	}
	c, err := artifacts.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// driver runs code that comes as one JSON line each and answers with the value
// of "result". What the wandb package prints goes to stderr.
const driver = `
import json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
scope = {}
for line in sys.stdin:
    request = json.loads(line)
    scope.update(request["args"])
    scope["result"] = None
    try:
        exec(request["code"], scope)
        answer = {"result": scope["result"]}
    except BaseException:
        answer = {"error": traceback.format_exc()}
    answers.write(json.dumps(answer, default=str) + "\n")
    answers.flush()
`

// prepare writes the data that tests read.
const prepare = `
import datetime, pathlib, wandb
api = wandb.Api()

def put(name, type, files, aliases=None, **more):
    art = wandb.Artifact(name, type, **more)
    for path, text in files.items():
        with art.new_file(path, mode="w") as f:
            f.write(text)
    run.log_artifact(art, aliases=aliases)
    art.wait()
    return art

def collection(name, type):
    return api.artifact_collection(type, f"{entity}/{project}/{name}")

user = None
run = wandb.init(project=project, job_type="prepare", name="preparation")
entity = run.entity
put("faces", "dataset", {"train/a.txt": "a", "train/b.txt": "bb", "labels.csv": "x,y\n1,2\n"},
    description="faces, small", metadata={"size": "small", "n": 2, "nested": {"deep": [1, 2.5, None, "ä"]}})
put("faces", "dataset", {"train/a.txt": "a", "train/b.txt": "bb", "labels.csv": "x,y\n3,4\n"}, aliases=["reviewed"])
faces = put("faces", "dataset", {f"train/{i:03}.txt": str(i) for i in range(60)}, aliases=["big"])
faces.tags = ["nightly", "large set"]
faces.ttl = datetime.timedelta(days=30)
faces.save()
detector = put("detector", "model", {"weights.bin": "0123456789"}, aliases=["first"], description="finds faces")
put("detector", "model", {"weights.bin": "9876543210"}, aliases=["best"])
put("words", "dataset", {"words.txt": "w"})
run.link_artifact(detector, f"{entity}/{project}/production", aliases=["blessed"])
logger = run.id
run.finish()

with wandb.init(project=project, job_type="train") as use:
    use.use_artifact("faces:v1")
    use.use_artifact("detector:best")
    user = use.id

run = wandb.init(project=project, job_type="scratch")
result = {"entity": entity, "logger": logger, "user": user}
`

// open starts the Python process and lets it write.
func (r *release) open(t *testing.T) {
	t.Helper()
	r.once.Do(func() {
		r.session = startPython(t, house.open(t).Python(&house, r.version), r.version)
		var made struct {
			Entity string `json:"entity"`
			written
		}
		if r.stuck = r.python(prepare, map[string]any{"project": r.project}, &made); r.stuck == nil {
			r.entity, r.written = made.Entity, made.written
		}
	})
	if r.stuck != nil {
		t.Fatalf("wandb %s did not write the test's data: %v", r.version, r.stuck)
	}
}

// startPython starts a session in an environment.
func startPython(t testing.TB, env *servertest.Python, version string) *session {
	t.Helper()
	s := &session{cmd: exec.Command(interpreter(t, version), "-u", "-c", driver)}
	s.cmd.Dir, s.cmd.Env = env.Work, env.Env
	s.cmd.Stderr = io.Discard
	if testing.Verbose() {
		s.cmd.Stderr = os.Stderr
	}
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out = bufio.NewScanner(stdout)
	s.out.Buffer(nil, 64<<20)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// close ends the process.
func (s *session) close() {
	s.in.Close()
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Kill()
		<-done
	}
}

// python runs code with args as its variables and reads its "result" into out.
func (s *session) python(code string, args map[string]any, out any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if args == nil {
		args = map[string]any{}
	}
	line, err := json.Marshal(map[string]any{"code": code, "args": args})
	if err != nil {
		return err
	}
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		return err
	}
	if !s.out.Scan() {
		return fmt.Errorf("the Python process ended: %v", s.out.Err())
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  string          `json:"error"`
	}
	if err := json.Unmarshal(s.out.Bytes(), &answer); err != nil {
		return err
	}
	if answer.Error != "" {
		return fmt.Errorf("%s", answer.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, out)
}

// wandb runs code with the wandb package and returns its "result". The names
// of prepare are there (api, run, put, collection, entity, project), and a
// fresh api, so that nothing comes from a cache.
func wandb[T any](t *testing.T, w *world, code string, args map[string]any) T {
	t.Helper()
	var out T
	if err := w.python("api = wandb.Api()\n"+code, args, &out); err != nil {
		t.Fatalf("wandb %s: %v", w.version, err)
	}
	return out
}

// interpreter finds Python of the environment for one release.
func interpreter(t testing.TB, version string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working directory")
		}
	}
	path := filepath.Join(dir, ".venv", "wandb-"+version, "bin", "python")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("there is no Python with wandb %s: run make test-env", version)
	}
	return path
}
