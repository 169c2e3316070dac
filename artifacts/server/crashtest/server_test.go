package crashtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server"
	"github.com/reliquary/reliquary/artifacts/server/directory"
)

// The server is a process of its own, so that it can be killed: this program,
// told by the environment to serve a directory.
const pathVariable = "RELIQUARY_CRASH_TEST_PATH"

func TestMain(m *testing.M) {
	be, path := serve, os.Getenv(pathVariable)
	if collected := os.Getenv(collectVariable); collected != "" {
		be, path = collectForever, collected
	}
	if path == "" {
		os.Exit(m.Run())
	}
	if err := be(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers on the socket that it has inherited as its fourth file.
func serve(path string) error {
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	d, err := directory.Open(context.Background(), path, directory.Options{})
	if err != nil {
		return err
	}
	handler, err := server.New(server.Options{Metadata: d.Metadata, Blobs: d.Blobs, Secret: d.Secret})
	if err != nil {
		return err
	}
	return http.Serve(listener, handler)
}

// A process is a registry's server that is started again after it was killed.
// The socket stays open meanwhile, so its address stays the same and clients
// that connect wait.
type process struct {
	path   string
	socket *os.File
	url    string
	key    string
	cmd    *exec.Cmd
}

func newProcess(t *testing.T) *process {
	t.Helper()
	p := at(t, filepath.Join(t.TempDir(), "registry"))
	d, err := directory.Open(t.Context(), p.path, directory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Credentials()
	if err != nil {
		t.Fatal(err)
	}
	p.key = c.APIKey
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// at is a process for a directory, with a socket of its own.
func at(t *testing.T, path string) *process {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	listener.Close() // the file is the socket, too
	p := &process{path: path, socket: socket, url: "http://" + listener.Addr().String()}
	t.Cleanup(func() {
		p.kill(t)
		socket.Close()
	})
	return p
}

// beside is another process for the same directory.
func (p *process) beside(t *testing.T) *process {
	t.Helper()
	other := at(t, p.path)
	other.key = p.key
	return other
}

func (p *process) start(t *testing.T) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(exe)
	p.cmd.Env = append(os.Environ(), pathVariable+"="+p.path)
	p.cmd.ExtraFiles = []*os.File{p.socket}
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// kill ends the process with SIGKILL and waits until it is gone.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Kill()
	if err := p.cmd.Wait(); err == nil || p.cmd.ProcessState.Exited() {
		t.Errorf("the server ended by itself: %v", err)
	}
	p.cmd = nil
}

// doctor is what the program itself says of the registry, as a person would ask
// it. It fails the test unless the registry is whole.
func doctor(t *testing.T, path string) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "reliquary")
	// The flags are those of make build, so that the build is there already.
	build := exec.Command("go", "build", "-trimpath", "-o", exe, "./cmd/reliquary")
	build.Dir = filepath.Join("..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	out, err := exec.Command(exe, "doctor", "--deep", "--dir", path).CombinedOutput()
	if err != nil {
		t.Errorf("reliquary doctor: %v\n%s", err, out)
	}
	return string(out)
}

// wait is how long a client waits before it tries again.
const wait = 5 * time.Millisecond
