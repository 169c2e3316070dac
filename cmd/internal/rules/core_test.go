package rules

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// forbidden is what a library must leave to the program that uses it.
var forbidden = []struct {
	pkg   string
	names *regexp.Regexp
	why   string
}{
	{"fmt", regexp.MustCompile(`^Print`), "stdout belongs to the front end, and to a protocol there"},
	{"os", regexp.MustCompile(`^Exit$`), "ending the process is the program's decision"},
	{"os", regexp.MustCompile(`^Std(in|out|err)$`), "streams are passed in"},
	{"os", regexp.MustCompile(`^(Getenv|LookupEnv|Environ|Setenv|ExpandEnv|User\w+Dir|Getwd)$`), "the environment is passed in"},
	{"log", regexp.MustCompile(``), "logging goes to the slog.Logger that was passed in"},
	{"log/slog", regexp.MustCompile(`^((Set)?Default|(Debug|Info|Warn|Error|Log)(Context)?)$`), "logging goes to the slog.Logger that was passed in"},
}

// excused are the places that may, and why.
var excused = map[string]string{
	"artifacts/connect/environment.go": "Process reads the environment once, for programs to pass on",
}

// In the core a panic would take down the program of somebody who only wanted
// to list artifacts. These may:
var mayPanic = map[string]string{
	"artifacts/server/metadata/cursor.go": "JSON cannot refuse the scalars that a cursor is made of",
	"artifacts/server/transfer/errors.go": "JSON cannot refuse a struct of strings",
	"artifacts/server/response.go":        "JSON cannot refuse a struct of strings; http.ErrAbortHandler is passed on",
}

func TestCore_LeavesTheProcessAlone(t *testing.T) {
	looked := 0
	for _, file := range coreFiles(t) {
		looked++
		if _, ok := excused[file]; ok {
			continue
		}
		for _, p := range violations(t, file, nil) {
			t.Error(p)
		}
	}
	if looked < 20 {
		t.Errorf("only %d files were looked at", looked)
	}
}

// TestCore_Violations makes sure that the rule can fail.
func TestCore_Violations(t *testing.T) {
	const src = `package p
import ("fmt"; "os"; l "log"; "log/slog")
var logger *slog.Logger
func init() {}
func f() { fmt.Println(); fmt.Fprintln(nil); os.Exit(1); l.Fatal(); slog.Info(""); logger.Info(""); panic("x") }
`
	got := violations(t, "p.go", src)
	want := []string{"init", "fmt.Println", "os.Exit", "log.Fatal", "log/slog.Info", "panic"}
	if len(got) != len(want) {
		t.Fatalf("%d violations, want %d: %q", len(got), len(want), got)
	}
	for i, w := range want {
		if !strings.Contains(got[i], " "+w) {
			t.Errorf("violation %q does not name %s", got[i], w)
		}
	}
}

// coreFiles are the hand-written files of libraries, tests left out.
func coreFiles(t *testing.T) []string {
	var files []string
	for _, file := range projectFiles(t) {
		room, _, _ := strings.Cut(file, "/")
		if room != "artifacts" && room != "tools" && room != "schemas" {
			continue
		}
		if path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") || strings.Contains(file, "/testdata/") {
			continue
		}
		// Test harnesses fail tests; that is their purpose. The driver
		// comparison is a module of its own.
		if strings.Contains(file, "/servertest/") || strings.Contains(file, "test/") || strings.Contains(file, "/driverbench/") {
			continue
		}
		files = append(files, file)
	}
	return files
}

// violations lists what a file does that a library must not. Generated files
// and programs (package main) have none.
func violations(t *testing.T, file string, src any) []string {
	t.Helper()
	name := file
	if src == nil {
		name = "../../../" + file
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed, and git has not been told yet
	}
	if err != nil {
		t.Fatal(err)
	}
	if ast.IsGenerated(f) || f.Name.Name == "main" {
		return nil
	}
	imports := make(map[string]string)
	for _, i := range f.Imports {
		importPath, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		local := path.Base(importPath)
		if i.Name != nil {
			local = i.Name.Name
		}
		imports[local] = importPath
	}
	var found []string
	report := func(at token.Pos, what, why string) {
		found = append(found, file+":"+strconv.Itoa(fset.Position(at).Line)+": "+what+": "+why)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				report(n.Pos(), "init", "importing a package must have no effect")
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "panic" && !abortsResponse(n) && mayPanic[file] == "" {
				report(n.Pos(), "panic", "return an error")
			}
		case *ast.SelectorExpr:
			id, ok := n.X.(*ast.Ident)
			if !ok || imports[id.Name] == "" {
				return true
			}
			for _, rule := range forbidden {
				if imports[id.Name] == rule.pkg && rule.names.MatchString(n.Sel.Name) {
					report(n.Pos(), rule.pkg+"."+n.Sel.Name, rule.why)
				}
			}
		}
		return true
	})
	return found
}

// abortsResponse reports whether a panic is net/http's own way for a handler
// to cut off a response that it cannot finish.
func abortsResponse(call *ast.CallExpr) bool {
	value, ok := call.Args[0].(*ast.SelectorExpr)
	return ok && value.Sel.Name == "ErrAbortHandler"
}
