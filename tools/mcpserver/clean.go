package mcpserver

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names, descriptions and metadata are written by whoever may log an artifact,
// and read by models and terminals that act on what they read. Characters that
// people cannot see must not say anything to a model.

// clean takes such characters out of all strings of a JSON document and counts
// them. The document stays what it is otherwise, byte by byte.
func clean(document []byte) (cleaned []byte, removed int) {
	if !suspicious(document) {
		return document, 0
	}
	var out bytes.Buffer
	for rest := document; len(rest) > 0; {
		open := bytes.IndexByte(rest, '"')
		if open < 0 {
			out.Write(rest)
			break
		}
		end := open + 1
		for end < len(rest) && rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(rest))
		out.Write(rest[:open])
		literal, n := cleanLiteral(rest[open:end])
		out.Write(literal)
		removed += n
		rest = rest[end:]
	}
	return out.Bytes(), removed
}

// suspicious reports whether a document can hold anything to take out: that is
// beyond ASCII, or escaped.
func suspicious(document []byte) bool {
	return bytes.ContainsFunc(document, func(r rune) bool { return r >= utf8.RuneSelf || r == 0x7f }) ||
		bytes.Contains(document, []byte(`\u`)) || bytes.Contains(document, []byte(`\b`)) ||
		bytes.Contains(document, []byte(`\f`)) || bytes.Contains(document, []byte(`\r`))
}

func cleanLiteral(literal []byte) ([]byte, int) {
	if !suspicious(literal) {
		return literal, 0
	}
	var s string
	if json.Unmarshal(literal, &s) != nil {
		return literal, 0
	}
	visible := cleanText(s)
	if visible == s {
		return literal, 0
	}
	text, err := compact(visible)
	if err != nil {
		return literal, 0
	}
	return text, utf8.RuneCountInString(s) - utf8.RuneCountInString(visible)
}

// Sequences by which terminals are told to do something: CSI, OSC and its kin
// up to their terminator, and the two-character ones.
var terminalSequence = regexp.MustCompile("(?s)(?:\x1b\\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\x1b[\\]PX^_]|[\u0090\u0098\u009d\u009e\u009f]).*?(?:\x07|\x1b\\\\|\u009c)|\x1b[ -/]*[0-~]")

// cleanText takes out what cannot be seen.
func cleanText(s string) string {
	s = terminalSequence.ReplaceAllString(s, "")
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.Is(invisible, r) {
			return -1
		}
		return r
	}, s)
}

// invisible characters: controls, marks that turn the direction of writing,
// spaces without width, tags, and selectors that can carry hidden bytes. Joiners
// (200C, 200D) and the selectors of emoji (FE0E, FE0F) stay: words need them.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x0000, Hi: 0x001f, Stride: 1},
		{Lo: 0x007f, Hi: 0x009f, Stride: 1},
		{Lo: 0x00ad, Hi: 0x00ad, Stride: 1},
		{Lo: 0x034f, Hi: 0x034f, Stride: 1},
		{Lo: 0x061c, Hi: 0x061c, Stride: 1},
		{Lo: 0x115f, Hi: 0x1160, Stride: 1},
		{Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
		{Lo: 0x180b, Hi: 0x180f, Stride: 1},
		{Lo: 0x200b, Hi: 0x200b, Stride: 1},
		{Lo: 0x200e, Hi: 0x200f, Stride: 1},
		{Lo: 0x2028, Hi: 0x202e, Stride: 1},
		{Lo: 0x2060, Hi: 0x206f, Stride: 1},
		{Lo: 0x3164, Hi: 0x3164, Stride: 1},
		{Lo: 0xfe00, Hi: 0xfe0d, Stride: 1},
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1},
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
		{Lo: 0xfff0, Hi: 0xfffb, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1bca0, Hi: 0x1bca3, Stride: 1},
		{Lo: 0x1d173, Hi: 0x1d17a, Stride: 1},
		{Lo: 0xe0000, Hi: 0xe0fff, Stride: 1},
	},
	LatinOffset: 3,
}
