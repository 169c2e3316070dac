package tools_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// TestOffline downloads a version, takes the server away, and goes on with
// what is on disk.
func TestOffline(t *testing.T) {
	t.Parallel()
	cache, dir := t.TempDir(), t.TempDir()
	ctx := inDir(t, dir)
	// As a person has it who has configured nothing but server and key.
	connect := func(url, key string) *artifacts.Client {
		c, err := artifacts.New(artifacts.Config{
			BaseURL: url, APIKey: key, Project: "vision",
			Retry: artifacts.Retry{Attempts: 1}, Files: artifacts.FileConfig{CacheDir: cache},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	var url, key string
	var got tools.DownloadArtifactOutput
	var digest string
	var want map[string]string
	if !t.Run("while the server is there", func(t *testing.T) {
		s := openShop(t) // it ends with this subtest
		url, key = s.URL, s.Key
		c := connect(url, key)
		got = callIn[tools.DownloadArtifactOutput](ctx, t, c, "download_artifact", args{"artifact": "imagenet-mini:latest", "to": "first"})
		want, digest = contents(t, got.To), digestOf(t, s, c, "imagenet-mini:latest")
		if got.KnownSince != nil || len(want) != 4 {
			t.Errorf("downloaded %+v", got)
		}
	}) {
		return
	}
	c := connect(url, key)
	if e := refuse(t, c, "list_artifacts", args{"collection": "imagenet-mini"}); e.Code != artifacts.KindUnavailable || !e.Retryable {
		t.Fatalf("the server is still there: %+v", e)
	}
	whole := strings.TrimSuffix(got.Artifact, ":v2")
	for i, which := range []args{
		{"artifact": "imagenet-mini:v2"}, {"artifact": "imagenet-mini"}, {"artifact": whole + ":v2"}, {"artifact": got.ID},
		{"artifact": "imagenet-mini", "digest": digest},
	} {
		for _, offline := range []bool{false, true} {
			with := func(more args) args {
				out := args{"offline": offline}
				for _, m := range []args{which, more} {
					for k, v := range m {
						out[k] = v
					}
				}
				return out
			}
			to := filepath.Join(dir, "again", string(rune('a'+i)))
			out := callIn[tools.DownloadArtifactOutput](ctx, t, c, "download_artifact", with(args{"to": to}))
			if out.ID != got.ID || out.Files != 4 || out.Fetched != 0 || out.KnownSince == nil {
				t.Errorf("%v: downloaded %+v", with(nil), out)
			}
			if diff := cmp.Diff(want, contents(t, to)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", with(nil), diff)
			}
			if v := callIn[tools.VerifyArtifactOutput](ctx, t, c, "verify_artifact", with(args{"folder": "first"})); !v.OK || v.Folder.Files != 4 || v.KnownSince == nil {
				t.Errorf("%v: verified %+v", with(nil), v)
			}
			if f := callIn[tools.ReadArtifactFileOutput](ctx, t, c, "read_artifact_file", with(args{"path": "LICENSE.txt"})); *f.Text != "CC BY 4.0\n" || !f.Verified || f.KnownSince == nil {
				t.Errorf("%v: read %+v", with(nil), f)
			}
		}
	}
	// What was never here needs the server, and says so.
	if e := refuseIn(ctx, t, c, "download_artifact", args{"artifact": "checkpoints:v3"}); e.Code != artifacts.KindUnavailable {
		t.Errorf("not here: %+v", e)
	}
	if e := refuseIn(ctx, t, c, "download_artifact", args{"artifact": "checkpoints:v3", "offline": true}); e.Code != artifacts.KindNotFound || e.Argument != "artifact" {
		t.Errorf("not here, and nobody to ask: %+v", e)
	}
	if e := refuseIn(ctx, t, c, "verify_artifact", args{"artifact": "imagenet-mini:v2", "server": true}); e.Code != artifacts.KindUnavailable {
		t.Errorf("what is on the server: %+v", e)
	}
}
