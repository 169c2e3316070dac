package artifacts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A foldingTrial is a file system that takes some names for one, as those of
// macOS and Windows do.
type foldingTrial struct {
	fold  func(string) string
	taken map[string]string
	ended bool
}

func (t *foldingTrial) folds() (bool, error) { return true, nil }

func (t *foldingTrial) take(p string) (string, error) {
	f := t.fold(p)
	if other, ok := t.taken[f]; ok {
		return other, nil
	}
	t.taken[f] = p
	return "", nil
}

func (t *foldingTrial) end() { t.ended = true }

func TestCheckNames(t *testing.T) {
	composed := strings.NewReplacer("e\u0301", "\u00e9", "u\u0308\u0304", "\u01d6", "\u1112\u1161\u11ab", "\ud55c")
	windows := func(p string) string {
		parts := strings.Split(strings.ToLower(p), "/")
		for i := range parts {
			parts[i] = strings.TrimRight(parts[i], ". ")
		}
		return strings.Join(parts, "/")
	}
	for _, tt := range []struct {
		name  string
		fold  func(string) string
		paths []string
		want  string // both names; "" for none
	}{
		{"case", strings.ToLower, []string{"a/README.md", "b", "a/readme.md"}, `"a/README.md" and "a/readme.md"`},
		{"case of a folder", strings.ToLower, []string{"A/x", "a/x"}, `"A/x" and "a/x"`},
		{"case beyond ASCII", strings.ToLower, []string{"\u00c9", "\u00e9"}, "\u00c9\" and \"\u00e9"},
		{"folders of one name, files of two", strings.ToLower, []string{"A/x", "a/y"}, ""},
		{"an accent", composed.Replace, []string{"caf\u00e9.csv", "cafe\u0301.csv"}, "and"},
		{"two accents", composed.Replace, []string{"\u01d6", "u\u0308\u0304"}, "and"},
		{"Hangul", composed.Replace, []string{"\ud55c", "\u1112\u1161\u11ab"}, "and"},
		{"an accent and none", composed.Replace, []string{"cafe", "caf\u00e9"}, ""},
		{"other characters", composed.Replace, []string{"\u65e5\u672c", "\u4e2d\u56fd"}, ""},
		{"a dot", windows, []string{"a/b", "a/b."}, `"a/b" and "a/b."`},
		{"dots and spaces of a folder", windows, []string{"a. ./b", "a/b"}, "and"},
		{"where the system holds both", func(p string) string { return p }, []string{"A", "a", "a."}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var entries []ManifestEntry
			for _, p := range tt.paths {
				entries = append(entries, ManifestEntry{Path: p})
			}
			trial := &foldingTrial{fold: tt.fold, taken: map[string]string{}}
			tried := false
			err := checkNames(entries, func() (nameTrial, error) { tried = true; return trial, nil })
			if tt.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
			} else if KindOf(err) != KindConflict || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a conflict of %s", err, tt.want)
			}
			if tried != trial.ended {
				t.Error("the trial was not ended")
			}
		})
	}
	// Most versions have no such names, and nothing is tried.
	entries := []ManifestEntry{{Path: "a"}, {Path: "a/b"}, {Path: "ab"}, {Path: "a.b"}, {Path: "\u00e9"}, {Path: "e"}}
	if err := checkNames(entries, func() (nameTrial, error) { t.Error("tried"); return nil, nil }); err != nil {
		t.Error(err)
	}
}

// TestRootTrial tries names in a real folder, one of which is the same file as
// another by a link.
func TestRootTrial(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	trial, err := newRootTrial(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trial.folds(); err != nil {
		t.Error(err)
	}
	for _, p := range []string{"one/name", "one/other"} {
		if other, err := trial.take(p); other != "" || err != nil {
			t.Errorf("%s is %q, %v", p, other, err)
		}
	}
	in := filepath.Join(dir, trial.(*rootTrial).dir)
	if err := os.Link(filepath.Join(in, "one", "name"), filepath.Join(in, "one", "again")); err != nil {
		t.Fatal(err)
	}
	if other, err := trial.take("one/again"); other != "one/name" || err != nil {
		t.Errorf("it is %q, %v", other, err)
	}
	trial.end()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v are left", left, err)
	}
}
