package tools

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"time"
)

// AsColumns asks for nodes in another form.
type AsColumns struct {
	// Give columns in place of nodes: half the text, and less where versions are alike.
	Columns bool `json:"columns,omitempty"`
}

// NodeColumns are the nodes of a page by attribute.
type NodeColumns struct {
	// The number of nodes.
	Length int `json:"length"`
	// By the name of an attribute, in the order that nodes have: an array with what
	// each node has, null for one that has none; or {"same": what all of them have}.
	// An attribute that no node has is left out.
	Values Object `json:"values"`
}

// columnsOf are the columns of a slice of structs.
func columnsOf[Node any](nodes []Node) (*NodeColumns, error) {
	all := reflect.ValueOf(nodes)
	values := []byte{'{'}
	var column []byte
	for _, f := range jsonFields(reflect.TypeFor[Node]()) {
		column = column[:0]
		var ends [2]int // of the first value, and of the last
		same := true
		for i := range nodes {
			begin := len(column)
			var err error
			if column, err = appendValue(column, all.Index(i).FieldByIndex(f.Index), f.omitEmpty); err != nil {
				return nil, err
			}
			if i == 0 {
				ends[0] = len(column)
			} else {
				same = same && bytes.Equal(column[:ends[0]], column[begin:])
			}
			column = append(column, ',')
		}
		first := column[:ends[0]]
		if same && (len(nodes) == 0 || string(first) == "null") {
			continue
		}
		if len(values) > 1 {
			values = append(values, ',')
		}
		values = append(strconv.AppendQuote(values, f.name), ':')
		if same {
			values = append(append(append(values, `{"same":`...), first...), '}')
		} else {
			values = append(append(append(values, '['), column[:len(column)-1]...), ']')
		}
	}
	return &NodeColumns{len(nodes), Object{append(values, '}')}}, nil
}

// appendValue adds the JSON of a field, null for what omitempty leaves out. What
// versions are made of does not go through package json, which takes longer.
func appendValue(to []byte, v reflect.Value, omitEmpty bool) ([]byte, error) {
	if omitEmpty && emptyJSON(v) {
		return append(to, "null"...), nil
	}
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		if y := x.Year(); y > 0 && y < 10_000 { // json refuses others
			return append(x.AppendFormat(append(to, '"'), time.RFC3339Nano), '"'), nil
		}
	case *Bytes:
		return append(strconv.AppendInt(append(to, '"'), int64(*x), 10), '"'), nil
	case *Object:
		if len(x.RawMessage) > 0 {
			return append(to, x.RawMessage...), nil
		}
	case *string:
		return appendText(to, *x)
	case *bool:
		return strconv.AppendBool(to, *x), nil
	case *int:
		return strconv.AppendInt(to, int64(*x), 10), nil
	case *int64:
		return strconv.AppendInt(to, *x, 10), nil
	case *[]string:
		if *x == nil {
			break
		}
		to = append(to, '[')
		for i, s := range *x {
			if i > 0 {
				to = append(to, ',')
			}
			var err error
			if to, err = appendText(to, s); err != nil {
				return nil, err
			}
		}
		return append(to, ']'), nil
	}
	text, err := json.Marshal(v.Interface())
	return append(to, text...), err
}

// appendText adds a JSON string.
func appendText(to []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			text, err := json.Marshal(s)
			return append(to, text...), err
		}
	}
	return append(append(append(to, '"'), s...), '"'), nil
}
