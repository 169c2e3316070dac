package wire

import "testing"

func TestPeekPageInfo(t *testing.T) {
	for answer, want := range map[string]string{
		`{"data":{"a":{"name":"x\"pageInfo\":{\"endCursor\":\"no\"}","list":{"pageInfo":{"__typename":"P","endCursor":"c1","hasNextPage":true},"edges":[{"pageInfo":{"endCursor":"no"}}]}}}}`: "c1",
		`{"data":{"list":{"pageInfo": {"hasNextPage":false,"endCursor":"c2"}}}}`: "c2",
		`{"data":{"list":{"pageInfo":null}}}`:                                    "",
		`{"data":{"list":{"pageInfo":{"endCursor":"c3"`:                          "",
		`{"data":{"list":{"pageInfo":{"endCursor":[1]}}}}`:                       "",
		`{"data":null}`: "",
		``:              "",
	} {
		got := ""
		if info, ok := PeekPageInfo([]byte(answer)); ok {
			got = *info.EndCursor
		}
		if got != want {
			t.Errorf("%s: %q, want %q", answer, got, want)
		}
	}
}
