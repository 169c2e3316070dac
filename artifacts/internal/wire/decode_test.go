package wire

import (
	"bytes"
	"context"
	jsonv1 "encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	graphql "github.com/hasura/go-graphql-client"
)

// pageOfVersions is an answer to ProjectArtifacts with n versions.
func pageOfVersions(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"project":{"artifactType":{"artifactCollection":{"id":"QXJ0aWZhY3RDb2xsZWN0aW9uOjE=","name":"detector","project":{"name":"vision","entity":{"name":"team"}},"defaultArtifactType":{"name":"model"},"artifacts":{"totalCount":10000,"pageInfo":{"endCursor":"Y3Vyc29yOjEwMDA=","hasNextPage":true},"edges":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"version":"v%d","node":{"id":"QXJ0aWZhY3Q6MTIz","description":null,"metadata":"{\"epoch\": %d, \"loss\": 0.25}","ttlDurationSeconds":-1,"ttlIsInherited":true,"tags":[{"name":"nightly"}],"historyStep":null,"state":"COMMITTED","size":1048576,"digest":"00a2f4b1f9a1d8b1c9f6d0a3b4c5d6e7","commitHash":"a94f0b9f","fileCount":3,"createdAt":"2026-11-24T06:36:19Z","updatedAt":"2026-11-24T06:36:19Z","aliases":[{"alias":"latest","artifactCollection":{"id":"QXJ0aWZhY3RDb2xsZWN0aW9uOjE="}}]}}`, i, i)
	}
	b.WriteString(`]}}}}}`)
	return []byte(b.String())
}

// BenchmarkDecode is the reason that Do does not use the library's decoder.
func BenchmarkDecode(b *testing.B) {
	data := pageOfVersions(1000)
	for name, decode := range map[string]func([]byte, any) error{
		"json-v2":           func(b []byte, v any) error { return json.Unmarshal(b, v, tolerant) },
		"encoding-json":     jsonv1.Unmarshal,
		"go-graphql-client": graphql.UnmarshalGraphQL,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				var v inType[Versions]
				if err := decode(data, &v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// canned answers every request of the library.
type canned []byte

func (c canned) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(c))}, nil
}

// BenchmarkAnswer is the reason that Do does not let ExecRaw read the answer.
func BenchmarkAnswer(b *testing.B) {
	body := append(append([]byte(`{"data":`), pageOfVersions(1000)...), '}')
	ctx := context.Background()
	b.Run("Do", func(b *testing.B) {
		s := &Sender{URL: "http://test/graphql", Send: func(Op, *http.Request) ([]byte, error) { return body, nil }}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := ProjectArtifacts(ctx, s, Collection{Type: "t"}, Choice{}, ListShape{}, Page{First: 1000}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ExecRaw", func(b *testing.B) {
		client := graphql.NewClient("http://test/graphql", canned(body))
		b.ReportAllocs()
		for b.Loop() {
			data, err := client.ExecRaw(ctx, "{project{id}}", nil)
			if err != nil {
				b.Fatal(err)
			}
			if err := json.Unmarshal(data, new(inType[Versions])); err != nil {
				b.Fatal(err)
			}
		}
	})
}
