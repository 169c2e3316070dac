package crashtest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// A driver speaks as much of W&B's protocol as logging and reading a version
// takes. Like the real client it repeats a request that had no answer.
type driver struct {
	url, key string
	http     *http.Client
}

// errRefused is an answer that repeating the request does not change.
var errRefused = errors.New("refused")

// send sends a request until it is answered with something else than 5xx.
func (d driver) send(ctx context.Context, method, url string, body []byte, headers map[string]string) ([]byte, http.Header, error) {
	for {
		req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
		if err != nil {
			return nil, nil, err
		}
		for name, value := range headers {
			req.Header.Set(name, value)
		}
		res, err := d.http.Do(req)
		if err == nil {
			var b []byte
			b, err = io.ReadAll(res.Body)
			res.Body.Close()
			switch {
			case err != nil:
			case res.StatusCode >= 500:
				err = fmt.Errorf("%s: %s", res.Status, b)
			case res.StatusCode >= 300:
				return nil, nil, fmt.Errorf("%w: %s %s: %s: %s", errRefused, method, url, res.Status, b)
			default:
				return b, res.Header, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("%s %s: %w, after %w", method, url, ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

// graphql runs one operation and reads its data into out.
func (d driver) graphql(ctx context.Context, name, document string, variables map[string]any, out any) error {
	body, err := json.Marshal(map[string]any{"operationName": name, "query": document, "variables": variables})
	if err != nil {
		return err
	}
	answer, _, err := d.send(ctx, "POST", d.url+"/graphql", body, map[string]string{
		"Content-Type": "application/json", "Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("api:"+d.key)),
	})
	if err != nil {
		return err
	}
	var reply struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(answer, &reply); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, answer)
	}
	if len(reply.Errors) > 0 {
		return fmt.Errorf("%w: %s: %s", errRefused, name, reply.Errors[0].Message)
	}
	return json.Unmarshal(reply.Data, out)
}

// put sends bytes to an address with the headers that came with it.
func (d driver) put(ctx context.Context, url string, b []byte, headers []string) (etag string, err error) {
	set := map[string]string{}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		set[name] = value
	}
	_, head, err := d.send(ctx, "PUT", url, b, set)
	if err != nil {
		return "", err
	}
	return head.Get("ETag"), nil
}

// A version is what is to be logged, or was.
type version struct {
	sequence string
	files    map[string][]byte
	parts    int  // in how many parts large files are sent
	together bool // the other files are sent in one batch, as our own client does
}

func md5Hex(b []byte) string    { s := md5.Sum(b); return hex.EncodeToString(s[:]) }
func md5Base64(b []byte) string { s := md5.Sum(b); return base64.StdEncoding.EncodeToString(s[:]) }

func (v version) digest() string {
	h := md5.New()
	io.WriteString(h, "wandb-artifact-manifest-v1\n")
	for _, path := range slices.Sorted(maps.Keys(v.files)) {
		io.WriteString(h, path+":"+md5Base64(v.files[path])+"\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// clientID is an id as clients make them up: 128 characters.
func clientID(r *rand.Rand) string {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 128)
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// startRun makes the run that logs, and the project with it.
func (d driver) startRun(ctx context.Context, name string) error {
	var out any
	return d.graphql(ctx, "UpsertBucket", `mutation UpsertBucket($name: String!) {
		upsertBucket(input: {name: $name, modelName: "crash", entityName: "local"}) { bucket { id name } inserted } }`,
		map[string]any{"name": name}, &out)
}

// log uploads and commits a version, as wandb-core does it. The version is
// acknowledged when log returns without error.
func (d driver) log(ctx context.Context, run string, v version, r *rand.Rand) error {
	var created struct {
		CreateArtifact struct {
			Artifact struct{ ID, State string }
		}
	}
	err := d.graphql(ctx, "CreateArtifact",
		`mutation CreateArtifact($input: CreateArtifactInput!) { createArtifact(input: $input) { artifact { id state } } }`,
		map[string]any{"input": map[string]any{
			"entityName": "local", "projectName": "crash", "artifactTypeName": "dataset", "artifactCollectionName": v.sequence, "runName": run,
			"digest": v.digest(), "digestAlgorithm": "MANIFEST_MD5", "clientID": clientID(r), "sequenceClientID": clientID(r),
			"aliases":                   []any{map[string]any{"artifactCollectionName": v.sequence, "alias": "latest"}},
			"enableDigestDeduplication": true,
		}}, &created)
	if err != nil {
		return err
	}
	id := created.CreateArtifact.Artifact.ID
	if created.CreateArtifact.Artifact.State == "COMMITTED" {
		return nil // an earlier try was committed, and its answer lost
	}
	if _, err := d.manifest(ctx, id, "", nil); err != nil {
		return err
	}
	births, err := d.uploadFiles(ctx, id, v)
	if err != nil {
		return err
	}
	contents := map[string]any{}
	for path, b := range v.files {
		contents[path] = map[string]any{"digest": md5Base64(b), "size": len(b), "birthArtifactID": births[path]}
	}
	manifest, err := json.Marshal(map[string]any{
		"version": 1, "storagePolicy": "wandb-storage-policy-v1", "storagePolicyConfig": map[string]any{"storageLayout": "V2"}, "contents": contents,
	})
	if err != nil {
		return err
	}
	if _, err := d.manifest(ctx, id, md5Base64(manifest), manifest); err != nil {
		return err
	}
	var committed struct {
		CommitArtifact struct{ Artifact struct{ ID string } }
	}
	err = d.graphql(ctx, "CommitArtifact",
		`mutation CommitArtifact($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id digest } } }`,
		map[string]any{"id": id}, &committed)
	if err == nil && committed.CommitArtifact.Artifact.ID != id {
		err = fmt.Errorf("%s was committed, not %s", committed.CommitArtifact.Artifact.ID, id)
	}
	return err
}

// manifest announces a manifest, and uploads it if it has a digest.
func (d driver) manifest(ctx context.Context, artifact, digest string, b []byte) (id string, err error) {
	var made struct {
		CreateArtifactManifest struct {
			ArtifactManifest struct {
				ID   string
				File struct {
					UploadURL     string
					UploadHeaders []string
				}
			}
		}
	}
	err = d.graphql(ctx, "CreateArtifactManifest", `mutation CreateArtifactManifest($id: ID!, $digest: String!, $upload: Boolean!) {
		createArtifactManifest(input: {artifactID: $id, name: "wandb_manifest.json", digest: $digest, entityName: "local", projectName: "crash", runName: "", type: FULL}) {
			artifactManifest { id file { id uploadUrl @include(if: $upload) uploadHeaders @include(if: $upload) } } } }`,
		map[string]any{"id": artifact, "digest": digest, "upload": digest != ""}, &made)
	if err != nil || digest == "" {
		return made.CreateArtifactManifest.ArtifactManifest.ID, err
	}
	m := made.CreateArtifactManifest.ArtifactManifest
	_, err = d.put(ctx, m.File.UploadURL, b, m.File.UploadHeaders)
	return m.ID, err
}

// uploadFiles uploads the files that the server does not have, and returns the
// birth artifact of each.
func (d driver) uploadFiles(ctx context.Context, artifact string, v version) (births map[string]string, err error) {
	paths := slices.Sorted(maps.Keys(v.files))
	var specs []any
	for _, path := range paths {
		spec := map[string]any{"artifactID": artifact, "name": path, "md5": md5Base64(v.files[path])}
		if parts := v.split(path); parts != nil {
			var in []any
			for i, p := range parts {
				in = append(in, map[string]any{"partNumber": i + 1, "hexMD5": md5Hex(p)})
			}
			spec["uploadPartsInput"] = in
		}
		specs = append(specs, spec)
	}
	var made struct {
		CreateArtifactFiles struct {
			Files struct {
				Edges []struct {
					Node struct {
						StoragePath         string
						UploadURL           *string
						UploadHeaders       []string
						UploadMultipartUrls *multipartURLs
						Artifact            struct{ ID string }
					}
				}
			}
		}
	}
	err = d.graphql(ctx, "CreateArtifactFiles", `mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) { createArtifactFiles(input: $input) { files { edges { node {
		storagePath uploadUrl uploadHeaders uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } } artifact { id } } } } } }`,
		map[string]any{"input": map[string]any{"artifactFiles": specs, "storageLayout": "V2"}}, &made)
	if err != nil {
		return nil, err
	}
	births = map[string]string{}
	var together []upload
	for i, e := range made.CreateArtifactFiles.Files.Edges {
		n := e.Node
		births[paths[i]] = n.Artifact.ID
		switch {
		case n.UploadURL == nil:
		case n.UploadMultipartUrls != nil:
			err = d.uploadParts(ctx, n.Artifact.ID, n.StoragePath, *n.UploadMultipartUrls, v.split(paths[i]))
		case v.together:
			together = append(together, upload{*n.UploadURL, v.files[paths[i]], n.UploadHeaders})
		default:
			_, err = d.put(ctx, *n.UploadURL, v.files[paths[i]], n.UploadHeaders)
		}
		if err != nil {
			return nil, err
		}
	}
	return births, d.uploadTogether(ctx, together)
}

// An upload is bytes and where they go.
type upload struct {
	url     string
	bytes   []byte
	headers []string
}

// uploadTogether sends files in one batch, and those that it did not bring about
// one by one.
func (d driver) uploadTogether(ctx context.Context, files []upload) error {
	if len(files) == 0 {
		return nil
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range files {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Location": {f.url}})
		if err == nil {
			_, err = part.Write(f.bytes)
		}
		if err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	answer, _, err := d.send(ctx, "POST", d.url+transfer.BatchUploadPath, body.Bytes(), map[string]string{"Content-Type": "multipart/mixed; boundary=" + w.Boundary()})
	if err != nil {
		return err
	}
	var said struct{ Refused []struct{ Part int } }
	if err := json.Unmarshal(answer, &said); err != nil {
		return err
	}
	for _, r := range said.Refused {
		f := files[r.Part]
		if _, err := d.put(ctx, f.url, f.bytes, f.headers); err != nil {
			return err
		}
	}
	return nil
}

type multipartURLs struct {
	UploadID       string
	UploadURLParts []struct {
		PartNumber int
		UploadURL  string
	}
}

// split cuts a large file into parts; it is nil for a small one.
func (v version) split(path string) [][]byte {
	b := v.files[path]
	if v.parts < 2 || len(b) < 100*v.parts {
		return nil
	}
	return slices.Collect(slices.Chunk(b, (len(b)+v.parts-1)/v.parts))
}

func (d driver) uploadParts(ctx context.Context, artifact, storagePath string, urls multipartURLs, parts [][]byte) error {
	var done []any
	for i, u := range urls.UploadURLParts {
		etag, err := d.put(ctx, u.UploadURL, parts[i], []string{"Content-MD5:" + md5Base64(parts[i])})
		if err != nil {
			return err
		}
		done = append(done, map[string]any{"partNumber": u.PartNumber, "hexMD5": etag})
	}
	var out any
	return d.graphql(ctx, "CompleteMultipartUploadArtifact", `mutation CompleteMultipartUploadArtifact($parts: [UploadPartsInput!]!, $artifact: ID!, $path: String!, $upload: String!) {
		completeMultipartUploadArtifact(input: {completeMultipartAction: Complete, completedParts: $parts, artifactID: $artifact, storagePath: $path, uploadID: $upload}) { digest } }`,
		map[string]any{"parts": done, "artifact": artifact, "path": storagePath, "upload": urls.UploadID}, &out)
}

// A listed version is what the registry says that it has.
type listed struct {
	Version string
	Node    struct {
		ID, State, Digest string
		FileCount         int
		CurrentManifest   *struct{ File struct{ DirectURL string } }
		Files             struct {
			Edges []struct {
				Node struct{ Name, DirectURL string }
			}
		}
	}
}

// list lists every version of a sequence, with the addresses of its files.
func (d driver) list(ctx context.Context, sequence string) ([]listed, error) {
	var all []listed
	after := ""
	for {
		var out struct {
			Project *struct {
				ArtifactCollection *struct {
					Artifacts struct {
						PageInfo struct {
							EndCursor   string
							HasNextPage bool
						}
						Edges []listed
					}
				}
			}
		}
		err := d.graphql(ctx, "Versions", `query Versions($name: String!, $after: String) { project(name: "crash", entityName: "local") { artifactCollection(name: $name) { ... on ArtifactSequence {
			artifacts(first: 50, after: $after) { pageInfo { endCursor hasNextPage } edges { version node { id state digest fileCount
				currentManifest { file { directUrl } } files(first: 100) { edges { node { name directUrl } } } } } } } } } }`,
			map[string]any{"name": sequence, "after": after}, &out)
		if err != nil {
			return nil, err
		}
		if out.Project == nil || out.Project.ArtifactCollection == nil {
			return all, nil
		}
		page := out.Project.ArtifactCollection.Artifacts
		all = append(all, page.Edges...)
		if !page.PageInfo.HasNextPage {
			return all, nil
		}
		after = page.PageInfo.EndCursor
	}
}
