package metadatatest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func (r *registry) files(id int64, o metadata.FileOptions) []metadata.File {
	r.t.Helper()
	return walk(r.t, 3, func(p metadata.Page) (metadata.Connection[metadata.File], error) {
		o := o
		o.First, o.After = p.First, p.After
		return r.ListFiles(r.ctx, id, o)
	}, o.Page)
}

func filePath(f metadata.File) string { return f.Path }

func commitTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"a commit makes a version whole": func(t *testing.T, r *registry) {
			a := r.pending("train", aliases("best", "latest"))
			f := r.store(a, "b.txt", "hello")
			g := r.store(a, "a/c.txt", "")
			ref := metadata.File{Path: "far", Digest: "etag", Size: 100, Ref: "s3://bucket/far", Extra: `{"etag":"etag"}`}
			g.Extra = `{"alg":"x"}`
			a = r.finish(a, f, ref, g)
			if *a.VersionIndex != 0 || a.Size != 105 || a.FileCount != 3 {
				t.Errorf("committed %+v", a)
			}
			want := []metadata.File{g, f, ref}
			same(t, "files", r.files(a.ID, metadata.FileOptions{}), want)
			m, err := r.Membership(r.ctx, a.SequenceID, "best")
			r.ok(err)
			same(t, "the version in its sequence", m.Artifact, a)
			if m.VersionIndex != 0 || m.Collection != "train" || m.Kind != metadata.Sequence || m.Project != "vision" || m.Entity != "ann" || m.EntityID != r.user.EntityID || m.CreatedAt.IsZero() {
				t.Errorf("membership %+v", m)
			}
			out, err := r.RunArtifacts(r.ctx, r.run.ID, metadata.Output, metadata.Page{})
			r.ok(err)
			if len(out.Edges) != 1 || out.Edges[0].Node.ID != a.ID {
				t.Errorf("outputs %+v", out)
			}
			latest, err := r.LatestArtifact(r.ctx, a.SequenceID)
			r.ok(err)
			same(t, "latest", latest, a)
		},
		"committing again changes nothing": func(t *testing.T, r *registry) {
			a := r.pending("train")
			c := commitOf(a, r.store(a, "f", "x"))
			first, err := r.CommitArtifact(r.ctx, c)
			r.ok(err)
			again, err := r.CommitArtifact(r.ctx, c)
			r.ok(err)
			same(t, "committed again", again, first)
			same(t, "versions", texts(r.versions(a.SequenceID, ""), versionOf), "v0")
		},
		"numbers have no gaps and are not used again": func(t *testing.T, r *registry) {
			abandoned := r.pending("train")
			v0, v1 := r.commit("train"), r.commit("train")
			_, err := r.DeleteArtifact(r.ctx, v1.ID, true)
			r.ok(err)
			v2 := r.commit("train")
			_, err = r.DeleteArtifact(r.ctx, v0.ID, true)
			r.ok(err)
			v3 := r.finish(abandoned)
			same(t, "numbers", []int{*v0.VersionIndex, *v1.VersionIndex, *v2.VersionIndex, *v3.VersionIndex}, []int{0, 1, 2, 3})
			if got := r.at(v3.SequenceID, "latest"); got != 3 {
				t.Errorf("latest is v%d", got)
			}
		},
		"bytes must be stored": func(t *testing.T, r *registry) {
			a := r.pending("train")
			ok := r.store(a, "there", "x")
			files := []metadata.File{ok}
			for i := range 9 {
				files = append(files, metadata.File{Path: fmt.Sprint("gone", i), Digest: fmt.Sprint("no", i), Size: 1, BirthArtifactID: a.ID})
			}
			_, err := r.CommitArtifact(r.ctx, commitOf(a, files...))
			r.fails(err, metadata.KindConflict, "gone0", "more", "upload")
			got, err := r.ArtifactByID(r.ctx, a.ID)
			r.ok(err)
			same(t, "after a refused commit", got, a)
			if n, err := r.CountFiles(r.ctx, a.ID, metadata.FileOptions{}); err != nil || n != 0 {
				t.Errorf("a refused commit left %d files (%v)", n, err)
			}
			a = r.finish(a, ok)
			same(t, "its number", *a.VersionIndex, 0)
		},
		"bytes of an earlier version count": func(t *testing.T, r *registry) {
			a := r.pending("train")
			f := r.store(a, "f", "content")
			a = r.finish(a, f)
			b := r.pending("test")
			b = r.finish(b, metadata.File{Path: "copy", Digest: f.Digest, BirthArtifactID: a.ID})
			got := r.files(b.ID, metadata.FileOptions{})
			if len(got) != 1 || got[0].Key != f.Key || got[0].Size != f.Size || got[0].BirthArtifactID != a.ID || b.Size != f.Size {
				t.Errorf("files %+v of %+v", got, b)
			}
			_, err := r.DeleteArtifact(r.ctx, a.ID, true)
			r.ok(err)
			c := r.pending("test")
			r.finish(c, metadata.File{Path: "copy", Digest: f.Digest, BirthArtifactID: a.ID})
		},
		"files of a base are taken over": func(t *testing.T, r *registry) {
			a := r.pending("train")
			one, two, three := r.store(a, "one", "1"), r.store(a, "two", "22"), r.store(a, "three", "333")
			three.Extra = `{"k": "v"}`
			ref := metadata.File{Path: "ref", Digest: "etag", Size: 5, Ref: "s3://bucket/key"}
			a = r.finish(a, one, two, three, ref)

			b := r.pending("train")
			c := commitOf(b, r.store(b, "two", "changed"), r.store(b, "zero", "0"))
			c.Base = &metadata.CommitBase{ArtifactID: a.ID, Without: []string{"one", "two"}, Files: 2}
			b, err := r.CommitArtifact(r.ctx, c)
			r.ok(err)
			same(t, "count and size", []int64{int64(b.FileCount), b.Size}, []int64{4, 7 + 1 + 3 + 5})
			var took []metadata.File
			for _, f := range r.files(b.ID, metadata.FileOptions{}) {
				if f.Path == "ref" || f.Path == "three" {
					took = append(took, f)
				}
			}
			same(t, "taken over", took, []metadata.File{ref, three})

			// What was taken over outlives the version that brought it.
			_, err = r.DeleteArtifact(r.ctx, a.ID, true)
			r.ok(err)
			_, err = r.Collect(r.ctx, metadata.Retention{Deleted: r.clock.now().Add(time.Hour), Uploads: r.clock.now(), Audit: r.clock.now()})
			r.ok(err)
			if _, err := r.StoredFile(r.ctx, a.ID, three.Digest); err != nil {
				t.Errorf("what was taken over: %v", err)
			}
			if _, err := r.StoredFile(r.ctx, a.ID, one.Digest); !metadata.IsNotFound(err) {
				t.Errorf("what was not: %v", err)
			}
			r.ok(r.Check(r.ctx, func(problem string) { t.Error(problem) }))
		},
		"a base that is none": func(t *testing.T, r *registry) {
			a := r.commit("train")
			gone := r.commit("train")
			_, err := r.DeleteArtifact(r.ctx, gone.ID, true)
			r.ok(err)
			_, err = r.CreateUser(r.ctx, metadata.NewUser{Username: "eve", KeySHA256: [32]byte{9}})
			r.ok(err)
			_, _, err = r.EnsureProject(r.ctx, "eve", "p")
			r.ok(err)
			theirs := r.pending("mine", func(n *metadata.NewArtifact) { n.Entity, n.Project, n.RunName = "eve", "p", "" })
			b := r.pending("train")
			for name, try := range map[string]struct {
				of   metadata.Artifact
				base metadata.CommitBase
			}{
				"more files than were said": {b, metadata.CommitBase{ArtifactID: a.ID}},
				"fewer files":               {b, metadata.CommitBase{ArtifactID: a.ID, Without: []string{"data.txt"}, Files: 1}},
				"deleted":                   {b, metadata.CommitBase{ArtifactID: gone.ID, Files: 1}},
				"unknown":                   {b, metadata.CommitBase{ArtifactID: 999, Files: 1}},
				"pending":                   {b, metadata.CommitBase{ArtifactID: r.pending("other").ID}},
				"itself":                    {b, metadata.CommitBase{ArtifactID: b.ID}},
				"of another entity":         {theirs, metadata.CommitBase{ArtifactID: a.ID, Files: 1}},
			} {
				c := commitOf(try.of)
				c.Base = &try.base
				_, err := r.CommitArtifact(r.ctx, c)
				r.fails(err, metadata.KindConflict)
				if !errors.Is(err, metadata.ErrBase) {
					t.Errorf("%s: %v is no ErrBase", name, err)
				}
			}
			if b = r.finish(b); b.FileCount != 0 {
				t.Errorf("%d files are left of what was refused", b.FileCount)
			}
		},
		"bytes of another entity do not": func(t *testing.T, r *registry) {
			a := r.pending("train")
			f := r.store(a, "secret", "content")
			r.finish(a, f)
			_, err := r.CreateUser(r.ctx, metadata.NewUser{Username: "eve", KeySHA256: [32]byte{9}})
			r.ok(err)
			_, _, err = r.EnsureProject(r.ctx, "eve", "p")
			r.ok(err)
			theft := r.pending("mine", func(n *metadata.NewArtifact) { n.Entity, n.Project, n.RunName = "eve", "p", "" })
			_, err = r.CommitArtifact(r.ctx, commitOf(theft, f))
			r.fails(err, metadata.KindConflict, "secret")
		},
		"a birth artifact of 0 is the artifact itself": func(t *testing.T, r *registry) {
			a := r.pending("train")
			f := r.store(a, "f", "x")
			f.BirthArtifactID, f.Key, f.Size = 0, "", 77
			a = r.finish(a, f)
			got := r.files(a.ID, metadata.FileOptions{})
			if len(got) != 1 || got[0].BirthArtifactID != a.ID || got[0].Key != keyOf("x") || got[0].Size != 1 || a.Size != 1 {
				t.Errorf("files %+v", got)
			}
		},
		"malformed manifests are refused": func(t *testing.T, r *registry) {
			a := r.pending("train")
			f := r.store(a, "f", "x")
			with := func(change func(*metadata.Commit)) metadata.Commit {
				c := commitOf(a, f)
				change(&c)
				return c
			}
			for what, c := range map[string]metadata.Commit{
				"twice":     commitOf(a, f, f),
				"no name":   commitOf(a, metadata.File{Digest: "x"}),
				"zero byte": commitOf(a, metadata.File{Path: "a\x00b", Digest: "x"}),
				"UTF-8":     commitOf(a, metadata.File{Path: "a\xff", Digest: "x"}),
				"-1":        commitOf(a, metadata.File{Path: "f", Digest: "x", Ref: "s3://x", Size: -1}),
				"extra":     commitOf(a, metadata.File{Path: "f", Digest: "x", Ref: "s3://x", Extra: "{"}),
				"SHA-256":   with(func(c *metadata.Commit) { c.ManifestKey = "ABC" }),
				"-5":        with(func(c *metadata.Commit) { c.ManifestSize = -5 }),
			} {
				_, err := r.CommitArtifact(r.ctx, c)
				r.fails(err, metadata.KindInvalid, what)
			}
			_, err := r.CommitArtifact(r.ctx, metadata.Commit{ArtifactID: 999, ManifestKey: keyOf("m")})
			r.fails(err, metadata.KindNotFound, "999")
			r.finish(a, f)
		},
		"an empty version": func(t *testing.T, r *registry) {
			a := r.finish(r.pending("train"))
			if a.Size != 0 || a.FileCount != 0 {
				t.Errorf("committed %+v", a)
			}
		},
		"the digest may be known at the commit only": func(t *testing.T, r *registry) {
			a := r.pending("train", digest("part"))
			c := commitOf(a)
			c.Digest = "whole"
			a, err := r.CommitArtifact(r.ctx, c)
			r.ok(err)
			same(t, "digest", a.Digest, "whole")
			same2, err := r.CreateArtifact(r.ctx, r.fresh("train", digest("whole"), deduplicated))
			r.ok(err)
			same(t, "deduplicated", same2.ID, a.ID)
		},
		"ten thousand files": func(t *testing.T, r *registry) {
			a := r.pending("train")
			f := r.store(a, "", "x")
			files := make([]metadata.File, 10_000)
			for i := range files {
				files[i] = f
				files[i].Path = fmt.Sprintf("d%02d/f%05d", i%100, i)
			}
			a = r.finish(a, files...)
			if a.FileCount != len(files) || a.Size != int64(len(files)) {
				t.Errorf("committed %+v", a)
			}
			c, err := r.ListFiles(r.ctx, a.ID, metadata.FileOptions{Page: metadata.Page{First: 5000}})
			r.ok(err)
			d, err := r.ListFiles(r.ctx, a.ID, metadata.FileOptions{Page: metadata.Page{First: 5000, After: c.EndCursor()}})
			r.ok(err)
			if len(c.Edges) != 5000 || !c.HasNextPage || len(d.Edges) != 5000 || d.HasNextPage || c.Edges[4999].Node.Path >= d.Edges[0].Node.Path {
				t.Errorf("pages of %d and %d", len(c.Edges), len(d.Edges))
			}
		},
	}
}
