package columns

import (
	"encoding/binary"
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

type raw struct{ json.RawMessage }

type row struct {
	Name     string     `json:"name"`
	Note     *string    `json:"note,omitempty"`
	Kind     string     `json:"kind,omitempty"`
	Size     int64      `json:"size"`
	Step     *int64     `json:"step,omitempty"`
	Linked   bool       `json:"linked"`
	Made     time.Time  `json:"made"`
	Changed  *time.Time `json:"changed,omitempty"`
	Words    []string   `json:"words"`
	Metadata *raw       `json:"metadata,omitempty"`
	Hidden   string     `json:"-"`
}

// word reads a word of a block.
func word(block []byte, n int) int { return int(binary.LittleEndian.Uint64(block[8*n:])) }

// name0 reads a name or format.
func name0(block []byte, at int) string {
	for end := at; ; end++ {
		if block[end] == 0 {
			return string(block[at:end])
		}
	}
}

func TestBlock(t *testing.T) {
	table, err := New(reflect.TypeFor[row]())
	if err != nil {
		t.Fatal(err)
	}
	note, step, moment := "a note", int64(-3), time.Date(2026, 11, 28, 12, 0, 0, 123_000, time.UTC)
	for _, rows := range [][]row{
		{{Name: "first", Size: 1 << 60, Linked: true, Made: moment, Words: []string{"a", "", "bc"}}},
		{},
		{
			{Name: "", Note: &note, Kind: "k", Step: &step, Made: moment, Changed: &moment},
			{Name: "third", Metadata: &raw{json.RawMessage(`{"a":1}`)}, Words: []string{"d"}, Linked: true},
		},
	} {
		table.Append(reflect.ValueOf(rows))
	}
	block := table.Block()
	if word(block, 0) != Magic || word(block, 1) != 12 {
		t.Fatalf("magic %x, %d nodes", word(block, 0), word(block, 1))
	}
	type column struct {
		name, format  string
		length, nulls int
	}
	var got []column
	for n := range word(block, 1) {
		at := 2 + n*nodeWords
		got = append(got, column{name0(block, word(block, at)), name0(block, word(block, at+1)), word(block, at+3), word(block, at+4)})
		for b := range word(block, at+5) {
			if begin := word(block, at+6+b); begin%8 != 0 || begin >= len(block) {
				t.Errorf("buffer %d of column %d begins at %d of %d", b, n, begin, len(block))
			}
		}
	}
	want := []column{
		{"", "+s", 3, 0},
		{"name", "U", 3, 0}, {"note", "U", 3, 2}, {"kind", "U", 3, 2}, {"size", "l", 3, 0}, {"step", "l", 3, 2},
		{"linked", "b", 3, 0}, {"made", "tsu:UTC", 3, 0}, {"changed", "tsu:UTC", 3, 2}, {"words", "+L", 3, 0}, {"metadata", "U", 3, 2},
		{"item", "U", 4, 0},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("columns\n%v, want\n%v", got, want)
	}
	// What is in them, a few looks: Arrow's own reader is what tests in bindings use.
	name := 2 + nodeWords
	offsets, data := word(block, name+7), word(block, name+8)
	if word(block, offsets/8) != 0 || word(block, offsets/8+3) != 10 || string(block[data:data+10]) != "firstthird" {
		t.Errorf("names are %q", block[data:data+10])
	}
	if linked := 2 + 6*nodeWords; block[word(block, linked+7)] != 0b101 {
		t.Errorf("linked is %b", block[word(block, linked+7)])
	}
	if note := 2 + 2*nodeWords; block[word(block, note+6)] != 0b010 {
		t.Errorf("the second note alone is there: %b", block[word(block, note+6)])
	}
	if words := 2 + 9*nodeWords; word(block, words+9) != 1 || word(block, words+10) != 11 {
		t.Errorf("words have %d children from %d on", word(block, words+9), word(block, words+10))
	}
}

func TestNew_Refuses(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[struct{}](),
		reflect.TypeFor[struct {
			A float64 `json:"a"`
		}](),
		reflect.TypeFor[struct {
			A map[string]string `json:"a"`
		}](),
	} {
		if _, err := New(typ); err == nil {
			t.Errorf("%s was made columns of", typ)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	rows := make([]row, 1000)
	for i := range rows {
		rows[i] = row{Name: "detector", Size: int64(i), Made: time.Now(), Words: []string{"latest", "best"}}
	}
	b.ReportAllocs()
	for b.Loop() {
		table, err := New(reflect.TypeFor[row]())
		if err != nil {
			b.Fatal(err)
		}
		table.Append(reflect.ValueOf(rows))
		table.Block()
	}
}
