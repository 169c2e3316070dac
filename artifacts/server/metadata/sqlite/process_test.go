package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Some tests need processes of their own. Each is this program, told by the
// environment what to be.
const (
	childVariable = "RELIQUARY_SQLITE_TEST_CHILD"
	pathVariable  = "RELIQUARY_SQLITE_TEST_PATH"
	nameVariable  = "RELIQUARY_SQLITE_TEST_NAME"
)

func TestMain(m *testing.M) {
	role := os.Getenv(childVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := beChild(context.Background(), role, os.Getenv(pathVariable), os.Getenv(nameVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(t *testing.T, role, path, name string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), childVariable+"="+role, pathVariable+"="+path, nameVariable+"="+name)
	c.Stderr = os.Stderr
	return c
}

// beChild waits for a line, so that several children begin at the same moment,
// and says on standard output what it was told is committed.
func beChild(ctx context.Context, role, path, name string) error {
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	s, err := Open(ctx, path, Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	switch role {
	case "open":
		return s.Close()
	case "log":
		for i := range 30 {
			if err := logOne(ctx, s, fmt.Sprint(name, "-", i)); err != nil {
				return err
			}
		}
		return s.Close()
	case "log forever":
		var wg sync.WaitGroup
		errs := make(chan error, 4)
		for w := range 4 {
			wg.Go(func() {
				for i := 0; ; i++ {
					if err := logOne(ctx, s, fmt.Sprint(name, "-", w, "-", i)); err != nil {
						errs <- err
						return
					}
				}
			})
		}
		return <-errs
	case "small files":
		return logUntilFull(ctx, s)
	}
	return fmt.Errorf("unknown role %q", role)
}

// everything is more than any child says.
const everything = 1 << 30

var stdout sync.Mutex

// logOne logs a version and says so once it is acknowledged.
func logOne(ctx context.Context, s *Store, content string) error {
	a, err := logTo(ctx, s, "ann", "data", content)
	if err != nil {
		return err
	}
	stdout.Lock()
	defer stdout.Unlock()
	fmt.Println("committed", a.ID, *a.VersionIndex, content)
	return nil
}

// A process is a child that waits to be told to begin.
type process struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(t *testing.T, role, path, name string) process {
	t.Helper()
	p := process{Cmd: child(t, role, path, name)}
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewReader(out)
	if line, err := p.out.ReadString('\n'); line != "ready\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return p
}

func begin(t *testing.T, p process) {
	t.Helper()
	if _, err := io.WriteString(p.in, "go\n"); err != nil {
		t.Fatal(err)
	}
}

// committed reads what a process says it committed, content by artifact id,
// until it has said n or ends.
func committed(t *testing.T, p process, n int, into map[int64]string) {
	t.Helper()
	for ; n > 0; n-- {
		line, err := p.out.ReadString('\n')
		if err != nil {
			return // what is cut off was not said
		}
		var id int64
		var version int
		var content string
		if _, err := fmt.Sscanf(line, "committed %d %d %s", &id, &version, &content); err != nil {
			t.Errorf("the child says %q: %v", line, err)
			return
		}
		into[id] = content
	}
}

// TestProcessesMigrateAtOnce has several processes make the same registry.
func TestProcessesMigrateAtOnce(t *testing.T) {
	for round := range 5 {
		path := filepath.Join(t.TempDir(), "metadata.db")
		var all []process
		for range 4 {
			all = append(all, start(t, "open", path, ""))
		}
		for _, p := range all {
			begin(t, p)
		}
		for i, p := range all {
			if err := p.Wait(); err != nil {
				t.Errorf("round %d, process %d: %v", round, i, err)
			}
		}
		s := open(t, path)
		var applied int
		if err := s.conn.QueryRowContext(t.Context(), "SELECT count(*) FROM "+versions).Scan(&applied); err != nil || applied != schemaVersion+1 {
			t.Errorf("%d rows in the table of formats (%v), want %d", applied, err, schemaVersion+1)
		}
		for _, p := range problems(t, s) {
			t.Error(p)
		}
		s.Close()
	}
}

// registryAt makes a registry with the user and run that children log to.
func registryAt(t *testing.T, path string) *Store {
	t.Helper()
	s := open(t, path)
	t.Cleanup(func() { s.Close() })
	if _, err := s.CreateUser(t.Context(), metadata.NewUser{Username: "ann", KeySHA256: [32]byte{1}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.UpsertRun(t.Context(), metadata.RunUpdate{Entity: "ann", Project: "p", Name: "run"}); err != nil {
		t.Fatal(err)
	}
	return s
}

// verify holds that every version that was acknowledged is whole, under
// numbers without gap or duplicate.
func verify(t *testing.T, s *Store, acknowledged map[int64]string) {
	t.Helper()
	for _, p := range problems(t, s) {
		t.Error(p)
	}
	for id, content := range acknowledged {
		a, err := s.ArtifactByID(t.Context(), id)
		if err != nil || a.State != metadata.Committed || a.Digest != content || a.FileCount != 2 {
			t.Errorf("%s was acknowledged, and is now %+v (%v)", content, a, err)
		}
	}
	p, err := s.Project(t.Context(), "ann", "p")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Collection(t.Context(), p.ID, "", "data")
	if metadata.IsNotFound(err) && len(acknowledged) == 0 {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.ListMemberships(t.Context(), c.ID, metadata.Page{First: metadata.MaxFirst})
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range page.Edges {
		if want := len(page.Edges) - 1 - i; e.Node.VersionIndex != want {
			t.Fatalf("v%d stands where v%d should", e.Node.VersionIndex, want)
		}
	}
	if len(page.Edges) < len(acknowledged) {
		t.Errorf("%d versions, %d were acknowledged", len(page.Edges), len(acknowledged))
	}
}

// TestProcessesWriteAtOnce has three processes and this one log to one collection.
func TestProcessesWriteAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metadata.db")
	s := registryAt(t, path)
	var all []process
	for i := range 3 {
		all = append(all, start(t, "log", path, fmt.Sprint("p", i)))
	}
	for _, p := range all {
		begin(t, p)
	}
	acknowledged := map[int64]string{}
	for i := range 30 {
		content := fmt.Sprint("here-", i)
		acknowledged[logVersion(t, s, "ann", "data", content).ID] = content
	}
	for _, p := range all {
		committed(t, p, everything, acknowledged)
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	}
	if len(acknowledged) != 120 {
		t.Errorf("%d versions were acknowledged, want 120", len(acknowledged))
	}
	verify(t, s, acknowledged)
}

// TestKill kills a process that logs versions, at moments that nothing chose,
// and then looks for what was acknowledged.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metadata.db")
	if err := registryAt(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[int64]string{}
	for round := range 12 {
		p := start(t, "log forever", path, fmt.Sprint("r", round))
		begin(t, p)
		committed(t, p, rand.IntN(30), acknowledged)
		time.Sleep(time.Duration(rand.IntN(5000)) * time.Microsecond)
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		committed(t, p, everything, acknowledged)
		if err := p.Wait(); err == nil {
			t.Error("the process ended by itself")
		}
		s := open(t, path)
		verify(t, s, acknowledged)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(acknowledged) < 50 {
		t.Errorf("only %d versions were acknowledged in all", len(acknowledged))
	}
	t.Logf("%d versions acknowledged and whole", len(acknowledged))
}

// TestBusy holds that a writer that another process keeps waiting gives up
// when its context ends, and that readers do not wait at all.
func TestBusy(t *testing.T) {
	s := sample(t)
	db, err := openDB(s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, _, err = s.EnsureProject(ctx, "ann", "new")
	if metadata.KindOf(err) != metadata.KindCanceled {
		t.Errorf("got %v, want CANCELED", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if _, err := s.Project(t.Context(), "ann", "p"); err != nil {
		t.Error(err)
	}
	soon, cancelSoon := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancelSoon()
	if other, err := Open(soon, s.path, Options{}); err != nil {
		t.Errorf("opening waits for a writer: %v", err)
	} else if err := other.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.conn.ExecContext(t.Context(), "PRAGMA busy_timeout = 20"); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.EnsureProject(t.Context(), "ann", "new")
	if metadata.KindOf(err) != metadata.KindUnavailable || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v, want UNAVAILABLE", err)
	}
}

// TestFull has SQLite refuse to grow the file, as a full disk does, in every
// commit until there is room again.
func TestFull(t *testing.T) {
	s := sample(t)
	for _, q := range []string{"PRAGMA max_page_count = 1"} { // SQLite takes the present size instead
		if _, err := s.conn.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	before := problems(t, s)
	full := false
	for i := range 2000 {
		_, err := logTo(t.Context(), s, "ann", "data", fmt.Sprint("more ", i))
		if err == nil {
			continue
		}
		full = true
		if metadata.KindOf(err) != metadata.KindUnavailable || !strings.Contains(err.Error(), "space") {
			t.Fatalf("got %s (%v), want UNAVAILABLE", metadata.KindOf(err), err)
		}
		break
	}
	if !full {
		t.Fatal("the database never was full")
	}
	if after := problems(t, s); len(after) != len(before) {
		t.Errorf("left behind: %v", after)
	}
	if _, err := s.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	logVersion(t, s, "ann", "data", "room again")
	for _, p := range problems(t, s) {
		t.Error(p)
	}
}
