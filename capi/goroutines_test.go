package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// starters begin goroutines whose panics nobody catches.
var starters = map[string]string{
	"Go":        "sync.WaitGroup and errgroup.Group",
	"AfterFunc": "time and context",
	"TryGo":     "errgroup.Group",
}

// TestGoroutines: only session.Go begins them, where panics are contained. One
// that begins elsewhere ends the process of whoever loaded the library.
func TestGoroutines(t *testing.T) {
	looked := 0
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return filepath.SkipDir
		}
		if filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		looked++
		for _, p := range goroutines(t, file, nil) {
			if file != filepath.Join("session", "guard.go") || !strings.HasSuffix(p, ": go") {
				t.Errorf("%s: begin it with session.Go", p)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if looked < 12 {
		t.Errorf("only %d files were looked at", looked)
	}
}

// TestGoroutines_Found makes sure that the rule can fail.
func TestGoroutines_Found(t *testing.T) {
	const src = `package p
func f() {
	go f()
	var wg sync.WaitGroup
	wg.Go(f)
	time.AfterFunc(1, f)
	session.Go("", nil, nil, nil)
	Go("", nil, nil, nil)
}`
	got := goroutines(t, "p.go", src)
	want := []string{"p.go:3: go", "p.go:5: wg.Go", "p.go:6: time.AfterFunc"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("found %q, want %q", got, want)
	}
}

// goroutines lists where a file begins one.
func goroutines(t *testing.T, file string, src any) []string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	report := func(at token.Pos, what string) {
		p := fset.Position(at)
		p.Column = 0
		found = append(found, p.String()+": "+what)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			report(n.Pos(), "go")
		case *ast.CallExpr:
			s, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || starters[s.Sel.Name] == "" {
				return true
			}
			name := "?"
			if id, ok := s.X.(*ast.Ident); ok {
				name = id.Name
			}
			if name != "session" {
				report(n.Pos(), name+"."+s.Sel.Name)
			}
		}
		return true
	})
	return found
}
