package metadatatest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func fileTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"stored bytes are found by digest": func(t *testing.T, r *registry) {
			a, b := r.pending("train"), r.pending("test")
			f := r.store(a, "f", "one")
			r.store(b, "f", "one")
			r.store(b, "g", "two")
			got, err := r.StoredFile(r.ctx, a.ID, f.Digest)
			r.ok(err)
			same(t, "stored", got, metadata.StoredFile{ArtifactID: a.ID, Digest: f.Digest, MD5: f.Digest, Key: f.Key, Size: 3})
			_, err = r.StoredFile(r.ctx, a.ID, digestOf("two"))
			r.fails(err, metadata.KindNotFound)
			found, err := r.StoredFiles(r.ctx, r.user.EntityID, []string{f.Digest, digestOf("two"), digestOf("three"), f.Digest})
			r.ok(err)
			if len(found) != 2 || found[f.Digest].ArtifactID != a.ID || found[digestOf("two")].ArtifactID != b.ID {
				t.Errorf("found %+v", found)
			}
			of, err := r.StoredFilesOf(r.ctx, b.ID, []string{f.Digest, digestOf("two"), digestOf("three")})
			r.ok(err)
			if len(of) != 2 || of[f.Digest].ArtifactID != b.ID {
				t.Errorf("found %+v", of)
			}
			none, err := r.StoredFiles(r.ctx, r.user.EntityID, nil)
			r.ok(err)
			if len(none) != 0 {
				t.Errorf("found %+v for nothing", none)
			}
		},
		"never in another entity": func(t *testing.T, r *registry) {
			f := r.store(r.pending("train"), "f", "secret")
			eve, err := r.CreateUser(r.ctx, metadata.NewUser{Username: "eve", KeySHA256: [32]byte{9}})
			r.ok(err)
			found, err := r.StoredFiles(r.ctx, eve.EntityID, []string{f.Digest})
			r.ok(err)
			if len(found) != 0 {
				t.Errorf("found %+v", found)
			}
		},
		"other bytes never replace the first": func(t *testing.T, r *registry) {
			a := r.pending("train")
			f := r.store(a, "f", "one")
			r.ok(r.RecordFile(r.ctx, metadata.StoredFile{ArtifactID: a.ID, Digest: f.Digest, MD5: f.Digest, Key: f.Key, Size: 3}))
			r.fails(r.RecordFile(r.ctx, metadata.StoredFile{ArtifactID: a.ID, Digest: f.Digest, MD5: f.Digest, Key: keyOf("forged"), Size: 3}), metadata.KindConflict, f.Digest)
			got, err := r.StoredFile(r.ctx, a.ID, f.Digest)
			r.ok(err)
			same(t, "key", got.Key, f.Key)
			r.fails(r.RecordFile(r.ctx, metadata.StoredFile{ArtifactID: 999, Digest: "d", Key: f.Key}), metadata.KindNotFound)
			r.fails(r.RecordFile(r.ctx, metadata.StoredFile{ArtifactID: a.ID, Digest: "", Key: f.Key}), metadata.KindInvalid)
			r.fails(r.RecordFile(r.ctx, metadata.StoredFile{ArtifactID: a.ID, Digest: "d", Key: "zz"}), metadata.KindInvalid)
			r.fails(r.RecordFile(r.ctx, metadata.StoredFile{ArtifactID: a.ID, Digest: "d", Key: f.Key, Size: -1}), metadata.KindInvalid)
		},
		"many uploads are judged one by one": func(t *testing.T, r *registry) {
			a, b := r.pending("train"), r.pending("test")
			f := r.store(a, "f", "one")
			file := func(artifact int64, digest, content string) metadata.StoredFile {
				return metadata.StoredFile{ArtifactID: artifact, Digest: digest, MD5: digest, Key: keyOf(content), Size: int64(len(content))}
			}
			if errs := r.RecordFiles(r.ctx, nil); len(errs) != 0 {
				t.Errorf("of none: %v", errs)
			}
			errs := r.RecordFiles(r.ctx, []metadata.StoredFile{
				file(a.ID, f.Digest, "one"), file(a.ID, f.Digest, "forged"), file(a.ID, "two", "two"), file(b.ID, "two", "two"),
				file(999, "two", "two"), file(a.ID, "", "two"), file(a.ID, "two", "two"), file(a.ID, "two", "other"),
			})
			kinds := []metadata.Kind{"", metadata.KindConflict, "", "", metadata.KindNotFound, metadata.KindInvalid, "", metadata.KindConflict}
			for i, err := range errs {
				if kinds[i] == "" {
					r.ok(err)
				} else {
					r.fails(err, kinds[i])
				}
			}
			for _, artifact := range []int64{a.ID, b.ID} {
				got, err := r.StoredFile(r.ctx, artifact, "two")
				r.ok(err)
				same(t, "stored", got, file(artifact, "two", "two"))
			}
			ended, cancel := context.WithCancel(r.ctx)
			cancel()
			errs = r.RecordFiles(ended, []metadata.StoredFile{file(a.ID, "late", "late"), file(a.ID, "", "late")})
			r.fails(errs[0], metadata.KindCanceled)
			r.fails(errs[1], metadata.KindInvalid)
		},
		"files by name and prefix": func(t *testing.T, r *registry) {
			a := r.pending("train")
			f := r.store(a, "", "x")
			var files []metadata.File
			for _, path := range []string{"a", "a/1", "a/2", "a0", "b/é", "b/ü/x", "B", "b%_", "b?*", "日本"} {
				f.Path = path
				files = append(files, f)
			}
			a = r.finish(a, files...)
			for _, c := range []struct {
				o    metadata.FileOptions
				want string
			}{
				{metadata.FileOptions{}, "B a a/1 a/2 a0 b%_ b/é b/ü/x b?* 日本"},
				{metadata.FileOptions{Prefix: "a/"}, "a/1 a/2"},
				{metadata.FileOptions{Prefix: "a"}, "a a/1 a/2 a0"},
				{metadata.FileOptions{Prefix: "b/é"}, "b/é"},
				{metadata.FileOptions{Prefix: "b%"}, "b%_"},
				{metadata.FileOptions{Prefix: "日"}, "日本"},
				{metadata.FileOptions{Prefix: "c"}, ""},
				{metadata.FileOptions{Names: []string{"b/é", "a", "none", "a"}}, "a b/é"},
				{metadata.FileOptions{Names: []string{}}, ""},
				{metadata.FileOptions{Names: []string{"a", "b/é"}, Prefix: "b"}, "b/é"},
			} {
				same(t, fmt.Sprintf("files %+v", c.o), texts(r.files(a.ID, c.o), filePath), c.want)
				n, err := r.CountFiles(r.ctx, a.ID, c.o)
				r.ok(err)
				same(t, fmt.Sprintf("count %+v", c.o), n, len(r.files(a.ID, c.o)))
			}
			o, err := metadata.ParseOrder("-name")
			r.ok(err)
			same(t, "backwards", texts(r.files(a.ID, metadata.FileOptions{Prefix: "a/", Page: metadata.Page{Order: o}}), filePath), "a/2 a/1")
		},
		"every key that is needed, once": func(t *testing.T, r *registry) {
			a := r.pending("train")
			f := r.store(a, "f", "one")
			g := f
			g.Path = "g"
			r.store(a, "h", "uploaded, not committed")
			m, err := r.CreateManifest(r.ctx, metadata.Manifest{ArtifactID: a.ID, Type: metadata.PatchManifest, Name: "p", Digest: "d"})
			r.ok(err)
			r.ok(r.SetManifestKey(r.ctx, m.ID, keyOf("patch"), 5))
			r.ok(r.PutRunFile(r.ctx, r.run.ID, metadata.RunFile{Name: "output.log", Key: keyOf("log"), Size: 3}))
			a = r.finish(a, f, g)
			want := map[string]int64{f.Key: 3, keyOf("uploaded, not committed"): 23, keyOf("patch"): 5, keyOf("log"): 3, commitOf(a).ManifestKey: commitOf(a).ManifestSize}
			got := map[string]int64{}
			r.ok(r.Keys(r.ctx, func(key string, size int64) error {
				if _, twice := got[key]; twice {
					t.Errorf("%s comes twice", key)
				}
				got[key] = size
				return nil
			}))
			same(t, "keys", got, want)
			stop := errors.New("enough")
			n := 0
			if err := r.Keys(r.ctx, func(string, int64) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
				t.Errorf("stopped after %d with %v", n, err)
			}
		},
	}
}
