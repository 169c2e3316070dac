package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/rivo/uniseg"
)

// A session is a program on a terminal of 80 columns.
type session struct {
	t    *testing.T
	cmd  *exec.Cmd
	tty  *os.File
	done chan struct{}

	mu   sync.Mutex
	text strings.Builder
	news chan struct{}
}

// at starts a program on a terminal.
func (d *desk) at(program string, args ...string) *session {
	d.t.Helper()
	s := &session{t: d.t, cmd: d.command(program, args...), done: make(chan struct{}), news: make(chan struct{}, 1)}
	var err error
	if s.tty, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.tty.Close()
	})
	go func() {
		defer close(s.done)
		buf := make([]byte, 4096)
		for {
			n, err := s.tty.Read(buf)
			s.mu.Lock()
			s.text.Write(buf[:n])
			s.mu.Unlock()
			select {
			case s.news <- struct{}{}:
			default:
			}
			if err != nil { // the program has ended
				return
			}
		}
	}()
	return s
}

// shown is all that was written to the terminal.
func (s *session) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until something is shown.
func (s *session) await(text string) {
	s.t.Helper()
	late := time.After(time.Minute)
	for !strings.Contains(s.shown(), text) {
		select {
		case <-s.news:
		case <-s.done:
			if !strings.Contains(s.shown(), text) {
				s.t.Fatalf("it ended without showing %q:\n%s", text, s.shown())
			}
		case <-late:
			s.t.Fatalf("%q was not shown:\n%s", text, s.shown())
		}
	}
}

// types types.
func (s *session) types(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.tty, keys); err != nil {
		s.t.Fatal(err)
	}
}

// ends waits for the end and returns the exit code.
func (s *session) ends() int {
	s.t.Helper()
	<-s.done
	err := s.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	} else if err != nil {
		s.t.Fatal(err)
	}
	return 0
}

var (
	colours = regexp.MustCompile("\x1b\\[[0-9;]*m")
	moves   = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")
)

// checkWidths wants everything to fit the terminal: what is written over, too.
func (s *session) checkWidths() {
	s.t.Helper()
	for line := range strings.FieldsFuncSeq(s.shown(), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if text := moves.ReplaceAllString(line, ""); uniseg.StringWidth(text) > 80 {
			s.t.Errorf("a line is %d wide: %q", uniseg.StringWidth(text), text)
		}
	}
}

// plain is what is left on the terminal, without colour: a bar is written over.
func (s *session) plain() string {
	lines := strings.Split(strings.ReplaceAll(colours.ReplaceAllString(s.shown(), ""), "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = line[strings.LastIndexByte(line, '\r')+1:]
	}
	return strings.Join(lines, "\n")
}

func TestTerminal_Lists(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.write("a.txt", "pears\n")
	long := "A description that is far longer than what is left of eighty columns, and ends in \x1b[31mred\x1b[0m 花花花."
	d.run("reliquary", "put", "-q", "local/vision/flowers", "a.txt", "--type", "dataset", "-d", long, "--tag", "reviewed,complete", "--alias", "candidate")

	s := d.at("reliquary", "ls", "-l", "local/vision/flowers")
	if code := s.ends(); code != 0 {
		t.Fatalf("it ended with %d:\n%s", code, s.shown())
	}
	s.checkWidths()
	if !regexp.MustCompile(`(?m)^VERSION  ALIASES +SIZE  FILES  CREATED +DIGEST +TAGS +DESCRIPTION$`).MatchString(s.plain()) ||
		!regexp.MustCompile(`(?m)^v0 +candid.*… +6 B +1  (just now|\d minutes? ago) .*…$`).MatchString(s.plain()) {
		t.Errorf("shown:\n%s", s.plain())
	}
	if strings.Contains(s.shown(), "\x1b[31m") {
		t.Errorf("the description coloured the terminal: %q", s.shown())
	}

	d.env = append(d.env, "NO_COLOR=1")
	s = d.at("reliquary", "ls", "local/vision/flowers")
	if s.ends(); strings.Contains(s.shown(), "\x1b") {
		t.Errorf("with NO_COLOR: %q", s.shown())
	}
	for _, args := range [][]string{{"--help"}, {"put", "--help"}, {"rm", "--help"}, {"ls", "--help"}, {"mcp", "--help"}, {"help", "output"}, {"help", "exit-codes"}} {
		s = d.at("reliquary", args...)
		s.ends()
		s.checkWidths()
	}
}

func TestTerminal_AsksBeforeItDeletes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.write("a.txt", "pears\n")
	d.run("reliquary", "put", "-q", "local/vision/flowers", "a.txt", "--type", "dataset")
	d.write("a.txt", "apples\n")
	d.run("reliquary", "put", "-q", "local/vision/flowers", "a.txt")
	for _, tt := range []struct {
		name, keys string
		code       int
		left       string
	}{
		{"no", "n\r", exitConflict, "local/vision/flowers:v1\nlocal/vision/flowers:v0\n"},
		{"nothing", "\r", exitConflict, "local/vision/flowers:v1\nlocal/vision/flowers:v0\n"},
		{"Ctrl-C", "\x03", exitSignal, "local/vision/flowers:v1\nlocal/vision/flowers:v0\n"},
		{"yes", "y\r", exitOK, "local/vision/flowers:v1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d.t = t
			s := d.at("reliquary", "rm", "local/vision/flowers:v0")
			s.await("Delete? [y/N] ")
			if !strings.Contains(s.plain(), "deletes 1 version, and all files that no other version shares (6 B)") {
				t.Errorf("the plan is not shown:\n%s", s.plain())
			}
			s.types(tt.keys)
			if code := s.ends(); code != tt.code {
				t.Errorf("it ended with %d, want %d:\n%s", code, tt.code, s.plain())
			}
			if left := d.run("reliquary", "ls", "-q", "local/vision/flowers"); left != tt.left {
				t.Errorf("left are %q", left)
			}
		})
	}
}

func TestTerminal_DrawsLineage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.write("a.txt", "pears\n")
	d.run("reliquary", "put", "-q", "local/vision/flowers", "a.txt", "--type", "dataset")
	s := d.at("reliquary", "-q", "lineage", "local/vision/flowers:v0")
	s.ends()
	s = d.at("reliquary", "lineage", "local/vision/flowers:v0")
	s.ends()
	s.checkWidths()
	if !regexp.MustCompile(`(?m)^local/vision/flowers:v0  dataset\n└─ logged by local/vision/\w+$`).MatchString(s.plain()) {
		t.Errorf("shown:\n%s", s.plain())
	}
}

// A trickle serves a file that does not end until it is told to.
type trickle struct {
	*httptest.Server
	size int
	rest chan struct{} // closed: send all of it
}

func newTrickle(t *testing.T) *trickle {
	tr := &trickle{size: 10 << 20, rest: make(chan struct{})}
	piece := []byte(strings.Repeat("0123456789abcdef", 64))
	tr.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"trickle"`)
		w.Header().Set("Content-Length", fmt.Sprint(tr.size))
		if r.Method == http.MethodHead {
			return
		}
		slowly := time.NewTicker(20 * time.Millisecond)
		defer slowly.Stop()
		for sent := 0; sent < tr.size; sent += len(piece) {
			select {
			case <-tr.rest:
			case <-slowly.C:
			case <-r.Context().Done():
				return
			}
			if _, err := w.Write(piece); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
	}))
	t.Cleanup(tr.CloseClientConnections)
	t.Cleanup(tr.Close)
	return tr
}

// TestTerminal_ShowsProgress: a bar while it lasts, and nothing of it after.
func TestTerminal_ShowsProgress(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	far := newTrickle(t)
	// Its digest is its ETag; nothing is read of it yet.
	d.run("reliquary", "put", "-q", "local/vision/far", "far.bin="+far.URL+"/far.bin", "--type", "dataset")

	s := d.at("reliquary", "get", "local/vision/far:v0", "-o", "there")
	s.await("fetching 0/1 file")
	s.types("\x03")
	if code := s.ends(); code != exitSignal {
		t.Errorf("interrupted, it ended with %d:\n%s", code, s.plain())
	}
	if !strings.Contains(s.plain(), "interrupted; what arrived is kept; the same command goes on where it ended") {
		t.Errorf("interrupted, it said:\n%s", s.plain())
	}
	if _, err := os.Stat(filepath.Join(d.dir, "there", "far.bin")); err == nil {
		t.Error("interrupted, it left half a file under its name")
	}

	s = d.at("reliquary", "get", "local/vision/far:v0", "-o", "there")
	s.await("fetching 0/1 file")
	close(far.rest)
	if code := s.ends(); code != 0 {
		t.Fatalf("it ended with %d:\n%s", code, s.plain())
	}
	s.checkWidths()
	if !strings.HasSuffix(s.plain(), "local/vision/far:v0 is in there: 1 file, 10.0 MiB (1 fetched)\n") {
		t.Errorf("shown:\n%q", s.plain())
	}
	info, err := os.Stat(filepath.Join(d.dir, "there", "far.bin"))
	if err != nil || info.Size() != int64(far.size) {
		t.Errorf("there is %v, %v", info, err)
	}

	// In a pipe there is no bar.
	c := d.command("reliquary", "get", "local/vision/far:v0", "-o", "here")
	text, err := c.CombinedOutput()
	if err != nil || strings.ContainsAny(string(text), "\r\x1b") || strings.Contains(string(text), "fetching") {
		t.Errorf("in a pipe: %v, %q", err, text)
	}
}
