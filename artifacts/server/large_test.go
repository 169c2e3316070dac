package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// A version of many thousand files is committed well within the 30 seconds
// after which a client asks again, and its files are listed in pages as large
// as clients ask for.
func TestManyFiles(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 2_000
	}
	r := servertest.Start(t)
	w := newWriter(t, r, r.Key, r.Username, "p")

	files := make([]string, 0, 2*n)
	for i := range n {
		files = append(files, fmt.Sprintf("dir%03d/file%06d.bin", i/1000, i), fmt.Sprint(i%1000))
	}
	id := w.create("many", versionDigest(files...))
	specs := make([]any, 0, 2000)
	start := time.Now()
	for i := 0; i < len(files); i += 2 {
		specs = append(specs, map[string]any{"artifactID": id, "name": files[i], "md5": base64MD5(files[i+1])})
		if len(specs) == cap(specs) || i == len(files)-2 {
			p := must(t, r.URL, r.Key, createFiles, map[string]any{"in": map[string]any{"storageLayout": "V2", "artifactFiles": specs}})
			var edges []struct{ Node uploadNode }
			p.into(t, &edges, "createArtifactFiles", "files", "edges")
			if len(edges) != len(specs) {
				t.Fatalf("%d answers for %d files", len(edges), len(specs))
			}
			if i < 2*1000*2 { // the thousand different contents come with the first batch
				for k, e := range edges {
					text := files[i-2*(len(specs)-1)+2*k+1]
					if e.Node.UploadURL != nil {
						if status := put(t, *e.Node.UploadURL, text, e.Node.UploadHeaders); status != http.StatusOK {
							t.Fatalf("upload: %d", status)
						}
					}
				}
			}
			specs = specs[:0]
		}
	}
	t.Logf("%d files announced, 1000 of them different and uploaded: %s", n, time.Since(start))

	w.manifest(id, nil, files...)
	start = time.Now()
	p := must(t, r.URL, r.Key, commitArtifact, map[string]any{"id": id})
	t.Logf("committed in %s", time.Since(start))
	var done struct{ FileCount, Size int64 }
	if p.into(t, &done, "commitArtifact", "artifact"); done.FileCount != int64(n) {
		t.Errorf("%d files, want %d", done.FileCount, n)
	}

	start = time.Now()
	after, seen := "", 0
	for {
		p := must(t, r.URL, r.Key, `query U($after: String) { project(name: "p") { artifactCollection(name: "many") { artifactMembership(aliasName: "v0") {
			files(first: 5000, after: $after) { pageInfo { endCursor hasNextPage } edges { node { name directUrl } } } } } } }`, map[string]any{"after": after})
		var page struct {
			PageInfo struct {
				EndCursor   string
				HasNextPage bool
			}
			Edges []struct {
				Node struct{ Name, DirectURL string }
			}
		}
		p.into(t, &page, "project", "artifactCollection", "artifactMembership", "files")
		for _, e := range page.Edges {
			if e.Node.Name != files[2*seen] || !strings.Contains(e.Node.DirectURL, "wandb_artifacts/") {
				t.Fatalf("file %d is %+v, want %s", seen, e.Node, files[2*seen])
			}
			seen++
		}
		if !page.PageInfo.HasNextPage {
			break
		}
		after = page.PageInfo.EndCursor
	}
	if seen != n {
		t.Errorf("%d files were listed, want %d", seen, n)
	}
	t.Logf("listed with addresses in pages of 5000: %s", time.Since(start))

	// An addition to it.
	var base struct{ ID string }
	must(t, r.URL, r.Key, `{ project(name: "p") { artifact(name: "many:v0") { id } } }`, nil).into(t, &base, "project", "artifact")
	more := w.create("many", versionDigest("added", "0"))
	text, err := json.Marshal(map[string]any{"version": 1, "contents": map[string]any{"zz-added": map[string]any{"digest": base64MD5("0"), "size": 1}}})
	if err != nil {
		t.Fatal(err)
	}
	p = must(t, r.URL, r.Key, createManifest, map[string]any{"in": map[string]any{
		"artifactID": more, "baseArtifactID": base.ID, "name": "wandb_manifest.incremental.json", "digest": base64MD5(string(text)),
		"entityName": r.Username, "projectName": "p", "runName": "", "type": "INCREMENTAL",
	}})
	var file struct{ UploadURL string }
	p.into(t, &file, "createArtifactManifest", "artifactManifest", "file")
	if status := put(t, file.UploadURL, string(text), nil); status != http.StatusOK {
		t.Fatalf("uploading the manifest: %d", status)
	}
	start = time.Now()
	p = must(t, r.URL, r.Key, commitArtifact, map[string]any{"id": more})
	t.Logf("an addition to it was committed in %s", time.Since(start))
	if p.into(t, &done, "commitArtifact", "artifact"); done.FileCount != int64(n)+1 {
		t.Errorf("%d files with the addition, want %d", done.FileCount, n+1)
	}
	if got := must(t, r.URL, r.Key, `query D($id: ID!) { artifact(id: $id) { digest } }`, map[string]any{"id": more}); !strings.Contains(string(got.Data), versionDigest(append(files, "zz-added", "0")...)) {
		t.Errorf("the digest of all files was expected, not %s", got.Data)
	}
}
