package peek_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/reliquary/reliquary/tools/internal/peek"
)

// A counter counts what is fetched of a file.
type counter struct {
	*bytes.Reader
	bytes, reads int64
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.bytes += int64(n)
	c.reads++
	return n, err
}

func of(data []byte) *counter { return &counter{Reader: bytes.NewReader(data)} }

type score struct {
	ID    int64    `parquet:"id"`
	Label string   `parquet:"label,optional"`
	Score float64  `parquet:"score"`
	Tags  []string `parquet:"tags"`
}

func parquetFile(t testing.TB, rows int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[score](&b, parquet.MaxRowsPerRowGroup(5000), parquet.Compression(&parquet.Zstd))
	for i := range rows {
		s := score{ID: int64(i), Score: float64(i) / 2, Tags: []string{"a", fmt.Sprint(i)}}
		if i > 0 {
			s.Label = fmt.Sprint("label ", i*7919)
		}
		if _, err := w.Write([]score{s}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadTable(t *testing.T) {
	for _, tt := range []struct {
		name, format string
		data         []byte
		want         peek.Table
	}{
		{"csv", "csv", []byte("\xef\xbb\xbfid,\"the, name\"\n1,\"two\nlines\"\n2,b\n3,c"), peek.Table{
			Columns: []peek.Column{{Name: "id"}, {Name: "the, name"}}, Rows: 3, First: [][]string{{"1", "two\nlines"}, {"2", "b"}},
		}},
		{"csv of nothing", "csv", nil, peek.Table{}},
		{"tsv", "tsv", []byte("a\tb\n1\t2\n"), peek.Table{Columns: []peek.Column{{Name: "a"}, {Name: "b"}}, Rows: 1, First: [][]string{{"1", "2"}}}},
		{"json lines", "jsonl", []byte("{\"q\": \"why?\", \"n\": 1}\n\n{\"q\": null, \"extra\": [1, 2]}\n{\"q\":\"x\"}\n"), peek.Table{
			Columns: []peek.Column{{Name: "q", Type: "string"}, {Name: "n", Type: "number"}, {Name: "extra", Type: "list"}},
			Rows:    3, First: [][]string{{"why?", "1", ""}, {"null", "", "[1, 2]"}},
		}},
		{"wandb table", "table", []byte(`{"_type": "table", "column_types": {"x": [1]}, "columns": ["id", 7], "data": [[1, "a"], [2, "b"], [3, null]], "ncols": 2, "nrows": 3}`), peek.Table{
			Columns: []peek.Column{{Name: "id"}, {Name: "7"}}, Rows: 3, First: [][]string{{"1", "a"}, {"2", "b"}},
		}},
		{"parquet", "parquet", parquetFile(t, 3), peek.Table{
			Columns: []peek.Column{{Name: "id", Type: "int(64,true)"}, {Name: "label", Type: "optional string"}, {Name: "score", Type: "double"}, {Name: "tags", Type: "repeated string"}},
			Rows:    3, First: [][]string{{"0", "null", "0", "a, 0"}, {"1", "label 7919", "0.5", "a, 1"}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := peek.ReadTable(tt.format, of(tt.data), int64(len(tt.data)), peek.Options{Rows: 2, MaxBytes: 1 << 20, MaxCell: 40})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// TestReadTable_ReadsLittle: the columns and row count of a large Parquet file
// cost its end, and its first rows a little of its beginning.
func TestReadTable_ReadsLittle(t *testing.T) {
	data := parquetFile(t, 200_000)
	file := of(data)
	got, err := peek.ReadTable("parquet", file, int64(len(data)), peek.Options{Rows: 3})
	if err != nil || got.Rows != 200_000 || len(got.First) != 3 {
		t.Fatalf("%d rows, %d shown, %v", got.Rows, len(got.First), err)
	}
	if file.bytes > int64(len(data))/2 || file.reads > 12 {
		t.Errorf("fetched %d of %d bytes with %d requests", file.bytes, len(data), file.reads)
	}
}

// TestReadTable_SaysWhatItDoesNotKnow: rows of a text that is too long are not
// counted, and not claimed to be.
func TestReadTable_SaysWhatItDoesNotKnow(t *testing.T) {
	line := "value,another value\n"
	data := []byte("a,b\n" + strings.Repeat(line, 10_000))
	for _, format := range []string{"csv", "jsonl"} {
		if format == "jsonl" {
			data = []byte(strings.Repeat(`{"a": 1}`+"\n", 10_000))
		}
		got, err := peek.ReadTable(format, of(data), int64(len(data)), peek.Options{Rows: 1, MaxBytes: 1000})
		if err != nil || got.Rows != -1 || len(got.First) != 1 {
			t.Errorf("%s: %d rows, %d shown, %v", format, got.Rows, len(got.First), err)
		}
	}
	table := []byte(`{"columns":["a"],"data":[` + strings.Repeat("[1],", 9_999) + `[1]],"nrows": 10000}`)
	got, err := peek.ReadTable("table", of(table), int64(len(table)), peek.Options{Rows: 1, MaxBytes: 1000})
	if err != nil || got.Rows != 10_000 || len(got.First) != 1 {
		t.Errorf("%d rows, %d shown, %v", got.Rows, len(got.First), err)
	}
}

func TestReadTable_Refuses(t *testing.T) {
	short := parquetFile(t, 10)
	for _, tt := range []struct {
		format string
		data   []byte
	}{
		{"parquet", []byte("PAR1")}, {"parquet", []byte("no Parquet file at all")},
		{"parquet", short[:len(short)-9]}, {"parquet", append(bytes.Repeat([]byte{0xff}, 100), "\xff\xff\xff\x7fPAR1"...)},
		{"table", []byte("[]")}, {"table", []byte(`{"data": 1}`)}, {"table", []byte(`{"columns": [1`)},
		{"jsonl", []byte("{\"a\": 1}\nnonsense\n")}, {"pickle", nil},
	} {
		if got, err := peek.ReadTable(tt.format, of(tt.data), int64(len(tt.data)), peek.Options{Rows: 1}); !errors.Is(err, peek.ErrFormat) {
			t.Errorf("%s %q: %+v, %v", tt.format, tt.data, got, err)
		}
	}
	failing := errors.New("the server is gone")
	for _, format := range []string{"parquet", "csv", "jsonl", "table"} {
		if _, err := peek.ReadTable(format, failingReader{failing}, 1000, peek.Options{Rows: 1}); !errors.Is(err, failing) && format != "table" || errors.Is(err, peek.ErrFormat) && format != "table" {
			t.Errorf("%s: %v", format, err)
		}
	}
}

type failingReader struct{ err error }

func (f failingReader) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func tensorFile(header string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
}

func TestReadTensors(t *testing.T) {
	data := append(tensorFile(`{"__metadata__":{"format":"pt"},"w":{"dtype":"F16","shape":[2,3],"data_offsets":[8,20]},"b":{"dtype":"F32","shape":[],"data_offsets":[0,8]}}`), make([]byte, 1<<20)...)
	file := of(data)
	got, err := peek.ReadTensors(file, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	want := []peek.Tensor{{Name: "b", Type: "F32", Shape: []int64{}, Bytes: 8}, {Name: "w", Type: "F16", Shape: []int64{2, 3}, Bytes: 12}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if file.bytes > 1000 {
		t.Errorf("fetched %d bytes", file.bytes)
	}
	for _, bad := range [][]byte{nil, []byte("short"), tensorFile("[]"), tensorFile(`{"w": 1}`), binary.LittleEndian.AppendUint64(nil, 1<<62)} {
		if _, err := peek.ReadTensors(of(bad), int64(len(bad))); !errors.Is(err, peek.ErrFormat) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// FuzzRead looks into anything: what others wrote must not bring it down.
func FuzzRead(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"))
	f.Add([]byte(`{"columns":["a"],"data":[[1]],"nrows":1}`))
	f.Add(parquetFile(f, 4))
	f.Add(tensorFile(`{"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []string{"parquet", "csv", "tsv", "jsonl", "table"} {
			got, err := peek.ReadTable(format, of(data), int64(len(data)), peek.Options{Rows: 3, MaxBytes: 1 << 16, MaxCell: 10})
			if err == nil && len(got.First) > 3 {
				t.Errorf("%s: %d rows for 3", format, len(got.First))
			}
		}
		if _, err := peek.ReadTensors(of(data), int64(len(data))); err != nil && !errors.Is(err, peek.ErrFormat) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
	})
}
