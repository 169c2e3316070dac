package columns

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// A Table collects rows, column by column. It is not safe for concurrent use.
type Table struct {
	row     reflect.Type
	fields  [][]int
	columns []*column
	length  int
}

// New makes a table for rows of a struct type: one column for each field that
// has a name in JSON, under that name. It fails for fields of other types than
// this package knows.
func New(row reflect.Type) (*Table, error) {
	t := &Table{row: row}
	for _, f := range reflect.VisibleFields(row) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		c, err := newColumn(name, f.Type)
		if err != nil {
			return nil, err
		}
		c.omitEmpty = strings.Contains(options, "omitempty")
		c.nullable = c.nullable || c.omitEmpty
		t.fields = append(t.fields, f.Index)
		t.columns = append(t.columns, c)
	}
	if len(t.columns) == 0 {
		return nil, fmt.Errorf("%s has no fields to make columns of", row)
	}
	return t, nil
}

// Append adds the rows of a slice of the table's type.
func (t *Table) Append(rows reflect.Value) {
	for i := range rows.Len() {
		row := rows.Index(i)
		for n, c := range t.columns {
			c.append(row.FieldByIndex(t.fields[n]))
		}
	}
	t.length += rows.Len()
}

// Size is about how many bytes Block would return.
func (t *Table) Size() int {
	size := 0
	for _, c := range t.columns {
		size += c.size()
	}
	return size
}

// A kind is one that Arrow has.
type kind int

const (
	text kind = iota
	object
	number
	boolean
	moment
	list
)

// formats are Arrow's names of the kinds: text with offsets of 64 bits, 64 bits
// with a sign, booleans of one bit, microseconds since 1970 in UTC, lists.
var formats = map[kind]string{text: "U", object: "U", number: "l", boolean: "b", moment: "tsu:UTC", list: "+L"}

// A column is the values of one field.
type column struct {
	name      string
	kind      kind
	nullable  bool // there can be rows without a value
	omitEmpty bool // an empty value is none
	length    int
	nulls     int
	valid     []byte // one bit for each value, 0 for none
	fixed     []byte // the values, or where they begin in data or items
	data      []byte // of text
	items     *column
}

func newColumn(name string, t reflect.Type) (*column, error) {
	c := &column{name: name}
	for t.Kind() == reflect.Pointer {
		t, c.nullable = t.Elem(), true
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		c.kind = moment
	case t.Kind() == reflect.Struct && t.NumField() == 1 && t.Field(0).Type.Kind() == reflect.Slice && t.Field(0).Type.Elem().Kind() == reflect.Uint8:
		c.kind = object // JSON as it was written
	case t.Kind() == reflect.String:
		c.kind = text
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		c.kind = number
	case t.Kind() == reflect.Bool:
		c.kind = boolean
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		c.kind, c.items = list, &column{name: "item", kind: text}
		c.items.begin()
	default:
		return nil, fmt.Errorf("the field %s is a %s, which is made no column of", name, t)
	}
	c.begin()
	return c, nil
}

// begin writes where the first value begins.
func (c *column) begin() {
	if c.kind == text || c.kind == object || c.kind == list {
		c.offset(0)
	}
}

func (c *column) offset(n int) { c.word(uint64(n)) }

func (c *column) word(n uint64) { c.fixed = binary.LittleEndian.AppendUint64(c.fixed, n) }

func (c *column) append(v reflect.Value) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			c.add(reflect.Value{})
			return
		}
		v = v.Elem()
	}
	if c.omitEmpty && v.IsZero() {
		v = reflect.Value{}
	}
	c.add(v)
}

// add adds a value, or none where v is the zero Value.
func (c *column) add(v reflect.Value) {
	bit := byte(1) << (c.length % 8)
	if c.length%8 == 0 {
		c.valid = append(c.valid, 0)
		if c.kind == boolean {
			c.fixed = append(c.fixed, 0)
		}
	}
	if v.IsValid() {
		c.valid[c.length/8] |= bit
	} else {
		c.nulls++
	}
	switch c.kind {
	case text:
		if v.IsValid() {
			c.data = append(c.data, v.String()...)
		}
		c.offset(len(c.data))
	case object:
		if v.IsValid() {
			c.data = append(c.data, v.Field(0).Bytes()...)
		}
		c.offset(len(c.data))
	case number:
		n := int64(0)
		if v.IsValid() {
			n = v.Int()
		}
		c.word(uint64(n))
	case boolean:
		if v.IsValid() && v.Bool() {
			c.fixed[c.length/8] |= bit
		}
	case moment:
		n := int64(0)
		if v.IsValid() {
			n = v.Interface().(time.Time).UnixMicro()
		}
		c.word(uint64(n))
	case list:
		if v.IsValid() {
			for i := range v.Len() {
				c.items.add(v.Index(i))
			}
		}
		c.offset(c.items.length)
	}
	c.length++
}

func (c *column) size() int {
	size := len(c.valid) + len(c.fixed) + len(c.data)
	if c.items != nil {
		size += c.items.size()
	}
	return size
}
