// Lazyschema changes what gqlgen generated so that the schema is read when it
// is first used rather than when the program starts.
//
// gqlgen parses the whole schema while the package is initialized, whether or
// not a single operation comes. The same binary is also a command line and an
// MCP server whose start is waited for. Run it by go generate, after gqlgen.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
)

const file = "root_.generated.go"

// Each must be there, or gqlgen has changed and this program must follow.
var replacements = []struct{ old, new string }{
	{"var parsedSchema = gqlparser.MustLoadSchema(sources...)", "var parsedSchema = sync.OnceValue(loadSchema)\n\nfunc loadSchema() *ast.Schema { return gqlparser.MustLoadSchema(sources()...) }"},
	{"var sources = []*ast.Source{", "func sources() []*ast.Source {\n\treturn []*ast.Source{"},
	{"\treturn parsedSchema\n", "\treturn parsedSchema()\n"},
	{"\t\t\tparsedSchema,\n", "\t\t\tparsedSchema(),\n"},
	{"import (\n", "import (\n\t\"sync\"\n"},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "lazyschema:", err)
		os.Exit(1)
	}
}

func run() error {
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, r := range replacements {
		if bytes.Count(src, []byte(r.old)) != 1 {
			return fmt.Errorf("%s does not have %q once: gqlgen generates something else now", file, r.old)
		}
		src = bytes.Replace(src, []byte(r.old), []byte(r.new), 1)
	}
	// The list of sources ends before the variable that follows it.
	end := []byte("}\nvar parsedSchema")
	if bytes.Count(src, end) != 1 {
		return fmt.Errorf("%s: the end of the sources was not found", file)
	}
	src = bytes.Replace(src, end, []byte("}\n}\nvar parsedSchema"), 1)
	if src, err = format.Source(src); err != nil {
		return err
	}
	return os.WriteFile(file, src, 0o644)
}
