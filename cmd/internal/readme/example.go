package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
)

// exampleFile holds the program that the README shows; it is compiled and run
// by the tests of its package.
const exampleFile = "artifacts/connect/example_test.go"

// example is the body of the first example in a file, as a block of Go.
func example(file string) ([]byte, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "Example" {
			continue
		}
		var b bytes.Buffer
		b.WriteString("```go\n")
		if err := format.Node(&b, fset, fn); err != nil {
			return nil, err
		}
		b.WriteString("\n```\n")
		return b.Bytes(), nil
	}
	return nil, fmt.Errorf("%s has no Example", file)
}
