package tools_test

import (
	"context"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// TestFiles moves bytes between a folder and a registry that the wandb package
// has filled, and lets the package read what was logged.
func TestFiles(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	c := s.cachingClient(t, t.TempDir())
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *shop, *artifacts.Client)
	}{
		{"logging", loggingFiles},
		{"logging again", loggingWhatIsThere},
		{"logging from a base", loggingFromABase},
		{"logging without some", loggingWithoutSome},
		{"logging refuses", loggingRefuses},
		{"downloading", downloadingFiles},
		{"reading", readingRanges},
		{"manifest", manifestsAreListed},
		{"verifying", verifyingFiles},
		{"comparing", comparingVersions},
		{"bounded", boundedToAFolder},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, s, c) })
	}
}

// cachingClient is a client with a file cache.
func (s *shop) cachingClient(t *testing.T, cache string) *artifacts.Client {
	t.Helper()
	c, err := artifacts.New(artifacts.Config{
		BaseURL: s.URL, APIKey: s.Key, Entity: s.Username, Project: "vision",
		Retry: artifacts.Retry{Attempts: 1}, Files: artifacts.FileConfig{CacheDir: cache},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// inDir lets calls touch every file; relative paths begin in dir.
func inDir(t *testing.T, dir string) context.Context {
	return tools.WithFiles(t.Context(), tools.AllFiles(dir))
}

// folder makes a folder with files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents are the files in a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		out[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// filesByWandb downloads a version with the wandb package, verifies it with
// that, and prints what it holds.
const filesByWandb = `
import json, pathlib, sys
import wandb
a = wandb.Api().artifact(sys.argv[1])
root = pathlib.Path(a.download(root="got"))
a.verify(root=str(root))
print(json.dumps({str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()}))
`

func (s *shop) filesByWandb(t *testing.T, path string) map[string]string {
	t.Helper()
	out := s.Wandb(t, wandbVersion, filesByWandb, path)
	lines := strings.Split(strings.TrimSpace(out.Stdout), "\n")
	return decode[map[string]string](t, []byte(lines[len(lines)-1]))
}

var petFiles = map[string]string{"images/cat.txt": "meow", "images/dog.txt": "woof", "rows.csv": "a,b\n1,2\n"}

func loggingFiles(t *testing.T, s *shop, c *artifacts.Client) {
	dir := folder(t, petFiles)
	var told reports
	ctx := tools.WithProgress(inDir(t, dir), told.add)
	out := callIn[tools.LogArtifactOutput](ctx, t, c, "log_artifact", args{
		"collection": "pets", "type": "dataset",
		"files":       []args{{"local": "images", "path": "images"}, {"local": "rows.csv"}},
		"contents":    []args{{"path": "notes/readme.md", "text": "# pets\n"}, {"path": "b", "base64": base64.StdEncoding.EncodeToString([]byte("b"))}},
		"references":  []args{{"uri": "s3://bucket/far.bin", "checksum": "etag", "size_bytes": "7"}},
		"description": "pets", "metadata": map[string]any{"rows": 1}, "aliases": []string{"best"}, "tags": []string{"small"}, "ttl_seconds": 3600,
	})
	if !out.New || out.Artifact != s.path("pets:v0") || out.Files != 6 || out.SentFiles != 5 || out.SentBytes != 24 || out.SizeBytes != 31 ||
		!slices.Contains(out.Aliases, "best") || !strings.HasPrefix(out.LoggedBy, s.Username+"/vision/") {
		t.Errorf("logged %+v", out)
	}
	told.check(t, artifacts.PhaseHash, artifacts.PhaseUpload)
	want := map[string]any{"name": "pets:v0", "description": "pets", "aliases": []any{"best", "latest"}, "tags": []any{"small"}, "metadata": map[string]any{"rows": 1.0}, "ttl": 3600.0}
	if diff := cmp.Diff(want, s.versionByWandb(t, s.path("pets:v0"))); diff != "" {
		t.Errorf("the wandb package sees (-want +got):\n%s", diff)
	}
}

// reports are what a call told of how far it is.
type reports struct {
	mu  sync.Mutex
	all []tools.Progress
}

func (r *reports) add(p tools.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, p)
}

// check wants every phase to have come to its end.
func (r *reports) check(t *testing.T, phases ...artifacts.Phase) {
	t.Helper()
	for _, phase := range phases {
		if !slices.ContainsFunc(r.all, func(p tools.Progress) bool {
			return p.Phase == phase && p.Files == p.TotalFiles && p.Bytes == p.TotalBytes && p.Files > 0
		}) {
			t.Errorf("no report of the end of %s: %+v", phase, r.all)
		}
	}
}

func loggingWhatIsThere(t *testing.T, s *shop, c *artifacts.Client) {
	ctx := inDir(t, folder(t, petFiles))
	a := args{"collection": "pets-again", "type": "dataset", "files": []args{{"local": "."}}}
	first := callIn[tools.LogArtifactOutput](ctx, t, c, "log_artifact", a)
	if !first.New || first.SentFiles != 0 { // another collection brought the files
		t.Errorf("the first: %+v", first)
	}
	delete(a, "type") // the collection has one
	a["run"] = s.runs["train"]
	again := callIn[tools.LogArtifactOutput](ctx, t, c, "log_artifact", a)
	if again.New || again.Artifact != first.Artifact || again.ID != first.ID || again.SentFiles != 0 {
		t.Errorf("the same again: %+v", again)
	}
	a["always_new"] = true
	forced := callIn[tools.LogArtifactOutput](ctx, t, c, "log_artifact", a)
	if !forced.New || forced.Artifact != s.path("pets-again:v1") || forced.SentBytes != 0 || forced.LoggedBy != s.path(s.runs["train"]) || forced.Digest != first.Digest {
		t.Errorf("the same as a new one: %+v", forced)
	}
	delete(a, "always_new")
	a["contents"] = []args{{"path": "new", "text": "new"}}
	if more := callIn[tools.LogArtifactOutput](ctx, t, c, "log_artifact", a); !more.New || more.SentFiles != 1 || more.SentBytes != 3 {
		t.Errorf("one new file: %+v", more)
	}
}

func loggingFromABase(t *testing.T, s *shop, c *artifacts.Client) {
	ctx := inDir(t, folder(t, map[string]string{"part.csv": "changed"}))
	s.ClearRequests()
	out := callIn[tools.LogArtifactOutput](ctx, t, c, "log_artifact", args{
		"collection": "imagenet-mini", "base": "v2", "remove": []string{"LICENSE.txt", "parts/part-0.csv"},
		"files": []args{{"local": "part.csv", "path": "parts/part-1.csv"}}, "contents": []args{{"path": "parts/part-9.csv", "text": "nine"}},
	})
	if !out.New || out.Artifact != s.path("imagenet-mini:v3") || out.Files != 3 || out.SentFiles != 2 {
		t.Errorf("logged %+v", out)
	}
	got := s.filesByWandb(t, s.path("imagenet-mini:v3"))
	if len(got) != 3 || got["parts/part-1.csv"] != "changed" || got["parts/part-9.csv"] != "nine" || !strings.HasPrefix(got["parts/part-2.csv"], "2,2,0\n") {
		t.Errorf("the wandb package downloads %q", got)
	}
	seen := s.versionByWandb(t, s.path("imagenet-mini:v3"))
	if seen["description"] != "A small sample, edition 2" || seen["metadata"].(map[string]any)["rows"] != 300.0 {
		t.Errorf("taken over: %v", seen)
	}
}

// loggingWithoutSome leaves files and folders out, by name and by path.
func loggingWithoutSome(t *testing.T, s *shop, c *artifacts.Client) {
	dir := folder(t, map[string]string{"a.txt": "a", "a.tmp": "x", "sub/b.tmp": "x", "sub/c": "c", "cache/d/e": "x", "sub/cache/f": "f"})
	out := callIn[tools.LogArtifactOutput](inDir(t, dir), t, c, "log_artifact", args{
		"collection": "tidy", "type": "dataset", "files": []args{{"local": ".", "path": "in"}}, "exclude": []string{"*.tmp", "cache/**"},
	})
	list := call[tools.ListArtifactFilesOutput](t, c, "list_artifact_files", args{"artifact": out.Artifact})
	var paths []string
	for _, f := range list.Files {
		paths = append(paths, f.Path)
	}
	if diff := cmp.Diff([]string{"in/a.txt", "in/sub/c", "in/sub/cache/f"}, paths); diff != "" {
		t.Errorf("logged (-want +got):\n%s", diff)
	}
}

func loggingRefuses(t *testing.T, s *shop, c *artifacts.Client) {
	ctx := inDir(t, folder(t, map[string]string{"a": "a", "sub/b": "b"}))
	for _, tt := range []struct {
		args     args
		code     artifacts.Kind
		argument string
	}{
		{args{}, artifacts.KindInvalid, "files"},
		{args{"remove": []string{"x"}}, artifacts.KindInvalid, "remove"},
		{args{"base": "v9"}, artifacts.KindNotFound, "base"},
		{args{"base": "v0", "remove": []string{"nowhere"}}, artifacts.KindNotFound, "remove"},
		{args{"files": []args{{"local": "nowhere"}}}, artifacts.KindNotFound, "files"},
		{args{"files": []args{{"local": "a", "path": "../a"}}}, artifacts.KindInvalid, "files"},
		{args{"files": []args{{"local": "a"}, {"local": "sub/b", "path": "a"}}}, artifacts.KindConflict, "files"},
		{args{"contents": []args{{"path": "a", "text": "a", "base64": "YQ=="}}}, artifacts.KindInvalid, "contents"},
		{args{"contents": []args{{"path": "a", "base64": "?"}}}, artifacts.KindInvalid, "contents"},
		{args{"contents": []args{{"path": "/a", "text": "a"}}}, artifacts.KindInvalid, "contents"},
		{args{"references": []args{{"uri": "no uri"}}}, artifacts.KindInvalid, "references"},
		{args{"references": []args{{"uri": "s3://b/k", "size_bytes": "x"}}}, artifacts.KindInvalid, "references[0].size_bytes"},
		{args{"files": []args{{"local": "a"}}, "type": "other"}, artifacts.KindConflict, ""},
		{args{"files": []args{{"local": "a"}}, "run": "other/project/run"}, artifacts.KindInvalid, "run"},
		{args{"files": []args{{"local": "a"}}, "aliases": []string{"v3"}}, artifacts.KindInvalid, ""},
		{args{"files": []args{{"local": "a"}}, "collection": "new-one"}, artifacts.KindNotFound, "type"},
		{args{"files": []args{{"local": "a"}}, "collection": "scratch:v0"}, artifacts.KindInvalid, "collection"},
		{args{"collection": "released-models", "base": "v0"}, artifacts.KindInvalid, "collection"},
		{args{"files": []args{{"local": "."}}, "exclude": []string{"*.tmp", "[a"}}, artifacts.KindInvalid, "exclude"},
	} {
		if tt.args["collection"] == nil {
			tt.args["collection"] = "scratch"
		}
		if e := refuseIn(ctx, t, c, "log_artifact", tt.args); e.Code != tt.code || e.Argument != tt.argument {
			t.Errorf("%v: %+v", tt.args, e)
		}
	}
	if got := s.readBack(t, "evaluation", s.path("scratch"))["versions"]; cmp.Diff(got, []any{"v0"}) != "" {
		t.Errorf("what was refused was logged: %v", got)
	}
}

func downloadingFiles(t *testing.T, s *shop, c *artifacts.Client) {
	dir := t.TempDir()
	var told reports
	ctx := tools.WithProgress(inDir(t, dir), told.add)
	whole := callIn[tools.DownloadArtifactOutput](ctx, t, c, "download_artifact", args{"artifact": "imagenet-mini:v2"})
	if whole.To != filepath.Join(dir, "artifacts", "imagenet-mini:v2") || whole.Files != 4 || whole.Fetched+whole.FromCache != 4 || whole.KnownSince != nil {
		t.Errorf("downloaded %+v", whole)
	}
	told.check(t, artifacts.PhaseDownload)
	want := contents(t, whole.To)
	if len(want) != 4 || want["LICENSE.txt"] != "CC BY 4.0\n" {
		t.Errorf("files are %q", want)
	}
	again := callIn[tools.DownloadArtifactOutput](ctx, t, c, "download_artifact", args{"artifact": "imagenet-mini:v2"})
	if again.Unchanged != 4 || again.Fetched != 0 {
		t.Errorf("again: %+v", again)
	}
	for _, tt := range []struct {
		args args
		want []string
	}{
		{args{"prefix": "parts/"}, []string{"parts/part-0.csv", "parts/part-1.csv", "parts/part-2.csv"}},
		{args{"glob": "**/*-[12].csv"}, []string{"parts/part-1.csv", "parts/part-2.csv"}},
		{args{"glob": "*.txt"}, []string{"LICENSE.txt"}},
		{args{"paths": []string{"parts/part-1.csv"}}, []string{"parts/part-1.csv"}},
		{args{"paths": []string{"LICENSE.txt", "parts/part-0.csv"}, "glob": "{parts/**,x}"}, []string{"parts/part-0.csv"}},
		{args{"digest": digestOf(t, s, c, "imagenet-mini:v2"), "prefix": "LIC", "link": true}, []string{"LICENSE.txt"}},
	} {
		to := t.TempDir()
		tt.args["artifact"], tt.args["to"] = "imagenet-mini:v2", to
		if tt.args["digest"] != nil {
			tt.args["artifact"] = "imagenet-mini"
		}
		callIn[tools.DownloadArtifactOutput](ctx, t, c, "download_artifact", tt.args)
		got := contents(t, to)
		for path, text := range got {
			if text != want[path] {
				t.Errorf("%v: %s holds %q", tt.args, path, text)
			}
		}
		if paths := slices.Sorted(keys(got)); !slices.Equal(paths, tt.want) {
			t.Errorf("%v: got %q, want %q", tt.args, paths, tt.want)
		}
	}
	for _, tt := range []struct {
		args args
		code artifacts.Kind
	}{
		{args{"glob": "[a"}, artifacts.KindInvalid},
		{args{"glob": "*.png"}, artifacts.KindNotFound},
		{args{"prefix": "nowhere/"}, artifacts.KindNotFound},
		{args{"paths": []string{"part-1.csv"}}, artifacts.KindNotFound},
		{args{"artifact": "imagenet-mini:v77"}, artifacts.KindNotFound},
		{args{"artifact": "imagenet-mini:v2", "digest": strings.Repeat("0", 32)}, artifacts.KindInvalid},
		{args{"artifact": "imagenet-mini", "digest": strings.Repeat("0", 32)}, artifacts.KindNotFound},
		{args{"to": "artifacts/imagenet-mini:v2/LICENSE.txt"}, artifacts.KindConflict},
		{args{"artifact": "checkpoints:v0", "offline": true}, artifacts.KindNotFound},
	} {
		if tt.args["artifact"] == nil {
			tt.args["artifact"] = "imagenet-mini:v2"
		}
		if e := refuseIn(ctx, t, c, "download_artifact", tt.args); e.Code != tt.code {
			t.Errorf("%v: %+v", tt.args, e)
		}
	}
	if e := refuse(t, c, "download_artifact", args{"artifact": "imagenet-mini:v2"}); e.Code != artifacts.KindDenied || !strings.Contains(e.Next, "--files") {
		t.Errorf("without files: %+v", e)
	}
}

func digestOf(t *testing.T, s *shop, c *artifacts.Client, name string) string {
	t.Helper()
	a, err := c.Artifact(t.Context(), s.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return a.Digest
}

func keys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func readingRanges(t *testing.T, s *shop, c *artifacts.Client) {
	long := strings.Repeat("0123456789", 5_000) + "end"
	callIn[tools.LogArtifactOutput](t.Context(), t, c, "log_artifact", args{
		"collection": "texts", "type": "notes",
		"contents": []args{{"path": "long.txt", "text": long}, {"path": "ä.txt", "text": "aäöü€"}, {"path": "bin", "base64": "/wD+"}, {"path": "empty", "text": ""}},
	})
	read := func(c *artifacts.Client, a args) tools.ReadArtifactFileOutput {
		t.Helper()
		a["artifact"] = "texts:v0"
		return call[tools.ReadArtifactFileOutput](t, c, "read_artifact_file", a)
	}
	// From the server, and from the cache.
	for what, c := range map[string]*artifacts.Client{"server": s.client(t, nil), "cache": c} {
		var got strings.Builder
		var next int64
		for {
			out := read(c, args{"path": "long.txt", "offset": next, "length": 16_000})
			got.WriteString(*out.Text)
			if out.SizeBytes != tools.Bytes(len(long)) || out.Offset != next || out.Length != len(*out.Text) || out.Verified {
				t.Errorf("%s: %+v", what, out)
			}
			if out.NextOffset == nil {
				break
			}
			next = *out.NextOffset
		}
		if got.String() != long {
			t.Errorf("%s: read %d bytes in pieces", what, got.Len())
		}
		if out := read(c, args{"path": "long.txt", "offset": -3}); *out.Text != "end" || out.NextOffset != nil {
			t.Errorf("%s: the end is %+v", what, out)
		}
		if out := read(c, args{"path": "long.txt", "length": 100_000}); *out.Text != long || !out.Verified {
			t.Errorf("%s: the whole has %d bytes", what, out.Length)
		}
		// Not within a character.
		if out := read(c, args{"path": "ä.txt", "length": 8}); *out.Text != "aäöü" || *out.NextOffset != 7 {
			t.Errorf("%s: cut characters: %+v", what, out)
		}
		if out := read(c, args{"path": "bin"}); out.Text != nil || *out.Base64 != "/wD+" || !out.Verified {
			t.Errorf("%s: bytes: %+v", what, out)
		}
		if out := read(c, args{"path": "ä.txt", "encoding": "base64"}); *out.Base64 != base64.StdEncoding.EncodeToString([]byte("aäöü€")) {
			t.Errorf("%s: text as base64: %+v", what, out)
		}
		if out := read(c, args{"path": "empty"}); *out.Text != "" || out.Length != 0 {
			t.Errorf("%s: nothing: %+v", what, out)
		}
		if out := read(c, args{"path": "long.txt", "offset": len(long)}); *out.Text != "" || out.NextOffset != nil {
			t.Errorf("%s: at the end: %+v", what, out)
		}
	}
	for _, tt := range []struct {
		args     args
		code     artifacts.Kind
		argument string
	}{
		{args{"path": "short.txt"}, artifacts.KindNotFound, "path"},
		{args{"path": "bin", "encoding": "text"}, artifacts.KindInvalid, "encoding"},
		{args{"path": "bin", "offset": 4}, artifacts.KindInvalid, "offset"},
		{args{"path": "bin", "length": 5 << 20}, artifacts.KindInvalid, "length"},
	} {
		tt.args["artifact"] = "texts:v0"
		if e := refuse(t, c, "read_artifact_file", tt.args); e.Code != tt.code || e.Argument != tt.argument {
			t.Errorf("%v: %+v", tt.args, e)
		}
	}
	// Where a reference leads is for whoever logged it to say: not for an agent.
	e := refuse(t, c, "read_artifact_file", args{"artifact": "resnet-weights:v1", "path": "paper.pdf"})
	if e.Code != artifacts.KindDenied {
		t.Errorf("a reference: %+v", e)
	}
}

func manifestsAreListed(t *testing.T, s *shop, c *artifacts.Client) {
	get := func(a args) tools.GetArtifactManifestOutput {
		t.Helper()
		return call[tools.GetArtifactManifestOutput](t, c, "get_artifact_manifest", a)
	}
	out := get(args{"artifact": "resnet-weights:v1"})
	if out.Digest != digestOf(t, s, c, "resnet-weights:v1") || len(out.Entries) != 2 || *out.Total != 2 ||
		out.Entries[0].Path != "paper.pdf" || out.Entries[0].Reference != "https://example.com/paper.pdf" || out.Entries[0].SizeBytes != nil ||
		out.Entries[1].Reference != "" || *out.Entries[1].SizeBytes != out.SizeBytes || out.SizeBytes == 0 {
		t.Errorf("got %+v", out)
	}
	var paths []string
	for a := (args{"artifact": "imagenet-mini:v2", "limit": 1, "glob": "parts/*"}); ; {
		page := get(a)
		for _, e := range page.Entries {
			paths = append(paths, e.Path)
		}
		if !page.HasMore {
			break
		}
		a["cursor"] = page.NextCursor
	}
	if want := []string{"parts/part-0.csv", "parts/part-1.csv", "parts/part-2.csv"}; !slices.Equal(paths, want) {
		t.Errorf("page by page: %q", paths)
	}
	if none := get(args{"artifact": "imagenet-mini:v2", "prefix": "none"}); len(none.Entries) != 0 || none.HasMore || none.SizeBytes != 0 {
		t.Errorf("none: %+v", none)
	}
	if one := get(args{"artifact": "imagenet-mini:v2", "paths": []string{"LICENSE.txt"}, "offline": true}); len(one.Entries) != 1 || one.KnownSince == nil {
		t.Errorf("offline: %+v", one)
	}
}

func verifyingFiles(t *testing.T, s *shop, c *artifacts.Client) {
	dir := t.TempDir()
	ctx := inDir(t, dir)
	callIn[tools.DownloadArtifactOutput](ctx, t, c, "download_artifact", args{"artifact": "imagenet-mini:v2", "to": "data"})
	right := callIn[tools.VerifyArtifactOutput](ctx, t, c, "verify_artifact", args{"artifact": "imagenet-mini:v2", "folder": "data", "server": true})
	if !right.OK || !right.Folder.OK || right.Folder.Files != 4 || !right.Server.OK || right.Server.Files != 4 || right.Server.SizeBytes != right.Folder.SizeBytes {
		t.Errorf("verified %+v %+v", right.Folder, right.Server)
	}
	for path, text := range map[string]string{"parts/part-0.csv": "other", "more": "more"} {
		if err := os.WriteFile(filepath.Join(dir, "data", path), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "data", "LICENSE.txt")); err != nil {
		t.Fatal(err)
	}
	wrong := callIn[tools.VerifyArtifactOutput](ctx, t, c, "verify_artifact", args{"artifact": "imagenet-mini:v2", "folder": "data", "offline": true})
	want := &tools.Verification{
		Files: 2, SizeBytes: wrong.Folder.SizeBytes,
		Missing: tools.Paths{Total: 1, First: []string{"LICENSE.txt"}}, Changed: tools.Paths{Total: 1, First: []string{"parts/part-0.csv"}},
		Extra: tools.Paths{Total: 1, First: []string{"more"}},
	}
	if diff := cmp.Diff(want, wrong.Folder); diff != "" || wrong.OK || wrong.Server != nil || wrong.KnownSince == nil {
		t.Errorf("%+v (-want +got):\n%s", wrong, diff)
	}
	// With a reference, and without a folder.
	model := call[tools.VerifyArtifactOutput](t, c, "verify_artifact", args{"artifact": "resnet-weights:v1"})
	if !model.OK || model.Server.Files != 1 || !slices.Equal(model.Server.Unchecked.First, []string{"paper.pdf"}) {
		t.Errorf("verified %+v", model.Server)
	}
	if e := refuseIn(ctx, t, c, "verify_artifact", args{"artifact": "imagenet-mini:v2", "folder": "nowhere"}); e.Code != artifacts.KindNotFound || e.Argument != "folder" {
		t.Errorf("no folder: %+v", e)
	}
	if e := refuseIn(ctx, t, c, "verify_artifact", args{"artifact": "imagenet-mini:v2", "offline": true}); e.Code != artifacts.KindInvalid {
		t.Errorf("the server, offline: %+v", e)
	}
}

func comparingVersions(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.CompareArtifactsOutput](t, c, "compare_artifacts", args{"from": "imagenet-mini:v1", "to": "imagenet-mini:v3"})
	want := []tools.FileDifference{
		{Path: "LICENSE.txt", Change: "removed"},
		{Path: "parts/part-0.csv", Change: "removed"},
		{Path: "parts/part-1.csv", Change: "changed"},
		{Path: "parts/part-2.csv", Change: "added"},
		{Path: "parts/part-9.csv", Change: "added"},
	}
	for i, f := range out.Files {
		if sized := map[string][2]bool{"added": {false, true}, "removed": {true, false}, "changed": {true, true}}[f.Change]; sized != [2]bool{f.SizeBytesFrom != nil, f.SizeBytesTo != nil} {
			t.Errorf("sizes of %+v", f)
		}
		out.Files[i].SizeBytesFrom, out.Files[i].SizeBytesTo = nil, nil
	}
	if diff := cmp.Diff(want, out.Files); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if out.Added != 2 || out.Removed != 2 || out.Changed != 1 || out.Same != 0 || out.SameContents || out.GrowthBytes != out.SizeBytesTo-out.SizeBytesFrom || out.GrowthBytes == 0 || *out.Total != 5 {
		t.Errorf("compared %+v", out)
	}
	var paged []string
	a := args{"from": "imagenet-mini:v1", "to": "imagenet-mini:v3", "limit": 2}
	for {
		page := call[tools.CompareArtifactsOutput](t, c, "compare_artifacts", a)
		for _, f := range page.Files {
			paged = append(paged, f.Path)
		}
		if a["cursor"] = page.NextCursor; !page.HasMore {
			break
		}
	}
	if len(paged) != 5 || !slices.IsSorted(paged) {
		t.Errorf("page by page: %q", paged)
	}
	part := call[tools.CompareArtifactsOutput](t, c, "compare_artifacts", args{"from": "imagenet-mini:v1", "to": "imagenet-mini:v1", "prefix": "parts/"})
	if !part.SameContents || part.Same != 2 || len(part.Files) != 0 {
		t.Errorf("with itself: %+v", part)
	}
	if e := refuse(t, c, "compare_artifacts", args{"from": "imagenet-mini:v1", "to": "imagenet-mini:v9"}); e.Code != artifacts.KindNotFound || e.Argument != "to" {
		t.Errorf("one that is not there: %+v", e)
	}
}
