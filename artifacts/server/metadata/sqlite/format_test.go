package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// folder reads every file of a folder.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			files[e.Name()] = "a folder"
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}

// execAt runs statements on the database at path, past the Store.
func execAt(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := openDB(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range statements {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// whole makes a registry's database that is closed.
func whole(t *testing.T, path string) {
	t.Helper()
	s := open(t, path)
	if _, err := s.CreateUser(t.Context(), metadata.NewUser{Username: "ann", KeySHA256: [32]byte{1}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestOpenRefuses opens what is no registry of ours: the error says what to
// do, and not a byte has changed afterwards.
func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		make  func(t *testing.T, path string)
		kind  metadata.Kind
		words []string
	}{
		"a text":                       {func(t *testing.T, path string) { write(t, path, strings.Repeat("not a database\n", 100)) }, metadata.KindCorrupt, []string{"not a registry's database", "left as it is"}},
		"a short text":                 {func(t *testing.T, path string) { write(t, path, "x") }, metadata.KindCorrupt, []string{"not a registry's database"}},
		"another database":             {func(t *testing.T, path string) { execAt(t, path, "CREATE TABLE t (x)") }, metadata.KindCorrupt, []string{"not a registry's", "left as it is"}},
		"another database in WAL mode": {func(t *testing.T, path string) { execAt(t, path, "PRAGMA journal_mode = wal", "CREATE TABLE t (x)") }, metadata.KindCorrupt, []string{"not a registry's"}},
		"another program's database":   {func(t *testing.T, path string) { execAt(t, path, "PRAGMA application_id = 7", "CREATE TABLE t (x)") }, metadata.KindCorrupt, []string{"not a registry's"}},
		"a newer registry": {func(t *testing.T, path string) {
			whole(t, path)
			execAt(t, path, "PRAGMA user_version = 99", "PRAGMA wal_checkpoint(truncate)")
		}, metadata.KindCorrupt, []string{"format 99", "newer version"}},
		"a folder":            {func(t *testing.T, path string) { mkdir(t, path) }, metadata.KindCorrupt, []string{"not a file"}},
		"no folder":           {func(t *testing.T, path string) { remove(t, filepath.Dir(path)) }, metadata.KindUnavailable, []string{"folder"}},
		"a cut file":          {func(t *testing.T, path string) { whole(t, path); truncate(t, path, 8192) }, metadata.KindCorrupt, []string{"damaged", "backup"}},
		"a broken first page": {func(t *testing.T, path string) { whole(t, path); overwrite(t, path, 100, make([]byte, 3000)) }, metadata.KindCorrupt, []string{"damaged"}},
		"a lost table of formats": {func(t *testing.T, path string) {
			whole(t, path)
			execAt(t, path, "DROP TABLE "+versions, "PRAGMA wal_checkpoint(truncate)")
		}, metadata.KindCorrupt, []string{"damaged", "format 4"}},
		"formats that disagree": {func(t *testing.T, path string) {
			whole(t, path)
			execAt(t, path, "UPDATE "+versions+" SET is_applied = 0 WHERE version_id = 4", "PRAGMA wal_checkpoint(truncate)")
		}, metadata.KindCorrupt, []string{"damaged", "format 4"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "registry")
			mkdir(t, dir)
			path := filepath.Join(dir, "metadata.db")
			c.make(t, path)
			var before map[string]string
			if exists(dir) {
				before = folder(t, dir)
			}
			s, err := Open(t.Context(), path, Options{Logger: slog.New(slog.DiscardHandler)})
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			if metadata.KindOf(err) != c.kind {
				t.Errorf("got %s (%v), want %s", metadata.KindOf(err), err, c.kind)
			}
			for _, w := range append(c.words, path) {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the message %q does not mention %q", err, w)
				}
			}
			t.Log(err)
			if before == nil {
				return
			}
			after := folder(t, dir)
			for name, content := range before {
				if after[name] != content {
					t.Errorf("%s was changed", name)
				}
				delete(after, name)
			}
			for name := range after {
				// SQLite keeps its index of the WAL in a file; it holds no data.
				if !strings.HasSuffix(name, "-shm") && !strings.HasSuffix(name, "-wal") {
					t.Errorf("%s was made", name)
				}
				if strings.Contains(strings.Join(c.words, ""), "left") {
					t.Errorf("%s was made beside a file that is not ours", name)
				}
			}
		})
	}
}

// TestNewerInTheWAL is about a newer program that runs at the same time: what
// it wrote is in the WAL, not yet in the file's header.
func TestNewerInTheWAL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metadata.db")
	s := open(t, path)
	defer s.Close()
	if _, err := s.conn.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if h, err := readHeader(path); err != nil || h.userVersion == 99 {
		t.Fatalf("the header is %+v (%v), so this tests nothing", h, err)
	}
	_, err := Open(t.Context(), path, Options{})
	if metadata.KindOf(err) != metadata.KindCorrupt || !strings.Contains(err.Error(), "format 99") {
		t.Errorf("got %v, want the newer format to be named", err)
	}
}

// TestOpenGoesOn opens what a process left that was killed while it made a registry.
func TestOpenGoesOn(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T, path string){
		"an empty file": func(t *testing.T, path string) { write(t, path, "") },
		"claimed": func(t *testing.T, path string) {
			db, err := openDB(path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := claim(t.Context(), db, path); err != nil {
				t.Fatal(err)
			}
		},
		"with a table of formats only": func(t *testing.T, path string) {
			execAt(t, path, "PRAGMA application_id = 1380733273", "CREATE TABLE "+versions+" (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))", "INSERT INTO "+versions+" (version_id, is_applied) VALUES (0, 1)")
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "metadata.db")
			begin(t, path)
			s := open(t, path)
			defer s.Close()
			if n, err := s.CountUsers(t.Context()); err != nil || n != 0 {
				t.Errorf("%d users, %v", n, err)
			}
		})
	}
}

// TestPragmas reads back what the connections were told.
func TestPragmas(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "metadata.db"))
	defer s.Close()
	read, err := s.readDB.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	for name, conn := range map[string]*sql.Conn{"writer": s.conn, "reader": read} {
		want := map[string]string{"journal_mode": "wal", "foreign_keys": "1", "synchronous": "2", "busy_timeout": "30000", "trusted_schema": "0", "query_only": "0", "application_id": "1380733273", "user_version": "4"}
		if name == "reader" {
			want["query_only"] = "1"
		}
		for pragma, w := range want {
			var got string
			if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != w {
				t.Errorf("%s of the %s is %q (%v), want %q", pragma, name, got, err, w)
			}
		}
	}
	if _, err := read.ExecContext(t.Context(), "DELETE FROM users"); err == nil {
		t.Error("a reader can write")
	}
}

// TestHeader holds that what the header says can be read without SQLite.
func TestHeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metadata.db")
	whole(t, path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(b[68:72]) != "RLQY" || binary.BigEndian.Uint32(b[60:]) != schemaVersion {
		t.Errorf("header %q, version %d", b[68:72], binary.BigEndian.Uint32(b[60:]))
	}
	asked, err := askHeader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	read, err := readHeader(path)
	if err != nil || read != asked {
		t.Errorf("read %+v (%v), asked %+v", read, err, asked)
	}
}

// TestCloseLeavesOneFile holds that nothing but the database is left behind.
func TestCloseLeavesOneFile(t *testing.T) {
	s := sample(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name := range folder(t, filepath.Dir(s.path)) {
		if name != filepath.Base(s.path) {
			t.Errorf("%s is left", name)
		}
	}
}

// TestTwoStoresInOneProcess opens and closes a database beside a store that is
// at work on it, which must not cost it its locks.
func TestTwoStoresInOneProcess(t *testing.T) {
	s := sample(t)
	for range 3 {
		other := open(t, s.path)
		logVersion(t, other, "ann", "data", "from the other store")
		logVersion(t, s, "ann", "data", "from this one")
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.ReadFile(s.path); err != nil { // as a backup does
			t.Fatal(err)
		}
	}
	for _, p := range problems(t, s) {
		t.Error(p)
	}
}

// TestOpenEndsWithItsContext holds that waiting for another process does not
// outlive the caller.
func TestOpenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Open(ctx, filepath.Join(t.TempDir(), "metadata.db"), Options{})
	if metadata.KindOf(err) != metadata.KindCanceled {
		t.Errorf("got %v, want CANCELED", err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}
