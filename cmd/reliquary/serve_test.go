package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A served registry is a process of its own, because these tests are about
// what signals do to it.
type served struct {
	cmd    *exec.Cmd
	addr   string
	key    string
	stderr *bufio.Reader
}

// startServe starts `reliquary serve` and waits until it has said where it is.
func startServe(t *testing.T) *served {
	t.Helper()
	s := &served{cmd: exec.Command("reliquary", "serve", "--listen", "127.0.0.1:0", "--dir", filepath.Join(t.TempDir(), "registry"))}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.stderr = bufio.NewReader(stderr)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if v, ok := strings.CutPrefix(line, "export WANDB_BASE_URL=http://"); ok {
			s.addr = v
		}
		if v, ok := strings.CutPrefix(line, "export WANDB_API_KEY="); ok {
			s.key = v
		}
		if line == "Ctrl-C ends it." {
			return s
		}
	}
	t.Fatalf("serve ended before it had said where it is: %v", s.cmd.Wait())
	return nil
}

// A halfSent request has been begun and is waited for by the server.
type halfSent struct {
	conn net.Conn
	rest string
}

const viewerQuery = `{"operationName":"Viewer","query":"query Viewer { viewer { username } }"}`

func (s *served) beginRequest(t *testing.T) *halfSent {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	request, err := http.NewRequest(http.MethodPost, "http://"+s.addr+"/graphql", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("api", s.key)
	_, err = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n",
		s.addr, request.Header.Get("Authorization"), len(viewerQuery))
	if err != nil {
		t.Fatal(err)
	}
	// "100 Continue" comes when the handler has begun to read the body: from
	// then on the request is under way.
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, got); err != nil || !strings.Contains(string(got), " 100 ") {
		t.Fatalf("the server answered %q, error %v; want 100 Continue", got, err)
	}
	return &halfSent{conn: conn, rest: viewerQuery}
}

// interrupt sends Ctrl-C and waits until the server says that it was heard.
func (s *served) interrupt(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for {
		line, err := s.stderr.ReadString('\n')
		if strings.Contains(line, "Finishing requests under way") {
			return
		}
		if err != nil {
			t.Fatalf("the server did not say that it ends: %v", err)
		}
	}
}

// wait waits for the process to end, for a bounded time.
func (s *served) wait(t *testing.T) error {
	t.Helper()
	late := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Signal(syscall.SIGQUIT) })
	defer late.Stop()
	_, _ = io.Copy(io.Discard, s.stderr)
	return s.cmd.Wait()
}

func TestServe_FinishesRequestsUnderWay(t *testing.T) {
	s := startServe(t)
	request := s.beginRequest(t)
	s.interrupt(t)

	// It says so before it does so.
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := net.DialTimeout("tcp", s.addr, time.Second)
		if err != nil {
			break
		}
		_ = conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("new connections are still taken")
		}
	}
	if _, err := io.WriteString(request.conn, request.rest); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(request.conn), nil)
	if err != nil {
		t.Fatalf("the request under way got no answer: %v", err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK || !strings.Contains(string(body), `"username":"local"`) {
		t.Errorf("answer %s %s, error %v", reply.Status, body, err)
	}
	if err := s.wait(t); err != nil {
		t.Errorf("it ended with %v, want cleanly", err)
	}
}

func TestServe_SecondInterruptEndsAtOnce(t *testing.T) {
	s := startServe(t)
	s.beginRequest(t) // and never finish it
	s.interrupt(t)
	started := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := s.wait(t)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitSignal {
		t.Errorf("it ended with %v, want exit code %d", err, exitSignal)
	}
	if took := time.Since(started); took > shutdownGrace/2 {
		t.Errorf("it took %s", took)
	}
}

func TestServe_EndsBySIGTERM(t *testing.T) {
	s := startServe(t)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.wait(t); err != nil {
		t.Errorf("it ended with %v, want cleanly", err)
	}
}
