package tools_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// boundedToAFolder tries to get out of the folder that an agent was given.
func boundedToAFolder(t *testing.T, s *shop, c *artifacts.Client) {
	outside := folder(t, map[string]string{"secret": "secret", "sub/secret": "secret"})
	inside := folder(t, map[string]string{"in/a": "a", "in/b": "b"})
	for link, to := range map[string]string{
		"link": filepath.Join(outside, "secret"), "dir": outside, "in/up": "../..", "relative": "../" + filepath.Base(outside),
	} {
		if err := os.Symlink(to, filepath.Join(inside, link)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := tools.FilesIn(inside)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	ctx := tools.WithFiles(t.Context(), files)

	before := contents(t, outside)
	bad := []string{
		"..", "../x", "in/../../x", outside, filepath.Join(outside, "secret"), "/", "/etc/passwd",
		"link", "dir", "dir/secret", "dir/new/er", "relative/secret", "in/up", "in/up/x", inside + "/../" + filepath.Base(outside),
	}
	for _, path := range bad {
		for _, tt := range []struct {
			operation string
			args      args
		}{
			{"log_artifact", args{"collection": "stolen", "type": "dataset", "files": []args{{"local": path}}}},
			{"download_artifact", args{"artifact": "imagenet-mini:v0", "to": path}},
			{"verify_artifact", args{"artifact": "imagenet-mini:v0", "folder": path}},
		} {
			e := refuseIn(ctx, t, c, tt.operation, tt.args)
			if e.Code != artifacts.KindDenied && (path != "link" || e.Code != artifacts.KindConflict) {
				t.Errorf("%s of %s: %+v", tt.operation, path, e)
			}
			if strings.Contains(e.Error(), "secret\n") {
				t.Errorf("%s tells: %v", tt.operation, e)
			}
		}
	}
	// A folder with links out of it is not logged in part.
	if e := refuseIn(ctx, t, c, "log_artifact", args{"collection": "stolen", "type": "dataset", "files": []args{{"local": "."}}}); e.Code != artifacts.KindDenied {
		t.Errorf("the whole folder: %+v", e)
	}
	if after := contents(t, outside); len(after) != len(before) {
		t.Errorf("outside there are %q now", after)
	}
	if e := refuse(t, c, "get_artifact_collection", args{"collection": "stolen"}); e.Code != artifacts.KindNotFound {
		t.Errorf("something was logged: %+v", e)
	}

	// Within it everything works, by relative and by absolute paths.
	logged := callIn[tools.LogArtifactOutput](ctx, t, c, "log_artifact", args{
		"collection": "allowed", "type": "dataset", "files": []args{{"local": "in/a", "path": "a"}, {"local": filepath.Join(inside, "in", "b")}},
	})
	if logged.Files != 2 {
		t.Errorf("logged %+v", logged)
	}
	got := callIn[tools.DownloadArtifactOutput](ctx, t, c, "download_artifact", args{"artifact": "allowed:v0", "to": "new/folder"})
	if want := filepath.Join(inside, "new", "folder"); got.To != want || len(contents(t, want)) != 2 {
		t.Errorf("downloaded %+v", got)
	}
	for _, folder := range []string{"new/folder", filepath.Join(inside, "new", "folder")} {
		if v := callIn[tools.VerifyArtifactOutput](ctx, t, c, "verify_artifact", args{"artifact": "allowed:v0", "folder": folder}); !v.OK {
			t.Errorf("verified %+v", v.Folder)
		}
	}
	sub := callIn[tools.LogArtifactOutput](ctx, t, c, "log_artifact", args{"collection": "allowed-too", "type": "dataset", "files": []args{{"local": "new"}}})
	if sub.Files != 2 || sub.SentFiles != 0 {
		t.Errorf("logged %+v", sub)
	}
	referencesStayWithin(t, s, c, outside, files)
}

// referencesStayWithin: a version whose references lead elsewhere is no way out.
func referencesStayWithin(t *testing.T, s *shop, c *artifacts.Client, outside string, files *tools.Files) {
	var asked atomic.Int32
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("ETag", `"tag"`)
		w.Write([]byte("web"))
	}))
	t.Cleanup(web.Close)
	// Logged by somebody who may.
	person := inDir(t, outside)
	callIn[tools.LogArtifactOutput](person, t, c, "log_artifact", args{
		"collection": "leading-out", "type": "dataset",
		"references": []args{{"uri": "file://" + outside + "/secret", "path": "secret"}, {"uri": web.URL + "/x", "path": "web"}},
	})
	n := asked.Load()
	if n == 0 {
		t.Error("the person's reference was not looked at")
	}
	agent := tools.WithFiles(t.Context(), files)
	for _, path := range []string{"secret", "web"} {
		for operation, a := range map[string]args{
			"download_artifact":  {"artifact": "leading-out:v0", "to": "leading", "paths": []string{path}},
			"read_artifact_file": {"artifact": "leading-out:v0", "path": path},
		} {
			if e := refuseIn(agent, t, c, operation, a); e.Code != artifacts.KindDenied {
				t.Errorf("%s of %s: %+v", operation, path, e)
			}
		}
	}
	if e := refuseIn(agent, t, c, "log_artifact", args{"collection": "stolen", "type": "dataset", "references": []args{{"uri": "file://" + outside + "/secret"}}}); e.Code != artifacts.KindDenied {
		t.Errorf("a reference to a file: %+v", e)
	}
	// Logged without looking.
	callIn[tools.LogArtifactOutput](agent, t, c, "log_artifact", args{"collection": "referring", "type": "dataset", "references": []args{{"uri": web.URL + "/y", "path": "y"}}})
	if asked.Load() != n {
		t.Errorf("the web server was asked %d times more", asked.Load()-n)
	}
	// A person gets both.
	out := callIn[tools.DownloadArtifactOutput](person, t, c, "download_artifact", args{"artifact": "leading-out:v0", "to": "got"})
	if got := contents(t, out.To); got["secret"] != "secret" || got["web"] != "web" {
		t.Errorf("the person has %q", got)
	}
	if out := callIn[tools.DownloadArtifactOutput](agent, t, c, "download_artifact", args{"artifact": "leading-out:v0", "to": "left-out", "skip_references": true}); out.SkippedReferences != 2 {
		t.Errorf("left out: %+v", out)
	}
}
