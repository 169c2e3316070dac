package directory_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func open(t *testing.T, path string, o directory.Options) *directory.Directory {
	t.Helper()
	d, err := directory.Open(t.Context(), path, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// files are the files of a directory with their contents, those that come and
// go with open databases apart.
func files(t *testing.T, path string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || strings.HasSuffix(name, "-wal") || strings.HasSuffix(name, "-shm") {
			return err
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		content := ""
		if fi.Mode().IsRegular() {
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			content = string(b)
		}
		found[strings.TrimPrefix(name, path)] = fi.Mode().String() + " " + content
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "registry")
	d := open(t, path, directory.Options{Username: "anna"})
	if !d.Created || d.Path != path || len(d.Secret) < 32 {
		t.Errorf("made %+v", d)
	}
	c, err := d.Credentials()
	if err != nil || c.Username != "anna" || len(c.APIKey) < 40 {
		t.Errorf("credentials %+v, %v", c, err)
	}
	u, err := d.Metadata.UserByKey(t.Context(), sha256.Sum256([]byte(c.APIKey)))
	if err != nil || u.Username != "anna" || !u.Admin {
		t.Errorf("the key's user is %+v, %v", u, err)
	}
	if err := d.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for name, want := range map[string]fs.FileMode{
		"": 0o700 | fs.ModeDir, "secret": 0o600, "credentials.json": 0o600, "reliquary.json": 0o600, "reliquary.lock": 0o600,
	} {
		if fi, err := os.Stat(filepath.Join(path, name)); err != nil || fi.Mode() != want {
			t.Errorf("%q: %v, %v; want the mode %v", name, fi.Mode(), err, want)
		}
	}
	b, err := os.ReadFile(filepath.Join(path, "metadata.db"))
	if err != nil || strings.Contains(string(b), c.APIKey) {
		t.Errorf("the key is in the metadata (or %v)", err)
	}
	var marker struct {
		Format   string
		Version  int
		Complete bool
	}
	if b, err = os.ReadFile(filepath.Join(path, "reliquary.json")); err != nil || json.Unmarshal(b, &marker) != nil || marker.Format != "reliquary registry" || marker.Version != 1 || !marker.Complete {
		t.Errorf("the marker is %s, %v", b, err)
	}

	before := files(t, path)
	again := open(t, path, directory.Options{MustExist: true, Username: "bert"})
	if again.Created || string(again.Secret) != string(d.Secret) {
		t.Errorf("opened %+v", again)
	}
	if got, err := again.Credentials(); err != nil || got != c {
		t.Errorf("credentials %+v, %v; want %+v", got, err, c)
	}
	again.Close()
	if after := files(t, path); !maps.Equal(before, after) {
		t.Errorf("opening it again changed it")
	}
}

// TestOpenSeveral has one registry open several times, which is how it is used:
// a server, a command line, an agent's tools.
func TestOpenSeveral(t *testing.T) {
	path := t.TempDir() // an empty directory is good
	a := open(t, path, directory.Options{})
	b := open(t, path, directory.Options{})
	if !a.Created || b.Created {
		t.Errorf("made by %v and %v", a.Created, b.Created)
	}
	for i, d := range []*directory.Directory{a, b, a} {
		if _, _, err := d.Metadata.EnsureProject(t.Context(), "local", fmt.Sprint("p", i)); err != nil {
			t.Error(err)
		}
	}
	a.Close()
	if ps, err := b.Metadata.ListProjects(t.Context(), entityID(t, b), metadata.Page{}); err != nil || len(ps.Edges) != 3 {
		t.Errorf("%d projects, %v", len(ps.Edges), err)
	}
}

func entityID(t *testing.T, d *directory.Directory) int64 {
	t.Helper()
	e, err := d.Metadata.Entity(t.Context(), "local")
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}

// TestOpenAtOnce has several goroutines and processes make one registry.
func TestOpenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry")
	var wg sync.WaitGroup
	var mu sync.Mutex
	created := 0
	keys := map[string]bool{}
	for range 4 {
		wg.Go(func() {
			d, err := directory.Open(context.Background(), path, directory.Options{})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			defer d.Close()
			c, err := d.Credentials()
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			keys[c.APIKey] = true
			if d.Created {
				created++
			}
		})
		wg.Go(func() {
			out, err := child(t, "open", path, nil).CombinedOutput()
			if err != nil {
				t.Errorf("a process: %v: %s", err, out)
				return
			}
			var made bool
			var key string
			if _, err := fmt.Sscan(string(out), &made, &key); err != nil {
				t.Errorf("a process says %q", out)
			}
			mu.Lock()
			defer mu.Unlock()
			keys[key] = true
			if made {
				created++
			}
		})
	}
	wg.Wait()
	if created != 1 || len(keys) != 1 {
		t.Errorf("it was made %d times, with %d keys", created, len(keys))
	}
	d := open(t, path, directory.Options{})
	if n, err := d.Metadata.CountUsers(t.Context()); n != 1 || err != nil {
		t.Errorf("%d users, %v", n, err)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	registry := func(name string, change func(path string)) string {
		path := filepath.Join(dir, name)
		d, err := directory.Open(t.Context(), path, directory.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d.Close()
		change(path)
		return path
	}
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "file"), "")
	foreign := filepath.Join(dir, "foreign")
	if err := os.Mkdir(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(foreign, "thesis.tex"), "")

	for name, try := range map[string]struct {
		path string
		o    directory.Options
		want error
		kind metadata.Kind
		says string
	}{
		"nothing there": {filepath.Join(dir, "none"), directory.Options{MustExist: true}, directory.ErrMissing, metadata.KindNotFound, "reliquary serve"},
		"a file":        {filepath.Join(dir, "file"), directory.Options{}, directory.ErrNotDirectory, metadata.KindInvalid, "not a directory"},
		"below a file":  {filepath.Join(dir, "file", "x", "y"), directory.Options{}, directory.ErrNotDirectory, metadata.KindInvalid, "not a directory"},
		"not ours":      {foreign, directory.Options{}, directory.ErrNotRegistry, metadata.KindCorrupt, "not a registry"},
		"a newer format": {registry("newer", func(p string) {
			write(filepath.Join(p, "reliquary.json"), `{"format":"reliquary registry","version":2,"complete":{"other":"shape"}}`)
		}), directory.Options{}, directory.ErrNewer, metadata.KindCorrupt, "newer version"},
		"a newer database": {registry("newerdb", func(p string) {
			f, err := os.OpenFile(filepath.Join(p, "metadata.db"), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt([]byte{0, 0, 1, 0}, 60); err != nil { // user_version
				t.Fatal(err)
			}
		}), directory.Options{}, nil, metadata.KindCorrupt, "newer version"},
		"an empty marker": {registry("empty", func(p string) { write(filepath.Join(p, "reliquary.json"), "") }),
			directory.Options{}, directory.ErrDamaged, metadata.KindCorrupt, "damaged"},
		"half a marker": {registry("half", func(p string) { write(filepath.Join(p, "reliquary.json"), `{"format":"reliquary reg`) }),
			directory.Options{}, directory.ErrDamaged, metadata.KindCorrupt, "damaged"},
		"another marker": {registry("other", func(p string) { write(filepath.Join(p, "reliquary.json"), `{"format":"something","version":1}`) }),
			directory.Options{}, directory.ErrDamaged, metadata.KindCorrupt, "damaged"},
		"no database": {registry("nodb", func(p string) { os.Remove(filepath.Join(p, "metadata.db")) }),
			directory.Options{}, directory.ErrDamaged, metadata.KindCorrupt, "metadata.db is gone"},
		"an empty database": {registry("emptydb", func(p string) { write(filepath.Join(p, "metadata.db"), "") }),
			directory.Options{}, directory.ErrDamaged, metadata.KindCorrupt, "metadata.db is gone"},
		"a database that is none": {registry("baddb", func(p string) { write(filepath.Join(p, "metadata.db"), strings.Repeat("x", 8192)) }),
			directory.Options{}, nil, metadata.KindCorrupt, "metadata.db"},
		"no blobs": {registry("noblobs", func(p string) { os.RemoveAll(filepath.Join(p, "blobs")) }),
			directory.Options{}, directory.ErrDamaged, metadata.KindCorrupt, "blobs is gone"},
		"a bad secret": {registry("badsecret", func(p string) { write(filepath.Join(p, "secret"), "1234") }),
			directory.Options{}, directory.ErrDamaged, metadata.KindCorrupt, "32 bytes"},
		"an impossible name": {filepath.Join(dir, strings.Repeat("x", 300)), directory.Options{}, nil, metadata.KindInvalid, "Name another place"},
	} {
		t.Run(name, func(t *testing.T) {
			before := files(t, dir)
			_, err := directory.Open(t.Context(), try.path, try.o)
			if metadata.KindOf(err) != try.kind || try.want != nil && !errors.Is(err, try.want) || !strings.Contains(fmt.Sprint(err), try.says) {
				t.Errorf("got %q (%s), want %v (%s) that says %q", err, metadata.KindOf(err), try.want, try.kind, try.says)
			}
			if !strings.Contains(fmt.Sprint(err), dir) {
				t.Errorf("the error does not say where: %v", err)
			}
			if after := files(t, dir); !maps.Equal(before, after) {
				t.Errorf("something was changed: %v", slices.Collect(maps.Keys(after)))
			}
		})
	}
}

// TestInterrupted stops making a registry after each file that it writes, and
// then opens it: the result must be a whole registry with one user, whose key
// is the one that may have been seen.
func TestInterrupted(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	d := open(t, whole, directory.Options{})
	d.Close()
	marker, err := os.ReadFile(filepath.Join(whole, "reliquary.json"))
	if err != nil {
		t.Fatal(err)
	}
	begun := strings.Replace(string(marker), `"complete": true`, `"complete": false`, 1)
	if begun == string(marker) {
		t.Fatalf("the marker is %s", marker)
	}
	order := []string{"reliquary.lock", "reliquary.json", "secret", "blobs", "metadata.db", "credentials.json"}
	for n := range len(order) + 1 {
		path := filepath.Join(t.TempDir(), "registry")
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		key := ""
		for _, name := range order[:n] {
			from := filepath.Join(whole, name)
			var err error
			switch name {
			case "blobs":
				err = os.CopyFS(filepath.Join(path, name), os.DirFS(from))
			case "reliquary.json":
				err = os.WriteFile(filepath.Join(path, name), []byte(begun), 0o600)
			case "metadata.db":
				// As it is before the first user is in it.
			default:
				var b []byte
				if b, err = os.ReadFile(from); err == nil {
					err = os.WriteFile(filepath.Join(path, name), b, 0o600)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if name == "credentials.json" {
				c, err := d.Credentials()
				if err != nil {
					t.Fatal(err)
				}
				key = c.APIKey
			}
		}
		_, err := directory.Check(t.Context(), path, directory.CheckOptions{})
		if err == nil {
			t.Errorf("after %v: Check took it for a registry", order[:n])
		}
		made := open(t, path, directory.Options{})
		c, err := made.Credentials()
		if err != nil || key != "" && c.APIKey != key {
			t.Errorf("after %v: credentials %+v, %v; want the key %q", order[:n], c, err, key)
		}
		if _, err := made.Metadata.UserByKey(t.Context(), sha256.Sum256([]byte(c.APIKey))); err != nil {
			t.Errorf("after %v: %v", order[:n], err)
		}
		if users, err := made.Metadata.CountUsers(t.Context()); users != 1 || err != nil || !made.Created {
			t.Errorf("after %v: %d users, %v, created %v", order[:n], users, err, made.Created)
		}
	}
}

// TestKilledMaking kills processes that make a registry.
func TestKilledMaking(t *testing.T) {
	for i := range 12 {
		path := filepath.Join(t.TempDir(), "registry")
		c := child(t, "open", path, nil)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(3*i) * time.Millisecond)
		c.Process.Kill()
		c.Wait()
		d := open(t, path, directory.Options{})
		credentials, err := d.Credentials()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Metadata.UserByKey(t.Context(), sha256.Sum256([]byte(credentials.APIKey))); err != nil {
			t.Error(err)
		}
		d.Close()
		if report, err := directory.Check(t.Context(), path, directory.CheckOptions{}); err != nil || report.Errors() > 0 {
			t.Errorf("%+v, %v", report, err)
		}
	}
}

func TestCredentials(t *testing.T) {
	path := t.TempDir()
	d := open(t, path, directory.Options{})
	first, err := d.Credentials()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(d.CredentialsPath()); err != nil {
		t.Fatal(err)
	}
	d = open(t, path, directory.Options{})
	if _, err := d.Credentials(); !metadata.IsNotFound(err) || !strings.Contains(err.Error(), "key --new") {
		t.Errorf("without its file: %v", err)
	}
	second, err := d.NewCredentials(t.Context())
	if err != nil || second.Username != "local" || second.APIKey == first.APIKey {
		t.Errorf("new credentials: %+v, %v", second, err)
	}
	if got, err := d.Credentials(); err != nil || got != second {
		t.Errorf("credentials %+v, %v", got, err)
	}
	for _, c := range []directory.Credentials{first, second} {
		if _, err := d.Metadata.UserByKey(t.Context(), sha256.Sum256([]byte(c.APIKey))); err != nil {
			t.Errorf("the key of %+v: %v", c, err)
		}
	}
	for _, text := range []string{"", "{", `{"username":"local","api_key":"short"}`, `[]`} {
		if err := os.WriteFile(d.CredentialsPath(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Credentials(); metadata.KindOf(err) != metadata.KindCorrupt {
			t.Errorf("from %q: %v", text, err)
		}
	}
}

// TestSecretLost makes another secret: all that it signed is under way.
func TestSecretLost(t *testing.T) {
	path := t.TempDir()
	first := open(t, path, directory.Options{})
	if err := os.Remove(filepath.Join(path, "secret")); err != nil {
		t.Fatal(err)
	}
	second, third := open(t, path, directory.Options{}), open(t, path, directory.Options{})
	if string(second.Secret) == string(first.Secret) || string(second.Secret) != string(third.Secret) || len(second.Secret) < 32 {
		t.Error("the secret was not made anew, once")
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := directory.Open(ctx, t.TempDir(), directory.Options{}); metadata.KindOf(err) != metadata.KindCanceled {
		t.Errorf("got %v", err)
	}
}

// TestPermissions runs as a user who may do nothing there.
func TestPermissions(t *testing.T) {
	dir := t.TempDir()
	for parent := dir; parent != "/"; parent = filepath.Dir(parent) {
		if fi, err := os.Stat(parent); err == nil && fi.Mode().Perm()&0o055 != 0o055 {
			if err := os.Chmod(parent, fi.Mode().Perm()|0o055); err != nil {
				t.Fatal(err)
			}
		}
	}
	registry := filepath.Join(dir, "registry")
	open(t, registry, directory.Options{}).Close()
	open755 := filepath.Join(dir, "readable")
	open(t, open755, directory.Options{}).Close()
	if err := os.Chmod(open755, 0o755); err != nil {
		t.Fatal(err)
	}
	// The program of the test itself lies where they may not go.
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	exe = filepath.Join(dir, "program")
	if err := os.WriteFile(exe, program, 0o755); err != nil {
		t.Fatal(err)
	}
	var attr *syscall.SysProcAttr
	if os.Getuid() == 0 {
		attr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	} else {
		for _, path := range []string{registry, open755, dir} {
			if err := os.Chmod(path, 0o555); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(path, 0o755) })
		}
		if err := os.Chmod(filepath.Join(open755, "reliquary.lock"), 0o400); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(registry, 0); err != nil {
			t.Fatal(err)
		}
	}
	for name, path := range map[string]string{
		"a place that is not theirs": filepath.Join(dir, "new"), "a registry that is not theirs": registry, "one that they can only read": open755,
	} {
		c := child(t, "open", path, attr)
		c.Path = exe
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "DENIED") || !strings.Contains(string(out), "permission denied") || !strings.Contains(string(out), path) {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

// TestFullDisk has no space at any moment of making a registry: a limit on the
// size of files refuses their bytes as a full disk does.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry")
	for _, limit := range []string{"0", "10", "70", "1000", "5000", "100000"} {
		c := child(t, "open", path, nil)
		c.Env = append(c.Env, limitVariable+"="+limit)
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "UNAVAILABLE") || !strings.Contains(string(out), path) {
			t.Errorf("files of %s bytes: %v: %s", limit, err, out)
		}
		t.Logf("files of %s bytes: %s", limit, out)
	}
	d := open(t, path, directory.Options{})
	if !d.Created {
		t.Error("the registry was taken for complete")
	}
	if report, err := directory.Check(t.Context(), path, directory.CheckOptions{}); err != nil || report.Errors() > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// Some tests need a process of their own: this program, told by the
// environment what to be.
const (
	childVariable = "RELIQUARY_DIRECTORY_TEST_CHILD"
	pathVariable  = "RELIQUARY_DIRECTORY_TEST_PATH"
	limitVariable = "RELIQUARY_DIRECTORY_TEST_LIMIT"
)

func child(t *testing.T, role, path string, attr *syscall.SysProcAttr) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Error(err)
	}
	c := exec.Command(exe)
	c.Dir = "/"
	c.SysProcAttr = attr
	c.Env = append(os.Environ(), childVariable+"="+role, pathVariable+"="+path)
	return c
}
