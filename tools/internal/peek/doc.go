// Package peek looks into data files: which columns, how many rows, which
// tensors, and what the first rows say. It reads no more of a file than that
// needs, through an io.ReaderAt, so that a file on a server is not fetched whole.
//
// It knows Parquet, CSV, JSON lines, tables of the wandb package and
// safetensors, and nothing of artifacts.
package peek

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A Table is what can be said of a table without reading all of it.
type Table struct {
	Columns []Column
	// Rows is how many there are, or -1 if that was not found out.
	Rows int64
	// First are the first rows, as many as were asked for, as text.
	First [][]string
}

// A Column of a table. Type is in the words of the format, "" where it has none.
type Column struct{ Name, Type string }

// A Tensor in a file of tensors.
type Tensor struct {
	Name, Type string
	Shape      []int64
	Bytes      int64
}

// Options bound the looking.
type Options struct {
	// Rows is how many first rows to give.
	Rows int
	// MaxBytes is how much of a file may be read to count rows.
	MaxBytes int64
	// MaxCell is how many characters of a value are given.
	MaxCell int
}

// ErrFormat says that a file is not what its name says.
var ErrFormat = errors.New("the file is not in its format")

// ErrLeftOut says that this program was built without what reads the format.
var ErrLeftOut = errors.New("this program does not read Parquet files")

func badFormat(format string, err error) error {
	return fmt.Errorf("%w: it is no %s: %v", ErrFormat, format, err)
}

// Format is what a file's name says that it is: parquet, csv, tsv, jsonl, table
// (of the wandb package), safetensors, image, or "" for none of these.
func Format(name string) string {
	name = strings.ToLower(name)
	for _, f := range []struct{ suffix, format string }{
		{".table.json", "table"}, {".parquet", "parquet"}, {".pq", "parquet"}, {".csv", "csv"}, {".tsv", "tsv"},
		{".jsonl", "jsonl"}, {".ndjson", "jsonl"}, {".safetensors", "safetensors"},
		{".png", "image"}, {".jpg", "image"}, {".jpeg", "image"}, {".gif", "image"}, {".webp", "image"},
	} {
		if strings.HasSuffix(name, f.suffix) {
			return f.format
		}
	}
	return ""
}

// ReadTable looks into a file in a format of tables.
func ReadTable(format string, r io.ReaderAt, size int64, o Options) (Table, error) {
	switch format {
	case "parquet":
		return readParquet(r, size, o)
	case "csv":
		return readCSV(r, size, ',', o)
	case "tsv":
		return readCSV(r, size, '\t', o)
	case "jsonl":
		return readJSONLines(r, size, o)
	case "table":
		return readWandbTable(r, size, o)
	}
	return Table{}, fmt.Errorf("%w: %q is no format of tables", ErrFormat, format)
}

// IsTable reports whether ReadTable reads a format.
func IsTable(format string) bool {
	switch format {
	case "parquet", "csv", "tsv", "jsonl", "table":
		return true
	}
	return false
}

// cell shortens a value.
func (o Options) cell(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if o.MaxCell > 0 && utf8.RuneCountInString(s) > o.MaxCell {
		return string([]rune(s)[:o.MaxCell]) + "…"
	}
	return s
}
