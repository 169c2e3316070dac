package tools

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzLocal: whatever a path says, what is opened for it lies in the folder.
func FuzzLocal(f *testing.F) {
	dir := f.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "in", "a"), 0o777); err != nil {
		f.Fatal(err)
	}
	if err := os.Symlink("..", filepath.Join(dir, "in", "up")); err != nil {
		f.Fatal(err)
	}
	if err := os.Symlink("/", filepath.Join(dir, "root")); err != nil {
		f.Fatal(err)
	}
	files, err := FilesIn(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { files.Close() })
	for _, path := range []string{".", "in/a", "..", "in/up/../..", "root/etc", "/etc/passwd", files.Dir(), files.Dir() + "/in", files.Dir() + "x", "in//./a/", "a\x00b", "", "~", "in/up/in/up"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p, err := local(WithFiles(t.Context(), files), "path", path)
		if err != nil {
			return
		}
		if p.root == nil || !filepath.IsLocal(p.rel) || p.path != filepath.Join(files.Dir(), p.rel) {
			t.Fatalf("%q leads to %+v", path, p)
		}
		opened, err := p.root.Open(p.rel)
		if err != nil {
			return
		}
		defer opened.Close()
		at, err := filepath.EvalSymlinks(filepath.Join(files.Dir(), p.rel))
		if err != nil {
			t.Fatal(err)
		}
		if at != files.Dir() && !strings.HasPrefix(at, files.Dir()+string(filepath.Separator)) {
			t.Errorf("%q opens %s", path, at)
		}
	})
}

// FuzzWholeCharacters: cutting a text anywhere leaves text, and loses less than
// a character.
func FuzzWholeCharacters(f *testing.F) {
	for n := range 9 {
		f.Add("aé€😀"[:n+1], n)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		if !utf8.ValidString(text) || n < 0 || n > len(text) {
			return
		}
		got := wholeCharacters([]byte(text[:n]))
		if !utf8.Valid(got) || n-len(got) >= utf8.UTFMax || !strings.HasPrefix(text, string(got)) {
			t.Errorf("%q cut at %d leaves %q", text, n, got)
		}
	})
}
