package directory_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func md5Of(b []byte) string { s := md5.Sum(b); return base64.StdEncoding.EncodeToString(s[:]) }

// put stores bytes and returns their key.
func put(t *testing.T, d *directory.Directory, b []byte) string {
	t.Helper()
	info, err := d.Blobs.Put(t.Context(), bytes.NewReader(b), int64(len(b)), blobs.Digests{})
	if err != nil {
		t.Fatal(err)
	}
	return info.Key
}

// logged is a committed version and where its bytes are.
type logged struct {
	metadata.Artifact
	keys     map[string]string // by path
	manifest string            // key
}

// log commits a version with the given files, as the server does it. reference
// names those that are references.
func log(t *testing.T, d *directory.Directory, name string, contents map[string]string, references ...string) logged {
	t.Helper()
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	u, err := d.Metadata.UserByName(ctx, "local")
	ok(err)
	_, _, err = d.Metadata.EnsureProject(ctx, "local", "vision")
	ok(err)
	paths := slices.Sorted(maps.Keys(contents))
	h := md5.New()
	fmt.Fprintf(h, "wandb-artifact-manifest-v1\n")
	for _, path := range paths {
		fmt.Fprintf(h, "%s:%s\n", path, md5Of([]byte(contents[path])))
	}
	a, err := d.Metadata.CreateArtifact(ctx, metadata.NewArtifact{
		Entity: "local", Project: "vision", Type: "dataset", Sequence: name, UserID: u.ID, Digest: hex.EncodeToString(h.Sum(nil)),
	})
	ok(err)
	v := logged{keys: map[string]string{}}
	commit := metadata.Commit{ArtifactID: a.ID}
	entries := map[string]any{}
	for _, path := range paths {
		b := []byte(contents[path])
		entry := map[string]any{"digest": md5Of(b), "size": len(b)}
		f := metadata.File{Path: path, Digest: md5Of(b), Size: int64(len(b))}
		if slices.Contains(references, path) {
			f.Ref = "s3://bucket/" + path
			entry["ref"] = f.Ref
		} else {
			v.keys[path] = put(t, d, b)
			ok(d.Metadata.RecordFile(ctx, metadata.StoredFile{ArtifactID: a.ID, Digest: f.Digest, MD5: f.Digest, Key: v.keys[path], Size: f.Size}))
			f.BirthArtifactID, f.Key = a.ID, v.keys[path]
		}
		commit.Files = append(commit.Files, f)
		entries[path] = entry
	}
	manifest, err := json.Marshal(map[string]any{"version": 1, "contents": entries})
	ok(err)
	m, err := d.Metadata.CreateManifest(ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.FullManifest, Name: "wandb_manifest.json", Digest: md5Of(manifest)})
	ok(err)
	v.manifest = put(t, d, manifest)
	ok(d.Metadata.SetManifestKey(ctx, m.ID, v.manifest, int64(len(manifest))))
	commit.ManifestKey, commit.ManifestSize, commit.ManifestDigest = v.manifest, int64(len(manifest)), md5Of(manifest)
	v.Artifact, err = d.Metadata.CommitArtifact(ctx, commit)
	ok(err)
	return v
}

func check(t *testing.T, path string, o directory.CheckOptions) directory.Report {
	t.Helper()
	r, err := directory.Check(t.Context(), path, o)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	return r
}

func TestCheckSound(t *testing.T) {
	d := open(t, t.TempDir(), directory.Options{})
	log(t, d, "train", map[string]string{"a.txt": "hello", "b/c.txt": "", "far": "away"}, "far")
	log(t, d, "train", map[string]string{"a.txt": "hello", "b/ä.txt": "again"})
	log(t, d, "empty", map[string]string{})
	var told int
	for _, deep := range []bool{false, true} {
		before := files(t, d.Path)
		r := check(t, d.Path, directory.CheckOptions{Deep: deep, Progress: func(string) { told++ }})
		if len(r.Problems) != 0 || r.Versions != 3 || r.Files != 5 || r.Blobs != 6 || r.Deep != deep || r.Bytes < 10 || r.FreeBytes != 0 {
			t.Errorf("the report is %+v", r)
		}
		if after := files(t, d.Path); !maps.Equal(before, after) {
			t.Error("the check changed something")
		}
		text, err := json.Marshal(r)
		if err != nil || !strings.Contains(string(text), `"problems":[]`) {
			t.Errorf("as JSON: %s, %v", text, err)
		}
	}
	if told == 0 {
		t.Error("no progress was told")
	}
}

// TestCheckDamage damages a registry in one way at a time.
func TestCheckDamage(t *testing.T) {
	blobFile := func(d *directory.Directory, key string) string {
		return filepath.Join(d.Path, "blobs", "sha256", key[:2], key)
	}
	overwrite := func(t *testing.T, path, text string) {
		t.Helper()
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(t *testing.T, path string) {
		t.Helper()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	// The rows are changed behind the back of the metadata's own rules.
	query := func(t *testing.T, d *directory.Directory, query string, args ...any) {
		t.Helper()
		db, err := sql.Open("sqlite", filepath.Join(d.Path, "metadata.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		r, err := db.Exec(query, args...)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := r.RowsAffected(); n == 0 || err != nil {
			t.Fatalf("nothing was changed: %v", err)
		}
	}

	for name, damage := range map[string]struct {
		do      func(t *testing.T, d *directory.Directory, v logged)
		deep    bool
		subject string
		says    string
		errors  int
		notes   int
	}{
		"a file is missing": {
			do:      func(t *testing.T, d *directory.Directory, v logged) { remove(t, blobFile(d, v.keys["a.txt"])) },
			subject: "local/vision/train:v0", says: `1 of its 3 files cannot be had: "a.txt" is missing`, errors: 1},
		"all files are missing": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				for _, key := range v.keys {
					remove(t, blobFile(d, key))
				}
			},
			subject: "local/vision/train:v0", says: `2 of its 3 files`, errors: 1},
		"a file is cut short": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				overwrite(t, blobFile(d, v.keys["a.txt"]), "hell")
			},
			subject: "local/vision/train:v0", says: "has 4 bytes instead of 5", errors: 1},
		"a bit flipped, deep": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				overwrite(t, blobFile(d, v.keys["a.txt"]), "hellp")
			},
			deep: true, subject: "local/vision/train:v0", says: "other bytes than were stored", errors: 1},
		"a bit flipped, not deep": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				overwrite(t, blobFile(d, v.keys["a.txt"]), "hellp")
			}},
		"the manifest is missing": {
			do:      func(t *testing.T, d *directory.Directory, v logged) { remove(t, blobFile(d, v.manifest)) },
			subject: "local/vision/train:v0", says: "its manifest is missing", errors: 1},
		"the manifest is another": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				b, err := os.ReadFile(blobFile(d, v.manifest))
				if err != nil {
					t.Fatal(err)
				}
				overwrite(t, blobFile(d, v.manifest), strings.Replace(string(b), `"size":5`, `"size":6`, 1))
			},
			subject: "local/vision/train:v0", says: "", errors: 2}, // its MD5, and the entry
		"the manifest is no JSON": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				fi, err := os.Stat(blobFile(d, v.manifest))
				if err != nil {
					t.Fatal(err)
				}
				overwrite(t, blobFile(d, v.manifest), strings.Repeat("{", int(fi.Size())))
			},
			subject: "local/vision/train:v0", says: "its manifest cannot be read", errors: 1},
		"an orphan": {
			do:      func(t *testing.T, d *directory.Directory, v logged) { put(t, d, []byte("nobody's")) },
			subject: "blobs/sha256", says: "1 stored files (8 B) belong to nothing", notes: 1},
		"a run file is missing": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				run, _, err := d.Metadata.UpsertRun(t.Context(), metadata.RunUpdate{Entity: "local", Project: "vision", Name: "r"})
				if err != nil {
					t.Fatal(err)
				}
				key := put(t, d, []byte("a line"))
				if err := d.Metadata.PutRunFile(t.Context(), run.ID, metadata.RunFile{Name: "output.log", Key: key, Size: 6}); err != nil {
					t.Fatal(err)
				}
				remove(t, blobFile(d, key))
			},
			subject: "blobs/sha256/", says: "is missing", errors: 1},
		"an old temporary file": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				path := filepath.Join(d.Path, "blobs", "tmp", "put-1")
				if err := os.WriteFile(path, []byte("xyz"), 0o600); err != nil {
					t.Fatal(err)
				}
				old := time.Now().Add(-25 * time.Hour)
				if err := os.Chtimes(path, old, old); err != nil {
					t.Fatal(err)
				}
			},
			subject: "blobs/tmp/put-1", says: "left from 25h", notes: 1},
		"a new temporary file": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				if err := os.WriteFile(filepath.Join(d.Path, "blobs", "tmp", "put-1"), []byte("xyz"), 0o600); err != nil {
					t.Fatal(err)
				}
			}},
		"others can read the secret": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				if err := os.Chmod(filepath.Join(d.Path, "secret"), 0o644); err != nil {
					t.Fatal(err)
				}
			},
			subject: "secret", says: "mode 0644", errors: 1},
		"a key of nobody": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				overwrite(t, d.CredentialsPath(), `{"username":"local","api_key":"`+strings.Repeat("0", 40)+`"}`)
			},
			subject: "credentials.json", says: "not one of user", errors: 1},
		"a damaged key file": {
			do:      func(t *testing.T, d *directory.Directory, v logged) { overwrite(t, d.CredentialsPath(), "{") },
			subject: "credentials.json", says: "is damaged", errors: 1},
		"no key file": {
			do: func(t *testing.T, d *directory.Directory, v logged) { remove(t, d.CredentialsPath()) }},
		"a row with another digest": {
			do: func(t *testing.T, d *directory.Directory, v logged) {
				query(t, d, "UPDATE files SET digest = ? WHERE artifact_id = ? AND path = 'far'", md5Of(nil), v.ID)
			},
			subject: "local/vision/train:v0", says: "", errors: 2}, // the manifest, and the digest of the whole
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, t.TempDir(), directory.Options{})
			v := log(t, d, "train", map[string]string{"a.txt": "hello", "b/c.txt": "", "far": "away"}, "far")
			log(t, d, "train", map[string]string{"other": "words"}) // stays whole
			damage.do(t, d, v)
			before := files(t, d.Path)
			r := check(t, d.Path, directory.CheckOptions{Deep: damage.deep})
			if r.Errors() != damage.errors || r.Notes() != damage.notes {
				t.Errorf("%d errors and %d notes, want %d and %d: %+v", r.Errors(), r.Notes(), damage.errors, damage.notes, r.Problems)
			}
			for _, p := range r.Problems {
				if !strings.HasPrefix(p.Subject, damage.subject) || !strings.Contains(p.Message, damage.says) || p.Advice == "" {
					t.Errorf("got the problem %+v, want one about %s that says %q", p, damage.subject, damage.says)
				}
			}
			if after := files(t, d.Path); !maps.Equal(before, after) {
				t.Error("the check changed something")
			}
		})
	}
}

// TestCheckBeside checks a registry while versions are logged and deleted: what
// is under way is not damage.
func TestCheckBeside(t *testing.T) {
	d := open(t, t.TempDir(), directory.Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 60 {
			v := log(t, d, "train", map[string]string{"a": fmt.Sprint(i), "b": fmt.Sprint(i + 1)})
			if i%3 == 0 {
				if _, err := d.Metadata.DeleteArtifact(context.Background(), v.ID, true); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if r := check(t, d.Path, directory.CheckOptions{Deep: true}); r.Errors() > 0 {
			t.Fatalf("%+v", r)
		}
	}
	if r := check(t, d.Path, directory.CheckOptions{}); r.Versions != 40 {
		t.Errorf("%d versions", r.Versions)
	}
}

func TestCheckRefused(t *testing.T) {
	d := open(t, t.TempDir(), directory.Options{})
	d.Close()
	for _, name := range []string{"secret", "blobs/tmp", "blobs/uploads"} {
		if err := os.RemoveAll(filepath.Join(d.Path, name)); err != nil {
			t.Fatal(err)
		}
		before := files(t, d.Path)
		if _, err := directory.Check(t.Context(), d.Path, directory.CheckOptions{}); metadata.KindOf(err) != metadata.KindCorrupt || !strings.Contains(err.Error(), "reliquary serve") {
			t.Errorf("without %s: %v", name, err)
		}
		if after := files(t, d.Path); !maps.Equal(before, after) {
			t.Error("the check changed something")
		}
		open(t, d.Path, directory.Options{}).Close()
		if r := check(t, d.Path, directory.CheckOptions{}); r.Errors() > 0 {
			t.Errorf("opened again without %s: %+v", name, r)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	log(t, open(t, d.Path, directory.Options{}), "train", map[string]string{"a": "x"})
	_, err := directory.Check(ctx, d.Path, directory.CheckOptions{Progress: func(string) { cancel() }})
	if metadata.KindOf(err) != metadata.KindCanceled {
		t.Errorf("an ended check: %v", err)
	}
}
