package metadata

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// A Cursor is the place of an item in a list: the values that the list is
// sorted by. Clients see it as an opaque text. It is bound to the list, the
// filter and the order, so that one of another list is refused rather than
// silently continuing somewhere.
type Cursor struct {
	List  string // which list: its subject and owner
	Shape string // its filter and order
	Key   []any  // string, int64, float64 or nil each
}

// cursorVersion is the first element of every cursor.
const cursorVersion = 1

// String writes the cursor as a client keeps it.
func (c Cursor) String() string {
	// A page has one for every item, most of them of numbers.
	text := make([]byte, 0, 128)
	text = append(text, '[')
	text = strconv.AppendInt(text, cursorVersion, 10)
	for _, part := range []string{c.List, c.Shape} {
		text = appendJSON(append(text, ','), part)
	}
	text = append(text, ",["...)
	for i, k := range c.Key {
		if i > 0 {
			text = append(text, ',')
		}
		switch k := k.(type) {
		case int64:
			text = strconv.AppendInt(text, k, 10)
		case float64:
			if math.IsInf(k, 0) {
				// JSON has no infinities, but a document may hold 1e999.
				text = appendJSON(text, []any{math.Copysign(1, k)})
			} else {
				text = appendJSON(text, k)
			}
		default:
			text = appendJSON(text, k)
		}
	}
	text = append(text, "]]"...)
	return base64.RawURLEncoding.EncodeToString(text)
}

func appendJSON(text []byte, v any) []byte {
	if s, ok := v.(string); ok && plain(s) {
		return append(append(append(text, '"'), s...), '"')
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic("metadata: " + err.Error()) // Key holds something that is not documented
	}
	return append(text, b...)
}

// plain reports whether a string is the same in JSON.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// ParseCursor reads what String wrote. KindInvalid if it is something else.
func ParseCursor(s string) (Cursor, error) {
	broken := func(err error) (Cursor, error) {
		return Cursor{}, &Error{Kind: KindInvalid, Err: err, Message: fmt.Sprintf("%.40q is not a cursor of this registry; use the endCursor of the page before, unchanged, or none for the first page", s)}
	}
	if len(s) > 64<<10 {
		return broken(nil)
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return broken(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var parts []any
	if err := d.Decode(&parts); err != nil {
		return broken(err)
	}
	if _, err := d.Token(); err != io.EOF || len(parts) != 4 || parts[0] != json.Number("1") {
		return broken(err)
	}
	var c Cursor
	var list, shape, keys bool
	c.List, list = parts[1].(string)
	c.Shape, shape = parts[2].(string)
	c.Key, keys = parts[3].([]any)
	if !list || !shape || !keys {
		return broken(nil)
	}
	for i, k := range c.Key {
		switch k := k.(type) {
		case nil, string:
		case json.Number:
			if c.Key[i], err = number(k); err != nil {
				return broken(err)
			}
		case []any:
			if len(k) != 1 || k[0] != json.Number("1") && k[0] != json.Number("-1") {
				return broken(nil)
			}
			c.Key[i] = math.Inf(1)
			if k[0] == json.Number("-1") {
				c.Key[i] = math.Inf(-1)
			}
		default:
			return broken(nil)
		}
	}
	return c, nil
}

// Fingerprint shortens what identifies a list, or its filter and order, for a Cursor.
func Fingerprint(parts ...any) string {
	h := sha256.New()
	// Everything that is fingerprinted is made of texts, numbers and booleans.
	if err := json.NewEncoder(h).Encode(parts); err != nil {
		panic("metadata: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:6])
}
