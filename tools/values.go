package tools

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// Bytes is a size in bytes. In JSON it is a string of digits: sizes may pass
// 2^53, where JavaScript's numbers and many JSON readers begin to skip.
type Bytes int64

// MarshalText writes the digits.
func (b Bytes) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(b), 10), nil }

// UnmarshalText reads them.
func (b *Bytes) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	*b = Bytes(n)
	return err
}

// Object is a JSON object as it was written: its numbers keep all their digits.
type Object struct{ json.RawMessage }

// Moment is a time as operations give it: in UTC, to the second.
type Moment struct{ time.Time }

func moment(t time.Time) Moment { return Moment{t.UTC().Truncate(time.Second)} }

func maybeMoment(t *time.Time) *Moment {
	if t == nil {
		return nil
	}
	m := moment(*t)
	return &m
}

// How much of what people wrote goes into a result: little in lists, all that
// anybody would want to read where it was asked for. Names are short already.
const (
	clippedInLists = 200
	clippedAlone   = 8_000
)

// clip shortens text and says so in its end.
func clip(s string, most int) string {
	n := utf8.RuneCountInString(s)
	if n <= most {
		return s
	}
	return string([]rune(s)[:most]) + "… [" + strconv.Itoa(n) + " characters in all]"
}

// quote puts what somebody wrote into a message.
func quote(s string) string { return strconv.Quote(clip(s, clippedInLists)) }

func clipPointer(s *string, most int) string {
	if s == nil {
		return ""
	}
	return clip(*s, most)
}

// some are the first of many values, and how many more there are.
func some(values []string, most int) (first []string, more int) {
	if len(values) <= most {
		return append([]string{}, values...), 0
	}
	return append([]string{}, values[:most]...), len(values) - most
}
