package mcpserver

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanText(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                     "plain",
		"two\nlines\tand a tab":     "two\nlines\tand a tab",
		"\x1b[1;31mred\x1b[0m":      "red",
		"\x1b]0;title\x07after":     "after",
		"\x1b]8;;http://x\x1b\\y":   "y",
		"\u009b31mred":              "red",
		"\x1bcreset":                "reset",
		"a\x00b\x08c\x7fd\u0085e":   "abcde",
		"\u202eabc\u202c":           "abc",
		"\u2066a\u2069\u200f":       "a",
		"zero\u200bwidth\ufeff":     "zerowidth",
		"tag\U000e0041\U000e007f":   "tag",
		"hidden\ufe00\U000e0101":    "hidden",
		"soft\u00adhyphen":          "softhyphen",
		"👩\u200d🔬 ☂\ufe0f":          "👩\u200d🔬 ☂\ufe0f",
		"می\u200cخواهم":             "می\u200cخواهم",
		"naïve Ünïcödé 日本語":         "naïve Ünïcödé 日本語",
		"\r\n":                      "\n",
		"line\u2028separator\u2029": "lineseparator",
	} {
		if got := cleanText(in); got != want {
			t.Errorf("cleanText(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":"b"}`:                             `{"a":"b"}`,
		`{"a\u200b":["\u202eb", 1, "\\u202e"]}`: `{"a":["b", 1, "\\u202e"]}`,
		`{"q":"\"\u001b[31m\""}`:                `{"q":"\"\""}`,
		`["\ud83d\ude00", "\u00e9"]`:            `["\ud83d\ude00", "\u00e9"]`,
		`"\u202e`:                               `"\u202e`, // no JSON: left alone
	} {
		if got, _ := clean([]byte(in)); string(got) != want {
			t.Errorf("clean(%s) = %s, want %s", in, got, want)
		}
	}
	document := []byte(`{"x": "` + strings.Repeat("y", 1000) + `"}`)
	if got, n := clean(document); &got[0] != &document[0] || n != 0 {
		t.Error("a document with nothing to take out was copied")
	}
}

func FuzzClean(f *testing.F) {
	f.Add(`{"a":"\u202e"}`)
	f.Add("{\"a\x1b[31m\":[\"\u200b\\\"\",1e5,null]}")
	f.Fuzz(func(t *testing.T, in string) {
		got, n := clean([]byte(in))
		if !json.Valid([]byte(in)) || !utf8.ValidString(in) {
			return // it must not panic, that is all
		}
		if !json.Valid(got) {
			t.Fatalf("%q becomes %q", in, got)
		}
		again, m := clean(got)
		if string(again) != string(got) || m != 0 && n == 0 {
			t.Errorf("%q becomes %q, and that %q", in, got, again)
		}
	})
}
