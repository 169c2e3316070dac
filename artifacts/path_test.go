package artifacts

import (
	"errors"
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	for s, want := range map[string]Path{
		"c":                     {Collection: "c"},
		"c:v3":                  {Collection: "c", Alias: "v3"},
		"p/c":                   {Project: "p", Collection: "c"},
		"p/c:latest":            {Project: "p", Collection: "c", Alias: "latest"},
		"e/p/c":                 {Entity: "e", Project: "p", Collection: "c"},
		"e/p/c:prod/eu":         {Entity: "e", Project: "p", Collection: "c", Alias: "prod/eu"},
		"c:a/b/c/d/e":           {Collection: "c", Alias: "a/b/c/d/e"},
		"c:a:b":                 {Collection: "c", Alias: "a:b"},
		"e/wandb-registry-x/c":  {Entity: "e", Project: "wandb-registry-x", Collection: "c"},
		"täm/pröjekt/daten:neü": {Entity: "täm", Project: "pröjekt", Collection: "daten", Alias: "neü"},
	} {
		got, err := ParsePath(s)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v", s, got, err)
		}
		if got.String() != s {
			t.Errorf("%q: String gives %q", s, got.String())
		}
	}
	for _, s := range []string{
		"", ":", ":v1", "c:", "/c", "e//c", "/p/c", "e/p/", "e/p/:v1", "a/b/c/d", "a/b/c/d:v1", "//", "c\n", "c:a\x00",
		"wandb-artifact://4172/x", "wandb-client-artifact://abc/x", "https://wandb.ai/e/p/artifacts/t/c/v0",
	} {
		if p, err := ParsePath(s); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "entity/project/collection:alias") {
			t.Errorf("%q: got %+v, %v", s, p, err)
		}
	}
}

func TestIsArtifactID(t *testing.T) {
	for s, want := range map[string]bool{
		"QXJ0aWZhY3Q6MTIz": true, // Artifact:123
		"UHJvamVjdDoxMjM=": false,
		"dataset":          false,
		"":                 false,
	} {
		if isArtifactID(s) != want {
			t.Errorf("%q: want %v", s, want)
		}
	}
}

// FuzzParsePath: what is read is written back the same.
func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"e/p/c:v1", "c", "p/c:a/b", "a/b/c/d", "::", "/:/", "é/\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePath(s)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if p.Collection == "" || p.String() != s {
			t.Errorf("%q: got %+v, written %q", s, p, p.String())
		}
		if again, err := ParsePath(p.String()); err != nil || again != p {
			t.Errorf("%q: again %+v, %v", s, again, err)
		}
	})
}
