package artifacts_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// wandbSays is what a script printed as its last line.
func wandbSays[T any](t *testing.T, out servertest.Output) T {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out.Stdout), "\n")
	var v T
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil {
		t.Fatalf("%v in\n%s\n%s", err, out.Stdout, out.Stderr)
	}
	return v
}

// entry is an entry as the wandb package sees it.
type entry struct {
	Digest string         `json:"digest"`
	Size   *int64         `json:"size"`
	Ref    *string        `json:"ref"`
	Extra  map[string]any `json:"extra"`
}

type seen struct {
	Digest   string            `json:"digest"`
	Entries  map[string]entry  `json:"entries"`
	Files    map[string]string `json:"files"`
	Name     string            `json:"name"`
	Metadata map[string]any    `json:"metadata"`
}

// The helpers of the scripts below.
const scriptHead = `
import json, os, sys, hashlib, wandb
def files(root):
    out = {}
    for d, _, names in os.walk(root):
        for n in names:
            p = os.path.join(d, n)
            out[os.path.relpath(p, root)] = hashlib.sha256(open(p, "rb").read()).hexdigest()[:8]
    return out
def show(a, root=None):
    entries = {p: {"digest": e.digest, "size": e.size, "ref": e.ref, "extra": e.extra} for p, e in a.manifest.entries.items()}
    print(json.dumps({"digest": a.digest, "entries": entries, "files": files(root) if root else {}, "name": a.qualified_name if root else "", "metadata": a.metadata}))
`

func sums(files map[string]string) map[string]string {
	out := map[string]string{}
	for name, content := range files {
		out[name] = sumOf(content)
	}
	return out
}

// fileFetches counts requests for the bytes of files.
func fileFetches(r *servertest.Registry) int {
	n := 0
	for _, q := range r.Requests() {
		if q.Method == http.MethodGet && !strings.Contains(q.Path, "wandb_manifest.json") && q.Operation == "" && q.Path != "/" {
			n++
		}
	}
	return n
}

// TestWandb: what we log, the wandb package reads, downloads and verifies; what
// it logs, we do; the same contents have the same digest; and each finds in the
// cache what the other has put there.
func TestWandb(t *testing.T) {
	for _, version := range servertest.Versions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			py := b.Python(t, version)
			ctx := t.Context()
			dir := folder(t, sample)
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/tagged.txt" {
					w.Header().Set("ETag", `"tag-1"`)
				}
				w.Write([]byte("from the web"))
			}))
			defer web.Close()

			build := func(name string) *artifacts.Draft {
				t.Helper()
				d, err := artifacts.NewArtifact("dataset", name)
				err = errors.Join(err,
					d.AddDir(dir, "data", nil),
					d.AddFile(filepath.Join(dir, "train.csv"), "one.csv"),
					d.AddReference("file://"+dir, "refs", nil),
					d.AddReference("file://"+dir+"/noise.bin", "", nil),
					d.AddReference("file://"+dir+"/empty", "unchecked", &artifacts.ReferenceOptions{NoChecksum: true}),
					d.AddReference(web.URL+"/tagged.txt", "", nil),
					d.AddReference(web.URL+"/plain.txt", "web/plain.txt", nil),
					d.AddReference(web.URL+"/plain.txt", "web/unchecked.txt", &artifacts.ReferenceOptions{NoChecksum: true}),
				)
				if err != nil {
					t.Fatal(err)
				}
				d.Metadata = []byte(`{"rows":1}`)
				return d
			}
			const scriptBuild = `
dir, web = sys.argv[1:3]
a = wandb.Artifact(sys.argv[3], "dataset", metadata={"rows": 1})
a.add_dir(dir, name="data")
a.add_file(dir + "/train.csv", name="one.csv")
a.add_reference("file://" + dir, name="refs")
a.add_reference("file://" + dir + "/noise.bin")
a.add_reference("file://" + dir + "/empty", name="unchecked", checksum=False)
a.add_reference(web + "/tagged.txt")
a.add_reference(web + "/plain.txt", name="web/plain.txt")
a.add_reference(web + "/plain.txt", name="web/unchecked.txt", checksum=False)
`
			theirs := wandbSays[seen](t, py.Run(t, scriptHead+scriptBuild+`
with wandb.init(project="vision", settings=wandb.Settings(silent=True)) as run:
    run.log_artifact(a).wait()
show(a)
`, dir, web.URL, "theirs"))
			ours := b.logDraft(build("ours"), nil)

			// The same contents, the same digest, entry by entry.
			m, err := ours.Manifest(ctx)
			if err != nil {
				t.Fatal(err)
			}
			mine := seen{Digest: m.Digest(), Entries: map[string]entry{}, Files: map[string]string{}, Metadata: map[string]any{"rows": 1.0}}
			for e := range m.All() {
				one := entry{Digest: e.Digest, Extra: map[string]any{}}
				if e.Size < 0 {
					e.Size = 0 // as their helper writes it
				}
				one.Size = &e.Size
				if e.Ref != "" {
					one.Ref = &e.Ref
				}
				if e.Extra != nil {
					if err := json.Unmarshal(e.Extra, &one.Extra); err != nil {
						t.Fatal(err)
					}
				}
				mine.Entries[e.Path] = one
			}
			if diff := cmp.Diff(theirs, mine); diff != "" {
				t.Errorf("(-theirs +ours)\n%s", diff)
			}
			if ours.Digest != theirs.Digest {
				t.Errorf("digest %s, theirs %s", ours.Digest, theirs.Digest)
			}
			// Logged where theirs is, it is the version that is there.
			if same := b.logDraft(build("theirs"), nil); !same.Existed || same.Version != "v0" {
				t.Errorf("into theirs: existed %v, %s", same.Existed, same.Version)
			}

			// They download what we logged: in a cache of their own, so that all comes from the registry.
			plain := b.log("plain", sample)
			got := wandbSays[seen](t, py.Run(t, scriptHead+`
a = wandb.Api().artifact(sys.argv[1])
root = a.download(root="there")
a.verify(root=root)
show(a, root)
`, plain.QualifiedName()))
			if got.Digest != plain.Digest {
				t.Errorf("they see digest %s, we %s", got.Digest, plain.Digest)
			}
			if diff := cmp.Diff(sums(sample), got.Files); diff != "" {
				t.Errorf("they downloaded (-want +got)\n%s", diff)
			}

			// What they have in their cache we do not fetch.
			shared := filepath.Join(py.Home, "cache", "artifacts")
			sharing := b.newClient(func(cfg *artifacts.Config) { cfg.Files.CacheDir = shared })
			b.ClearRequests()
			a, err := sharing.Artifact(ctx, plain.QualifiedName())
			if err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			res, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root})
			if err != nil || res.FromCache != len(sample) || fileFetches(b.Registry) != 0 {
				t.Errorf("out of their cache: %+v, %v, %d fetches", res, err, fileFetches(b.Registry))
			}
			if diff := cmp.Diff(sample, contents(t, root)); diff != "" {
				t.Errorf("out of their cache (-want +got)\n%s", diff)
			}

			// What we have put there they do not fetch.
			more := map[string]string{"more.bin": noise(2, 100_000), "less.bin": noise(3, 10)}
			second := b.log("more", more)
			a, err = sharing.Artifact(ctx, second.QualifiedName())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: t.TempDir()}); err != nil {
				t.Fatal(err)
			}
			b.ClearRequests()
			got = wandbSays[seen](t, py.Run(t, scriptHead+`
a = wandb.Api().artifact(sys.argv[1])
show(a, a.download(root="more"))
`, second.QualifiedName()))
			if diff := cmp.Diff(sums(more), got.Files); diff != "" || fileFetches(b.Registry) != 0 {
				t.Errorf("out of our cache: %d fetches (-want +got)\n%s", fileFetches(b.Registry), diff)
			}

			// We download what they logged, references and all.
			a, err = b.client.Artifact(ctx, "theirs:latest")
			if err != nil {
				t.Fatal(err)
			}
			root = t.TempDir()
			var paths []string
			for p := range theirs.Entries {
				if p != "unchecked" { // nothing tells whether that is the right file
					paths = append(paths, p)
				}
			}
			if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root, Paths: paths}); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"one.csv": sample["train.csv"], "noise.bin": sample["noise.bin"], "tagged.txt": "from the web", "web/plain.txt": "from the web", "web/unchecked.txt": "from the web"}
			for p, content := range sample {
				want["data/"+p], want["refs/"+p] = content, content
			}
			if diff := cmp.Diff(want, contents(t, root)); diff != "" {
				t.Errorf("theirs (-want +got)\n%s", diff)
			}
			if v, err := a.Verify(ctx, root, nil); err != nil || len(v.Changed)+len(v.Extra) != 0 || !slices.Equal(v.Missing, []string{"unchecked"}) {
				t.Errorf("theirs: verified %+v, %v", v, err)
			}

			// Each goes on from the other's version.
			d, err := a.NewDraft(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(d.Remove("refs"), d.Remove("web"), d.Remove("tagged.txt"), d.Remove("unchecked"), d.Remove("noise.bin")); err != nil {
				t.Fatal(err)
			}
			uri, err := plain.ReferenceTo("images/cat.png")
			if err != nil {
				t.Fatal(err)
			}
			if err := d.AddReference(uri, "cat.png", nil); err != nil {
				t.Fatal(err)
			}
			next := b.logDraft(d, nil)
			got = wandbSays[seen](t, py.Run(t, scriptHead+`
with wandb.init(project="vision", settings=wandb.Settings(silent=True)) as run:
    a = run.use_artifact(sys.argv[1])
    d = a.new_draft()
    d.remove("one.csv")
    with d.new_file("theirs.txt") as f:
        f.write("theirs")
    d = run.log_artifact(d).wait()
    show(d, d.download(root="next"))
`, next.QualifiedName()))
			want = map[string]string{"theirs.txt": "theirs", "cat.png": "cat"}
			for p, content := range sample {
				want["data/"+p] = content
			}
			if diff := cmp.Diff(sums(want), got.Files); diff != "" {
				t.Errorf("their draft of ours of theirs (-want +got)\n%s", diff)
			}
			a, err = b.client.Artifact(ctx, got.Name)
			if err != nil {
				t.Fatal(err)
			}
			root = t.TempDir()
			if _, err := a.Download(ctx, &artifacts.DownloadOptions{Root: root}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, contents(t, root)); diff != "" {
				t.Errorf("our download of it (-want +got)\n%s", diff)
			}
			used, _, err := next.UsedBy(ctx)
			if err != nil || len(used) != 1 {
				t.Errorf("used by %v, %v", used, err)
			}
		})
	}
}
