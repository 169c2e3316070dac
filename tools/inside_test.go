package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

func testClient(t *testing.T, url string) *artifacts.Client {
	t.Helper()
	c, err := artifacts.New(artifacts.Config{BaseURL: url})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// numbers is a list of n items, each with a text of some length.
func numbers(n, length int) listing[int, string] {
	return listing[int, string]{
		operation: "numbers",
		fetch: func(_ context.Context, after string, perPage int) ([]int, artifacts.PageInfo, error) {
			first := 0
			if after != "" {
				var err error
				if first, err = strconv.Atoi(after); err != nil {
					return nil, artifacts.PageInfo{}, err
				}
			}
			last := min(n, first+perPage)
			var items []int
			for i := first; i < last; i++ {
				items = append(items, i)
			}
			info := artifacts.PageInfo{EndCursor: strconv.Itoa(last), HasNextPage: last < n}
			return items, info, nil
		},
		view: func(i int) string { return fmt.Sprintf("%d%s", i, strings.Repeat(".", length)) },
	}
}

// TestListing_BoundsPages walks lists of items that are short, long, and too
// long: every item comes once, and no page is larger than it may be.
func TestListing_BoundsPages(t *testing.T) {
	c := testClient(t, "http://example.com")
	for _, length := range []int{0, 100, 1_000, 10_000, 50_000} {
		const n = 120
		seen := 0
		p := Paging{Limit: 50}
		for {
			items, end, err := numbers(n, length).page(context.Background(), c, p)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(items)
			if err != nil {
				t.Fatal(err)
			}
			if len(items) > 1 && len(text) > pageBytes+100 {
				t.Errorf("a page of %d items has %d bytes", len(items), len(text))
			}
			for _, item := range items {
				if !strings.HasPrefix(item, strconv.Itoa(seen)) {
					t.Fatalf("item %d is %.10s", seen, item)
				}
				seen++
			}
			if len(items) < p.Limit && end.HasMore && !strings.Contains(end.Hint, "cut short") {
				t.Errorf("a page of %d items does not say why: %q", len(items), end.Hint)
			}
			if !end.HasMore {
				break
			}
			p.Cursor = end.NextCursor
		}
		if seen != n {
			t.Errorf("items of %d bytes: %d came, of %d", length, seen, n)
		}
	}
}

func TestListing_CursorsKnowTheirServer(t *testing.T) {
	ctx := context.Background()
	_, end, err := numbers(9, 0).page(ctx, testClient(t, "http://one.example.com"), Paging{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = numbers(9, 0).page(ctx, testClient(t, "http://two.example.com"), Paging{Limit: 2, Cursor: end.NextCursor})
	if !errors.Is(err, artifacts.ErrInvalid) {
		t.Errorf("another server's cursor: %v", err)
	}
}

func someState() collectionState {
	return collectionState{
		Server: "http://example.com", ID: "id", Path: "team/vision/detector", Type: "model", Kind: artifacts.Sequence,
		Tags: []string{"a"}, UsesKnown: true,
		Versions: []versionState{{ID: "1", Version: "v0", State: artifacts.Committed, Digest: "d", Size: 1, Aliases: []string{"latest"}, UsedByComplete: true}},
	}
}

func TestPlan_EndsInTime(t *testing.T) {
	made := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s := someState()
	id, err := sealPlan(s, made.Add(planLasts))
	if err != nil {
		t.Fatal(err)
	}
	if err := checkPlan(id, s, made.Add(planLasts-time.Second)); err != nil {
		t.Errorf("just in time: %v", err)
	}
	err = checkPlan(id, s, made.Add(planLasts))
	if !errors.Is(err, artifacts.ErrConflict) || !strings.Contains(err.Error(), "2026-11-24T12:15:00Z and is over") {
		t.Errorf("too late: %v", err)
	}
	// The end cannot be moved: the digest covers it.
	raw, err := openPlan(id, planCollectionName)
	if err != nil {
		t.Fatal(err)
	}
	raw[planTimeBytes-2]++ // 256 s later
	if err := checkPlan(planPrefix+encode(raw), s, made.Add(planLasts)); !errors.Is(err, artifacts.ErrConflict) {
		t.Errorf("a prolonged plan: %v", err)
	}
}

// TestPlan_SeesEveryChange changes each part of a state, and nothing else.
func TestPlan_SeesEveryChange(t *testing.T) {
	now := time.Now()
	id, err := sealPlan(someState(), now.Add(planLasts))
	if err != nil {
		t.Fatal(err)
	}
	if err := checkPlan(id, someState(), now); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*collectionState){
		"id":               func(s *collectionState) { s.ID = "another" },
		"server":           func(s *collectionState) { s.Server = "http://elsewhere.example.com" },
		"type":             func(s *collectionState) { s.Type = "dataset" },
		"kind":             func(s *collectionState) { s.Kind = artifacts.Portfolio },
		"description":      func(s *collectionState) { s.Description = "x" },
		"tags":             func(s *collectionState) { s.Tags = nil },
		"knowledge of use": func(s *collectionState) { s.UsesKnown = false },
		"no versions":      func(s *collectionState) { s.Versions = nil },
		"more versions":    func(s *collectionState) { s.Versions = append(s.Versions, versionState{ID: "2"}) },
		"another version":  func(s *collectionState) { s.Versions[0].ID = "3" },
		"number":           func(s *collectionState) { s.Versions[0].Version = "v1" },
		"state":            func(s *collectionState) { s.Versions[0].State = artifacts.Deleted },
		"digest":           func(s *collectionState) { s.Versions[0].Digest = "e" },
		"size":             func(s *collectionState) { s.Versions[0].Size++ },
		"alias":            func(s *collectionState) { s.Versions[0].Aliases = []string{"best", "latest"} },
		"use":              func(s *collectionState) { s.Versions[0].UsedBy = []string{"team/vision/run"} },
		"link":             func(s *collectionState) { s.Versions[0].Elsewhere = []string{"team/vision/released:v0"} },
	} {
		s := someState()
		change(&s)
		if err := checkPlan(id, s, now); !errors.Is(err, artifacts.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestShowPlan_IsBounded shows a collection of which everything is used, linked
// and named at length.
func TestShowPlan_IsBounded(t *testing.T) {
	s := someState()
	s.Versions = nil
	for i := range 5_000 {
		v := versionState{ID: strconv.Itoa(i), Version: fmt.Sprintf("v%d", i), State: artifacts.Committed, Size: 1 << 40, UsedByComplete: true}
		for j := range 20 {
			name := fmt.Sprintf("%0100d", i*20+j)
			v.Aliases = append(v.Aliases, name)
			v.UsedBy = append(v.UsedBy, "team/vision/"+name)
			v.Elsewhere = append(v.Elsewhere, "team/vision/"+name+":v0")
		}
		s.Versions = append(s.Versions, v)
	}
	out := showPlan(s)
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > pageBytes+5_000 || len(out.VersionsShown) == 0 {
		t.Errorf("the plan has %d bytes and shows %d versions", len(text), len(out.VersionsShown))
	}
	if out.UsedByComplete || out.Versions != 5_000 || out.SizeBytes != 5_000<<40 || !strings.Contains(out.Warnings[0], "100000 aliases") {
		t.Errorf("the plan is %s", clip(string(text), 2_000))
	}
}

func TestCollectionState_Bounds(t *testing.T) {
	var s collectionState
	if err := s.add(versionState{State: artifacts.Deleted}); err != nil || len(s.Versions) != 0 {
		t.Errorf("a deleted version counts: %v", err)
	}
	full := collectionState{Versions: make([]versionState, stateVersions)}
	if err := full.add(versionState{}); !errors.Is(err, artifacts.ErrInvalid) {
		t.Errorf("one version too many: %v", err)
	}
}

func encode(raw []byte) string { return planEncoding.EncodeToString(raw) }

func FuzzOpenPlan(f *testing.F) {
	id, err := sealPlan(someState(), time.Now())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(id)
	f.Fuzz(func(t *testing.T, id string) {
		s := someState()
		s.ID = "another"
		if checkPlan(id, s, time.Now()) == nil {
			t.Errorf("%q is a plan", id)
		}
	})
}

func FuzzOpenCursor(f *testing.F) {
	key := []byte("123456")
	f.Add(sealCursor(key, "cursor"))
	f.Fuzz(func(t *testing.T, cursor string) {
		inner, err := openCursor(key, cursor)
		if err == nil && cursor != "" && strings.TrimRight(sealCursor(key, inner), "\r\n") == "" {
			t.Errorf("%q opens to %q", cursor, inner)
		}
	})
}

func TestAnyCase(t *testing.T) {
	for text, want := range map[string]string{
		"eval": "[eE][vV][aA][lL]", "a.b": `[aA]\.[bB]`, "1": "1", "ä(": `[äÄ]\(`, "": "",
	} {
		if got := anyCase(text); got != want {
			t.Errorf("anyCase(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	if got := clip("äöü", 3); got != "äöü" {
		t.Errorf("got %q", got)
	}
	if got := clip("äöüß", 3); got != "äöü… [4 characters in all]" {
		t.Errorf("got %q", got)
	}
}

func TestShowMetadata(t *testing.T) {
	raw := json.RawMessage(`{"big": 12345678901234567890, "short": 1, "long": "` + strings.Repeat("x", 7_000) + `", "huge": "` + strings.Repeat("x", 30_000) + `"}`)
	shown, omitted, err := showMetadata(raw, nil, metadataUnasked)
	if err != nil || len(shown) != 2 || len(omitted) != 2 {
		t.Fatalf("unasked: %v, omitted %v, %v", shown, omitted, err)
	}
	if text, err := json.Marshal(shown["big"]); err != nil || string(text) != "12345678901234567890" {
		t.Errorf("a large number becomes %s (%v)", text, err)
	}
	shown, omitted, err = showMetadata(raw, []string{"long", "huge"}, metadataUnasked)
	if err != nil || len(shown) != 1 || shown["long"] == nil || len(omitted) != 3 {
		t.Errorf("asked: %d shown, omitted %v, %v", len(shown), omitted, err)
	}
	if shown, omitted, err = showMetadata(nil, nil, metadataUnasked); err != nil || len(shown)+len(omitted) != 0 {
		t.Errorf("none: %v, %v, %v", shown, omitted, err)
	}
}
