//go:build !noparquet

package peek

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// mostFooterBytes bounds what is read of a Parquet file's description.
const mostFooterBytes = 16 << 20

func readParquet(r io.ReaderAt, size int64, o Options) (t Table, err error) {
	// The library panics on some damaged files.
	defer func() {
		if cause := recover(); cause != nil {
			err = badFormat("Parquet file", fmt.Errorf("%v", cause))
		}
	}()
	if err := checkFooter(r, size); err != nil {
		return t, err
	}
	b := Blocks(r, size)
	f, err := parquet.OpenFile(b, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(blockBytes))
	if err != nil {
		return t, parquetError(err)
	}
	t.Rows = f.NumRows()
	leaves := 0
	for _, field := range f.Schema().Fields() {
		t.Columns = append(t.Columns, Column{field.Name(), parquetType(field)})
	}
	for range f.Schema().Columns() {
		leaves++
	}
	if o.Rows == 0 || t.Rows == 0 {
		return t, nil
	}
	t.First, err = parquetRows(f, min(int64(o.Rows), t.Rows), o)
	if errors.Is(err, ErrTooMuch) { // its pages are too large; the columns are known
		t.First, err = nil, nil
	}
	return t, err
}

// checkFooter refuses files whose description is not there, or too long.
func checkFooter(r io.ReaderAt, size int64) error {
	if size < 12 {
		return badFormat("Parquet file", errors.New("it is too short"))
	}
	var end [8]byte
	if _, err := r.ReadAt(end[:], size-8); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	n := int64(end[0]) | int64(end[1])<<8 | int64(end[2])<<16 | int64(end[3])<<24
	switch {
	case string(end[4:]) != "PAR1":
		return badFormat("Parquet file", errors.New("it does not end like one"))
	case n > mostFooterBytes || n > size-12:
		return badFormat("Parquet file", fmt.Errorf("its description has %d bytes", n))
	}
	return nil
}

func parquetError(err error) error {
	if errors.Is(err, parquet.ErrCorrupted) || errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, ErrTooMuch) && strings.HasPrefix(err.Error(), "reading") {
		return badFormat("Parquet file", err)
	}
	return err
}

// parquetType is the type of a field in Parquet's words.
func parquetType(n parquet.Node) string {
	kind := "group"
	if n.Leaf() {
		kind = strings.ToLower(n.Type().String())
	} else if l := n.Type().LogicalType(); l != nil {
		kind = strings.ToLower(l.String())
	}
	switch {
	case n.Repeated():
		kind = "repeated " + kind
	case n.Optional():
		kind = "optional " + kind
	}
	return kind
}

// parquetRows are the first rows; a field with parts shows them one after another.
func parquetRows(f *parquet.File, want int64, o Options) ([][]string, error) {
	// Which top field each leaf belongs to.
	field := map[string]int{}
	for i, c := range f.Schema().Fields() {
		field[c.Name()] = i
	}
	var of []int
	for _, path := range f.Schema().Columns() {
		of = append(of, field[path[0]])
	}
	var out [][]string
	for _, group := range f.RowGroups() {
		rows := group.Rows()
		buffer := make([]parquet.Row, min(want-int64(len(out)), 64))
		for int64(len(out)) < want {
			n, err := rows.ReadRows(buffer[:min(int64(len(buffer)), want-int64(len(out)))])
			for _, row := range buffer[:n] {
				out = append(out, parquetCells(row, of, len(field), o))
			}
			if err != nil && !errors.Is(err, io.EOF) {
				_ = rows.Close()
				return nil, parquetError(err)
			}
			if err != nil || n == 0 {
				break
			}
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
		if int64(len(out)) >= want {
			break
		}
	}
	return out, nil
}

func parquetCells(row parquet.Row, of []int, fields int, o Options) []string {
	cells := make([][]string, fields)
	for _, v := range row {
		c := v.Column()
		if c < 0 || c >= len(of) {
			continue
		}
		text := "null"
		if !v.IsNull() {
			text = v.String()
		}
		if len(cells[of[c]]) < 20 {
			cells[of[c]] = append(cells[of[c]], text)
		}
	}
	out := make([]string, fields)
	for i, parts := range cells {
		out[i] = o.cell(strings.Join(parts, ", "))
	}
	return out
}
