// Command stubs writes the types of operations for other languages from the
// folder schemas: what an operation takes and gives. `make generate` runs it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/reliquary/reliquary/schemas"
)

//go:generate go run . -root ../../..

// A language is a file of types and what writes it.
type language struct {
	file  string // from the top of the repository
	write func([]operation) ([]byte, error)
}

var languages = []language{
	{"bindings/node/src/operations.ts", typeScript},
	{pythonPackage + "types.py", pythonTypes},
	{pythonPackage + "_operations.py", pythonOperations},
	{pythonPackage + "_async_operations.py", pythonAsyncOperations},
}

func main() {
	root := flag.String("root", ".", "top `folder` of the repository")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "stubs:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	operations, err := read(schemas.Index(), schemas.Input, schemas.Output)
	if err != nil {
		return err
	}
	for _, l := range languages {
		text, err := l.write(operations)
		if err != nil {
			return fmt.Errorf("%s: %w", l.file, err)
		}
		if have, err := os.ReadFile(filepath.Join(root, l.file)); err == nil && bytes.Equal(have, text) {
			continue // unchanged files keep their time
		}
		if err := os.WriteFile(filepath.Join(root, l.file), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}
