package artifacts_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
)

// TestManifests_TakeFewRequests: the manifests of many versions.
func TestManifests_TakeFewRequests(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	var versions []*artifacts.Artifact
	for i := range 5 {
		d, err := artifacts.NewArtifact("dataset", "many")
		if err == nil {
			err = d.AddBytes("n.txt", []byte(strconv.Itoa(i%4))) // the last is as the first
		}
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, b.logDraft(d, &artifacts.LogOptions{AlwaysNew: true}).Artifact)
	}
	var watch spy
	c := b.newClient(func(cfg *artifacts.Config) { cfg.Transport, cfg.Files.CacheDir = &watch, t.TempDir() })
	var paths []string
	for _, a := range versions {
		paths = append(paths, a.QualifiedName())
	}
	found, err := c.FindArtifacts(ctx, paths)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range found {
		versions[i] = f.Artifact
	}
	watch.operations()
	for _, want := range [][]string{{"FetchArtifactManifest"}, nil} { // read once, they are kept
		var seen []string
		if err := c.Manifests(ctx, versions, func(a *artifacts.Artifact, m *artifacts.Manifest) error {
			if m.Digest() != a.Digest || m.Len() != 1 {
				t.Errorf("%s has digest %s, its manifest %s", a, a.Digest, m.Digest())
			}
			seen = append(seen, a.Version)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(seen)
		if !slices.Equal(seen, []string{"v0", "v1", "v2", "v3", "v4"}) {
			t.Errorf("seen %v", seen)
		}
		if got := watch.operations(); !slices.Equal(got, want) {
			t.Errorf("asked %v, want %v", got, want)
		}
	}

	stop := errors.New("enough")
	if err := c.Manifests(ctx, versions, func(*artifacts.Artifact, *artifacts.Manifest) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("it ended with %v", err)
	}
	// One that is not there any more is told by name.
	gone := *found[1].Artifact
	gone.ID, gone.Digest = base64.StdEncoding.EncodeToString([]byte("Artifact:999999")), "another"
	err = c.Manifests(ctx, []*artifacts.Artifact{found[0].Artifact, &gone}, func(*artifacts.Artifact, *artifacts.Manifest) error { return nil })
	if !errors.Is(err, artifacts.ErrNotFound) || !strings.Contains(err.Error(), paths[1]) {
		t.Errorf("a version that is not there: %v", err)
	}
	if err := c.Manifests(ctx, []*artifacts.Artifact{{Version: "v0"}}, nil); !errors.Is(err, artifacts.ErrInvalid) {
		t.Errorf("a version from no server: %v", err)
	}
}
