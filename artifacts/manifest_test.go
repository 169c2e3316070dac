package artifacts

import (
	"bytes"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// holding makes a manifest of files with the given contents.
func holding(t testing.TB, files map[string]string) *Manifest {
	t.Helper()
	var entries []ManifestEntry
	for p, content := range files {
		entries = append(entries, ManifestEntry{Path: p, Digest: md5sum(md5.Sum([]byte(content))).String(), Size: int64(len(content))})
	}
	m, err := NewManifest(entries)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestManifest_Digest: the digests that the wandb package gives these contents.
func TestManifest_Digest(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{nil, "64e7c61456b10382e2f3b571ac24b659"},
		{map[string]string{"file1.txt": "hello"}, "a00c2239f036fb656c1dcbf9a32d89b4"},
		{map[string]string{"subdir/file1.txt": "hello"}, "a757208d042e8627b2970d72a71bed5b"},
		{map[string]string{"file1.txt": "hello", "nest/file2.txt": "my", "nest/nest/file3.txt": "dude"}, "72414374bfd4b0f60a116e7267845f71"},
		{map[string]string{"b.txt": "b", "a/c.txt": "c", "ä.txt": ""}, "7b53d2c8457185457e2891d2c47c3460"},
	} {
		if got := holding(t, c.files).Digest(); got != c.want {
			t.Errorf("%v: digest %s, want %s", c.files, got, c.want)
		}
	}
}

// TestReadManifest reads what the wandb package writes: fields of its own,
// missing sizes, references, keys in any order.
func TestReadManifest(t *testing.T) {
	const text = `{
		"contents": {
			"z.bin": {"digest": "1B2M2Y8AsgTpgAmY7PhCfg==", "birthArtifactID": "QQ==", "size": 0, "skip_cache": false, "local_path": "/x", "new": {"a": [1]}},
			"a/ref": {"digest": "etag", "ref": "s3://bucket/key", "extra": {"etag": "etag", "versionID": "1"}},
			"a/b":   {"digest": "1B2M2Y8AsgTpgAmY7PhCfg==", "birthArtifactID": "QQ==", "size": 12345678901, "extra": {}}
		},
		"future": {"deep": [[[{}]]]},
		"storagePolicyConfig": {"storageLayout": "V2", "storageRegion": "eu"},
		"storagePolicy": "wandb-storage-policy-v1",
		"version": 1
	}`
	want := []ManifestEntry{
		{Path: "a/b", Digest: "1B2M2Y8AsgTpgAmY7PhCfg==", Size: 12345678901, BirthArtifactID: "QQ=="},
		{Path: "a/ref", Digest: "etag", Size: -1, Ref: "s3://bucket/key", Extra: json.RawMessage(`{"etag": "etag", "versionID": "1"}`)},
		{Path: "z.bin", Digest: "1B2M2Y8AsgTpgAmY7PhCfg==", BirthArtifactID: "QQ=="},
	}
	for name, r := range map[string]io.Reader{
		"whole":  strings.NewReader(text),
		"bytes":  iotest.OneByteReader(strings.NewReader(text)),
		"errEOF": iotest.DataErrReader(strings.NewReader(text)),
	} {
		m, err := ReadManifest(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, m.entries); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
		if m.region != "eu" {
			t.Errorf("%s: region %q", name, m.region)
		}
	}
}

func TestReadManifest_Refuses(t *testing.T) {
	entry := func(p string) string {
		return fmt.Sprintf(`{"version":1,"contents":{%q:{"digest":"d"}}}`, p)
	}
	for name, text := range map[string]string{
		"nothing":           ``,
		"cut short":         `{"version":1,"contents":{"a":{"digest":"d"}`,
		"no object":         `[]`,
		"no contents":       `{"version":1}`,
		"two contents":      `{"version":1,"contents":{},"contents":{}}`,
		"other version":     `{"version":2,"contents":{}}`,
		"no version":        `{"contents":{}}`,
		"trailing":          `{"version":1,"contents":{}} {}`,
		"negative size":     `{"version":1,"contents":{"a":{"digest":"d","size":-1}}}`,
		"size no number":    `{"version":1,"contents":{"a":{"digest":"d","size":"1"}}}`,
		"no digest":         `{"version":1,"contents":{"a":{}}}`,
		"twice":             `{"version":1,"contents":{"a":{"digest":"d"},"b":{"digest":"d"},"a":{"digest":"d"}}}`,
		"twice, escaped":    `{"version":1,"contents":{"a":{"digest":"d"},"\u0061":{"digest":"d"}}}`,
		"absolute":          entry("/etc/passwd"),
		"up":                entry("../x"),
		"up inside":         entry("a/../../x"),
		"only up":           entry(".."),
		"here":              entry("./a"),
		"empty element":     entry("a//b"),
		"empty last":        entry("a/"),
		"drive":             entry("C:x"),
		"drive, slash":      entry("c:/x"),
		"backslash":         entry(`\\server\share`),
		"up by backslash":   entry(`a\..\..\x`),
		"NUL":               `{"version":1,"contents":{"a\u0000b":{"digest":"d"}}}`,
		"empty path":        entry(""),
		"huge entry":        `{"version":1,"contents":{"a":{"digest":"` + strings.Repeat("d", maxEntryJSON+100_000) + `"}}}`,
		"very long path":    entry(strings.Repeat("a", maxEntryPath+1)),
		"contents not ours": `{"version":1,"contents":[{"path":"a"}]}`,
	} {
		m, err := ReadManifest(strings.NewReader(text))
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, %v", name, m, err)
		}
	}
	if _, err := NewManifest([]ManifestEntry{{Path: "../x", Digest: "d"}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("NewManifest: %v", err)
	}
}

// TestReadManifest_Reader: why the reader failed is not lost.
func TestReadManifest_Reader(t *testing.T) {
	broke := errors.New("broke")
	_, err := ReadManifest(io.MultiReader(strings.NewReader(`{"version":1,"contents":{`), iotest.ErrReader(broke)))
	if !errors.Is(err, broke) {
		t.Errorf("got %v", err)
	}
}

func TestManifest_Write(t *testing.T) {
	m, err := NewManifest([]ManifestEntry{
		{Path: "b<&>", Digest: "d", Size: 3, BirthArtifactID: "QQ=="},
		{Path: "a \"quoted\"", Digest: "e", Size: -1, Ref: "s3://b/k?x=1&y=2", Extra: json.RawMessage(`{"alg":"x"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.region = "eu"
	var out bytes.Buffer
	if err := m.Write(&out); err != nil {
		t.Fatal(err)
	}
	const want = `{"version":1,"storagePolicy":"wandb-storage-policy-v1","storagePolicyConfig":{"storageLayout":"V2","storageRegion":"eu"},"contents":{` +
		`"a \"quoted\"":{"digest":"e","ref":"s3://b/k?x=1&y=2","extra":{"alg":"x"}},` +
		`"b<&>":{"digest":"d","birthArtifactID":"QQ==","size":3}}}`
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
	if err := m.Write(failingWriter{}); err == nil {
		t.Error("a writer that fails was not noticed")
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

// FuzzReadManifest: no manifest makes reading panic, no path that comes out of
// one leaves its directory, and what is written is read back the same.
func FuzzReadManifest(f *testing.F) {
	for _, s := range []string{
		`{"version":1,"storagePolicy":"wandb-storage-policy-v1","storagePolicyConfig":{"storageLayout":"V2"},"contents":{"a/b":{"digest":"d","size":1,"birthArtifactID":"x"},"c":{"digest":"e","ref":"s3://x","extra":{"a":1}}}}`,
		`{"version":1,"contents":{"../a":{"digest":"d"}}}`,
		`{"version":1,"contents":{"a\\..\\b":{"digest":"d"},"\ud800":{"digest":"d"}}}`,
		`{"version":1,"contents":{"a":{"digest":"d"},"a":{"digest":"d"}}}`,
		`{"version":1e0,"contents":null}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ReadManifest(bytes.NewReader(text))
		if err != nil {
			if KindOf(err) != KindCorrupt {
				t.Fatalf("kind %s", KindOf(err))
			}
			return
		}
		for e := range m.All() {
			if !filepath.IsLocal(e.Path) || path.Clean(e.Path) != e.Path || path.IsAbs(e.Path) || strings.ContainsRune(e.Path, 0) {
				t.Fatalf("path %q", e.Path)
			}
			windows := strings.ReplaceAll(e.Path, `\`, "/")
			if clean := path.Clean(windows); clean == ".." || strings.HasPrefix(clean, "../") || path.IsAbs(clean) {
				t.Fatalf("path %q leads out on Windows", e.Path)
			}
		}
		var out bytes.Buffer
		if err := m.Write(&out); err != nil {
			t.Fatal(err)
		}
		again, err := ReadManifest(&out)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if again.Digest() != m.Digest() || again.Len() != m.Len() || again.Size() != m.Size() {
			t.Fatal("what was written is something else")
		}
	})
}

func FuzzCheckEntryPath(f *testing.F) {
	for _, s := range []string{"a", "a/b", "..", `..\a`, "C:", "a:", "\x00", "a/./b", "ä", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, p string) {
		err := CheckEntryPath(p)
		if err == nil && (!filepath.IsLocal(p) || path.Clean(p) != p) {
			t.Fatalf("%q was allowed", p)
		}
	})
}

// manyEntries makes the manifest of n files.
func manyEntries(tb testing.TB, n int) *Manifest {
	tb.Helper()
	entries := make([]ManifestEntry, n)
	for i := range entries {
		p := fmt.Sprintf("images/%03d/%08d.png", i%997, i)
		entries[i] = ManifestEntry{Path: p, Digest: md5sum(md5.Sum([]byte(p))).String(), Size: int64(i), BirthArtifactID: "QXJ0aWZhY3Q6MTIz"}
	}
	m, err := NewManifest(entries)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// TestReadManifest_Memory: reading takes little more memory than what is kept.
func TestReadManifest_Memory(t *testing.T) {
	const n = 100_000
	var file bytes.Buffer
	if err := manyEntries(t, n).Write(&file); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := ReadManifest(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	kept := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if per := kept / n; per > 400 {
		t.Errorf("an entry takes %d bytes", per)
	}
	if m.Len() != n {
		t.Errorf("%d entries", m.Len())
	}
	runtime.KeepAlive(file)
}

func BenchmarkReadManifest(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		var file bytes.Buffer
		if err := manyEntries(b, n).Write(&file); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(file.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ReadManifest(bytes.NewReader(file.Bytes())); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWriteManifest(b *testing.B) {
	m := manyEntries(b, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkManifestDigest(b *testing.B) {
	m := manyEntries(b, 100_000)
	for b.Loop() {
		m.Digest()
	}
}

func TestManifest_Below(t *testing.T) {
	m := holding(t, map[string]string{"a": "", "a/b": "", "a/c/d": "", "ab": "", "b": ""})
	var got []string
	for _, e := range m.below("a/") {
		got = append(got, e.Path)
	}
	if !slices.Equal(got, []string{"a/b", "a/c/d"}) {
		t.Errorf("got %q", got)
	}
	if e, ok := m.Entry("ab"); !ok || e.Path != "ab" {
		t.Errorf("got %v, %v", e, ok)
	}
	if _, ok := m.Entry("aa"); ok {
		t.Error("found what is not there")
	}
}

func TestManifest_Diff(t *testing.T) {
	old := holding(t, map[string]string{"a": "1", "b": "2", "c": "3", "z": "9"})
	now := holding(t, map[string]string{"0": "0", "b": "2", "c": "4", "d": "5", "zz": "9"})
	var got []string
	d := now.Diff(old)
	for _, e := range d.Added {
		got = append(got, "+"+e.Path)
	}
	for _, e := range d.Removed {
		got = append(got, "-"+e.Path)
	}
	for _, c := range d.Changed {
		got = append(got, c.Old.Path+"~"+c.New.Path)
	}
	if !slices.Equal(got, []string{"+0", "+d", "+zz", "-a", "-z", "c~c"}) || d.Same != 1 {
		t.Errorf("got %q, %d the same", got, d.Same)
	}
	if d := now.Diff(now); len(d.Added)+len(d.Removed)+len(d.Changed) != 0 || d.Same != now.Len() {
		t.Errorf("with itself: %+v", d)
	}
}
