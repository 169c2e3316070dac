package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name   string
		events string
		want   result
		good   bool
		shown  []string
		hidden []string
	}{
		{
			name: "tests and subtests that pass",
			events: `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA/sub"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"pass","Package":"p","Elapsed":1.25}
`,
			want: result{passed: 2}, good: true,
			shown: []string{"ok    p 1.2s"}, hidden: []string{"chatter", "PASS"},
		},
		{
			name: "a failure is told whole",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:1: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p","Elapsed":0.5}
`,
			want: result{failed: 1, skipped: 1}, shown: []string{"FAIL  p TestA\na_test.go:1: wrong", "skip  p TestB"},
		},
		{
			name: "a package that does not compile",
			events: `{"ImportPath":"p [p.test]","Action":"build-output","Output":"p/a.go:1: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}
{"Action":"pass","Package":"q","Test":"TestQ"}
`,
			want: result{passed: 1, failed: 1}, shown: []string{"undefined: x", "p [p.test] does not build"},
		},
		{
			name: "a panic outside of tests",
			events: `{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"panic: boom\n"}
{"Action":"fail","Package":"p","Elapsed":0.5}
`,
			want: result{passed: 1, failed: 1}, shown: []string{"panic: boom"},
		},
		{
			name:   "the go command failed",
			events: "go: cannot find main module\n",
			want:   result{}, shown: []string{"cannot find main module"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			got, err := report(strings.NewReader(c.events), &out)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want || got.good() != c.good {
				t.Errorf("result %+v, good %v; want %+v, good %v", got, got.good(), c.want, c.good)
			}
			for _, s := range c.shown {
				if !strings.Contains(out.String(), s) {
					t.Errorf("%q is missing from:\n%s", s, &out)
				}
			}
			for _, s := range c.hidden {
				if strings.Contains(out.String(), s) {
					t.Errorf("%q is among:\n%s", s, &out)
				}
			}
		})
	}
}

func TestResult_Save(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "counts")
	if err := (result{passed: 12, failed: 3, skipped: 1}).save(file); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != "12 3 1\n" {
		t.Errorf("counts = %q, error %v", got, err)
	}
}
