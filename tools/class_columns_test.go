package tools

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestColumnsOf: columns hold what the nodes are as JSON, attribute by attribute.
func TestColumnsOf(t *testing.T) {
	text, step, ttl := "a \"note\"\n<ü>", int64(1)<<60, int64(0)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	node := func(version string, change func(*ArtifactNode)) ArtifactNode {
		n := ArtifactNode{ID: "1", Version: version, Aliases: []string{}, Tags: []string{"a,b", `"`}, Size: 1 << 60, CreatedAt: at}
		if change != nil {
			change(&n)
		}
		return n
	}
	var none []ArtifactNode
	for name, nodes := range map[string][]ArtifactNode{
		"none": none,
		"one":  {node("v0", nil)},
		"alike": {
			node("v1", func(n *ArtifactNode) { n.Metadata = &Object{json.RawMessage(`{"a":[1, null],"b":1.50}`)} }),
			node("v0", func(n *ArtifactNode) { n.Metadata = &Object{json.RawMessage(`{"a":[1, null],"b":1.50}`)} }),
		},
		"different": {
			node("v2", func(n *ArtifactNode) {
				n.Description, n.HistoryStep, n.UpdatedAt, n.CommitHash = &text, &step, &at, "x"
			}),
			node("v1", nil),
			node("", func(n *ArtifactNode) {
				n.ID, n.Entity, n.Aliases, n.Tags, n.Size, n.TTLIsInherited, n.TTLSeconds = text, "12", []string{"latest", text}, nil, -1, true, &ttl
				n.CreatedAt = at.In(time.FixedZone("", 3600))
				n.Metadata = &Object{json.RawMessage(`{}`)}
			}),
			// Where one is a prefix of the other.
			node("v10", func(n *ArtifactNode) { n.Entity, n.VersionIndex = "1", 10 }),
		},
	} {
		columns, err := columnsOf(nodes)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := json.Marshal(columns)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got struct {
			Length int
			Values map[string]json.RawMessage
		}
		if err := json.Unmarshal(answer, &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rows := []map[string]any{}
		for range got.Length {
			rows = append(rows, map[string]any{})
		}
		for attribute, raw := range got.Values {
			var one struct{ Same any }
			var each []any
			if json.Unmarshal(raw, &one) == nil {
				for range got.Length {
					each = append(each, one.Same)
				}
			} else if err := json.Unmarshal(raw, &each); err != nil || len(each) != got.Length {
				t.Errorf("%s: %s of %d nodes is %s (%v)", name, attribute, got.Length, raw, err)
				continue
			}
			for i, value := range each {
				// Tags of nodes are never null, but those that this test has made.
				if value != nil || attribute == "tags" {
					rows[i][attribute] = value
				}
			}
		}
		want := []map[string]any{}
		written, err := json.Marshal(nodes)
		if err != nil {
			t.Fatal(err)
		}
		if len(nodes) > 0 {
			if err := json.Unmarshal(written, &want); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("%s (-nodes +columns):\n%s", name, diff)
		}
	}
	columns, err := columnsOf([]ArtifactNode{node("v0", nil), node("v1", nil)})
	if err != nil {
		t.Fatal(err)
	}
	const begin = `{"id":{"same":"1"},"entity":{"same":""},`
	if got := string(columns.Values.RawMessage); got[:len(begin)] != begin {
		t.Errorf("what nodes have in common is written as %s, want it once: %s", got, begin)
	}
	if _, err := columnsOf([]ArtifactNode{node("v0", func(n *ArtifactNode) { n.CreatedAt = time.Time{}.AddDate(20_000, 0, 0) })}); err == nil {
		t.Error("a time that JSON does not have is written")
	}
}
