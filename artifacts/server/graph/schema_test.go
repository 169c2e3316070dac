package graph

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// What is in the schema says what it is for, where the name alone does not;
// and sizes do not fit into Int, which stands for 32 bits elsewhere.
func TestSchema(t *testing.T) {
	s := parsedSchema()
	for _, root := range []*ast.Definition{s.Query, s.Mutation} {
		for _, f := range root.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			if root == s.Mutation && (len(f.Arguments) != 1 || f.Arguments[0].Name != "input") {
				t.Errorf("mutation %s does not take one input, as clients send it", f.Name)
			}
		}
	}
	for _, d := range s.Types {
		if d.Kind != ast.Object || !strings.HasSuffix(d.Name, "Connection") {
			continue
		}
		if edges := d.Fields.ForName("edges"); edges == nil || !edges.Type.NonNull {
			t.Errorf("%s has no edges", d.Name)
		}
	}
	for _, size := range []string{"size", "sizeBytes"} {
		for _, d := range s.Types {
			if f := d.Fields.ForName(size); f != nil && f.Type.Name() != "Int64" {
				t.Errorf("%s.%s is %s", d.Name, size, f.Type.Name())
			}
		}
	}
}

// BenchmarkSchema is what the first operation pays, and what the start of every
// program with this package in it would pay if the schema were not read late.
func BenchmarkSchema(b *testing.B) {
	for b.Loop() {
		loadSchema()
	}
}
