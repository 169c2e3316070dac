package peek

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// section reads a file from its start, as far as may be.
func section(r io.ReaderAt, size int64, o Options) (_ *bufio.Reader, whole bool) {
	n := size
	if o.MaxBytes > 0 {
		n = min(n, o.MaxBytes)
	}
	return bufio.NewReaderSize(io.NewSectionReader(r, 0, n), 4*blockBytes), n == size
}

// readCSV takes the first line for the names of the columns.
func readCSV(r io.ReaderAt, size int64, comma rune, o Options) (Table, error) {
	in, whole := section(r, size, o)
	if bom, err := in.Peek(3); err == nil && bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	lines := csv.NewReader(in)
	lines.Comma, lines.FieldsPerRecord, lines.LazyQuotes, lines.ReuseRecord = comma, -1, true, true
	t := Table{}
	head, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return t, nil
	}
	if err != nil {
		return t, csvError(err)
	}
	for _, name := range head {
		t.Columns = append(t.Columns, Column{Name: o.cell(name)})
	}
	for {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return t, csvError(err)
		}
		t.Rows++
		if len(t.First) < o.Rows {
			row := make([]string, len(record))
			for i, v := range record {
				row[i] = o.cell(v)
			}
			t.First = append(t.First, row)
		}
	}
	if !whole {
		t.Rows = -1
	}
	return t, nil
}

// csvError tells what is wrong with the text from what went wrong reading it.
func csvError(err error) error {
	if _, ok := errors.AsType[*csv.ParseError](err); ok {
		return badFormat("CSV file", err)
	}
	return err
}

// mostColumns bounds the columns of files whose rows have names of their own.
const mostColumns = 500

// readJSONLines takes the names in the objects of the first rows for columns.
func readJSONLines(r io.ReaderAt, size int64, o Options) (Table, error) {
	in, whole := section(r, size, o)
	t := Table{}
	var first []map[string]json.RawMessage
	for {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return t, err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			// Names come from more rows than are shown: not every row has all.
			if len(first) < max(o.Rows, 20) {
				row, e := object(line)
				if e != nil && (whole || err == nil) {
					return t, badFormat("file of JSON lines", fmt.Errorf("line %d: %w", t.Rows+1, e))
				}
				for _, name := range names(line) {
					if !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == name }) && len(t.Columns) < mostColumns {
						t.Columns = append(t.Columns, Column{name, jsonType(row[name])})
					}
				}
				first = append(first, row)
			}
			t.Rows++
		}
		if err != nil {
			break
		}
	}
	for _, row := range first[:min(len(first), o.Rows)] {
		cells := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			cells[i] = o.cell(jsonText(row[c.Name]))
		}
		t.First = append(t.First, cells)
	}
	if !whole {
		t.Rows = -1
	}
	return t, nil
}

// object reads a row; one that is no object has one value without a name.
func object(line []byte) (map[string]json.RawMessage, error) {
	var row map[string]json.RawMessage
	if line[0] != '{' {
		if !json.Valid(line) {
			return nil, errors.New("it is no JSON")
		}
		return map[string]json.RawMessage{"": bytes.Clone(line)}, nil
	}
	return row, json.Unmarshal(line, &row)
}

// names are those of an object, in its order.
func names(line []byte) []string {
	d := json.NewDecoder(bytes.NewReader(line))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return []string{""}
	}
	var out []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return out
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return out
		}
		out = append(out, name.(string))
	}
	return out
}

func jsonType(v json.RawMessage) string {
	switch {
	case len(v) == 0:
		return ""
	case v[0] == '"':
		return "string"
	case v[0] == '{':
		return "object"
	case v[0] == '[':
		return "list"
	case v[0] == 't', v[0] == 'f':
		return "boolean"
	case v[0] == 'n':
		return ""
	}
	return "number"
}

// jsonText is a value as it is read best: text without its quotes.
func jsonText(v json.RawMessage) string {
	var s string
	if len(v) > 0 && v[0] == '"' && json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// readWandbTable reads what wandb.Table is written as: an object with columns
// and data, whose end says how many rows there are.
func readWandbTable(r io.ReaderAt, size int64, o Options) (Table, error) {
	in, whole := section(r, size, o)
	t := Table{Rows: -1}
	d := json.NewDecoder(in)
	d.UseNumber()
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return t, badFormat("table", errors.Join(errors.New("it is no JSON object"), err))
	}
	known := int64(-1)
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return t, tableError(err, whole)
		}
		switch key {
		case "columns":
			var columns []any
			if err := d.Decode(&columns); err != nil {
				return t, tableError(err, whole)
			}
			for _, c := range columns {
				t.Columns = append(t.Columns, Column{Name: o.cell(fmt.Sprint(c))})
			}
		case "data":
			n, err := t.readData(d, o)
			if err != nil {
				if !whole {
					t.Rows = rowsAtEnd(r, size)
					return t, nil
				}
				return t, tableError(err, whole)
			}
			t.Rows = n
		case "nrows":
			if err := d.Decode(&known); err != nil {
				return t, tableError(err, whole)
			}
		default:
			var skipped json.RawMessage
			if err := d.Decode(&skipped); err != nil {
				return t, tableError(err, whole)
			}
		}
	}
	if t.Rows < 0 {
		t.Rows = known
	}
	return t, nil
}

// readData reads rows one by one.
func (t *Table) readData(d *json.Decoder, o Options) (int64, error) {
	if start, err := d.Token(); err != nil || start != json.Delim('[') {
		return 0, errors.Join(errors.New("its data is no list"), err)
	}
	n := int64(0)
	for d.More() {
		var row []json.RawMessage
		if err := d.Decode(&row); err != nil {
			return 0, err
		}
		if n++; len(t.First) < o.Rows {
			cells := make([]string, len(row))
			for i, v := range row {
				cells[i] = o.cell(jsonText(v))
			}
			t.First = append(t.First, cells)
		}
	}
	_, err := d.Token()
	return n, err
}

func tableError(err error, whole bool) error {
	if !whole {
		return ErrTooMuch
	}
	return badFormat("table", err)
}

// rowsAtEnd finds "nrows" in the end of a table, -1 if it is not there.
func rowsAtEnd(r io.ReaderAt, size int64) int64 {
	end := make([]byte, min(size, 64<<10))
	if _, err := r.ReadAt(end, size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return -1
	}
	_, after, found := strings.Cut(string(end), `"nrows":`)
	digits := strings.TrimLeft(after, " ")
	if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = digits[:i]
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if !found || err != nil {
		return -1
	}
	return n
}
