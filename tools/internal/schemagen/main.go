// Command schemagen makes the JSON Schemas of all operations from their Go
// types and the comments on them, and an index of the operations. `go generate
// ./schemas` runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	dir := flag.String("dir", ".", "`folder` to write the schemas to")
	root := flag.String("root", "..", "top `folder` of the repository, for comments")
	flag.Parse()
	if err := run(*dir, *root); err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}

// run makes the files in dir what they should be: others are removed.
func run(dir, root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	for _, f := range old {
		if _, ok := files[filepath.Base(f)]; !ok {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
	}
	for name, text := range files {
		file := filepath.Join(dir, name)
		// Unchanged files keep their time, and what depends on them its build.
		if have, err := os.ReadFile(file); err == nil && slices.Equal(have, text) {
			continue
		}
		if err := os.WriteFile(file, text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// oneLine is a text without its line breaks, as descriptions are.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
