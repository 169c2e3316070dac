package graph

import (
	"fmt"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// timeLayout is W&B's: UTC, to the second.
const timeLayout = "2006-01-02T15:04:05Z"

// MarshalDateTime writes a DateTime. gqlgen finds it by its name.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		var b [len(timeLayout) + 2]byte
		w.Write(appendTime(b[:0], t)) // into a buffer, which does not fail
	})
}

func appendTime(to []byte, t time.Time) []byte {
	return append(t.UTC().AppendFormat(append(to, '"'), timeLayout), '"')
}

// UnmarshalDateTime reads a DateTime. gqlgen finds it by its name.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, fmt.Errorf("a DateTime is a string, not %T", v)
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a DateTime like %s", s, timeLayout)
	}
	return t, nil
}

// timeOrNull leaves out times that were never set.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// textOrNull leaves out texts that were never set.
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func textOf(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
