package main

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

// TestREADME_IsFresh fails when `make generate` would change the README.
func TestREADME_IsFresh(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := fill(text, sections(root))
	if err != nil {
		t.Fatal(err)
	}
	if string(fresh) != string(text) {
		t.Error("the README is stale: run make generate")
	}
}

// TestMembers_AreTested makes sure that each test in the README's table is
// there, and that only what a class is made with shares one.
func TestMembers_AreTested(t *testing.T) {
	tests := make(map[string]bool)
	files, err := filepath.Glob(filepath.Join(root, "artifacts", "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				tests[fn.Name.Name] = true
			}
		}
	}
	used := make(map[string]string)
	for _, m := range members {
		name := m.class + "." + m.name
		if !tests[m.test] {
			t.Errorf("%s: there is no %s in artifacts", name, m.test)
		}
		if used[m.test] != "" && !strings.HasSuffix(m.test, "_Arguments") {
			t.Errorf("%s and %s name the same test", name, used[m.test])
		}
		used[m.test] = name
	}
}

func TestFill(t *testing.T) {
	greet := func() ([]byte, error) { return []byte("\nhello\n"), nil }
	for _, c := range []struct {
		name, text string
		sections   map[string]section
		want, err  string
	}{
		{
			name: "new", text: "a\n<!-- generated: greeting -->\n<!-- end -->\nb\n",
			sections: map[string]section{"greeting": greet},
			want:     "a\n<!-- generated: greeting -->\nhello\n<!-- end -->\nb\n",
		},
		{
			name: "anew", text: "<!-- generated: greeting -->\nold\n\nolder\n<!-- end -->\n",
			sections: map[string]section{"greeting": greet},
			want:     "<!-- generated: greeting -->\nhello\n<!-- end -->\n",
		},
		{name: "no such section", text: "<!-- generated: other -->\n<!-- end -->", err: `no section "other"`},
		{name: "no such place", text: "", sections: map[string]section{"greeting": greet}, err: `no place for section "greeting"`},
		{
			name: "cannot be made", text: "<!-- generated: greeting -->\n<!-- end -->",
			sections: map[string]section{"greeting": func() ([]byte, error) { return nil, errors.New("no words") }},
			err:      "no words",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := fill([]byte(c.text), c.sections)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error = %v, want %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
