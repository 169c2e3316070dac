package transfer_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/blobstest"
	"github.com/reliquary/reliquary/artifacts/server/blobs/dir"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// A site is a handler on a loopback port, with blobs in a directory and a
// recorder that remembers.
type site struct {
	*httptest.Server
	signer  *transfer.Signer
	handler *transfer.Handler
	blobs   blobs.Store
	path    string
	records *records
	clock   *clock
}

func newSite(t *testing.T, o transfer.HandlerOptions) *site {
	t.Helper()
	s := &site{records: &records{}, clock: &clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}, path: filepath.Join(t.TempDir(), "blobs")}
	store, err := dir.Open(s.path, dir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.blobs = store
	s.start(t, o)
	return s
}

// start serves s.blobs.
func (s *site) start(t *testing.T, o transfer.HandlerOptions) {
	t.Helper()
	var err error
	s.signer, err = transfer.NewSigner(bytes.Repeat([]byte("secret"), 6), s.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.handler = transfer.NewHandler(s.blobs, s.signer, s.records, o)
	s.Server = httptest.NewServer(s.handler)
	t.Cleanup(s.Close)
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// records remembers what it was told, or refuses it.
type records struct {
	mu        sync.Mutex
	files     []metadata.StoredFile
	manifests map[int64]string
	runFiles  map[int64]metadata.RunFile
	refuse    error
}

func (r *records) RecordFile(_ context.Context, f metadata.StoredFile) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse == nil {
		r.files = append(r.files, f)
	}
	return r.refuse
}

func (r *records) RecordFiles(ctx context.Context, files []metadata.StoredFile) []error {
	errs := make([]error, len(files))
	for i, f := range files {
		errs[i] = r.RecordFile(ctx, f)
	}
	return errs
}

func (r *records) SetManifestKey(_ context.Context, id int64, key string, size int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.manifests == nil {
		r.manifests = map[int64]string{}
	}
	r.manifests[id] = key
	return r.refuse
}

func (r *records) PutRunFile(_ context.Context, runID int64, f metadata.RunFile) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.runFiles == nil {
		r.runFiles = map[int64]metadata.RunFile{}
	}
	r.runFiles[runID] = f
	return r.refuse
}

func md5Base64(b []byte) string { s := md5.Sum(b); return base64.StdEncoding.EncodeToString(s[:]) }
func sha256Hex(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

// an answer is what came back, with its body read.
type answer struct {
	*http.Response
	body []byte
}

// message is the error in an answer, which must have the form that clients show.
func (a answer) message(t *testing.T) string {
	t.Helper()
	var body struct{ Errors []struct{ Message string } }
	if err := json.Unmarshal(a.body, &body); err != nil || len(body.Errors) != 1 || body.Errors[0].Message == "" {
		t.Errorf("%d: the body %q is not an error that clients show", a.StatusCode, a.body)
		return ""
	}
	return body.Errors[0].Message
}

func do(t *testing.T, method, url string, body io.Reader, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return answer{res, b}
}

func wantStatus(t *testing.T, a answer, want int) {
	t.Helper()
	if a.StatusCode != want {
		t.Fatalf("%s %s: got %s %q, want %d", a.Request.Method, a.Request.URL.Path, a.Status, a.body, want)
	}
}

func (s *site) fileUpload(b []byte) transfer.FileUpload {
	return transfer.FileUpload{ArtifactID: 7, Name: "data/a b.txt", Digest: md5Base64(b), MD5: md5Base64(b)}
}

// wantNoBlobs checks that nothing was stored.
func (s *site) wantNoBlobs(t *testing.T) {
	t.Helper()
	for info, err := range s.blobs.All(t.Context()) {
		t.Errorf("a blob was stored: %+v, %v", info, err)
	}
	if s.records.files != nil || s.records.manifests != nil || s.records.runFiles != nil {
		t.Errorf("something was recorded: %+v", s.records)
	}
}

func TestUploadAndDownload(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	for _, b := range [][]byte{{}, []byte("hello"), blobstest.Bytes(1, 3<<20)} {
		u := s.fileUpload(b)
		url := s.signer.UploadURL(s.URL+"/", u)
		if !strings.HasPrefix(url, s.URL+"/storage/") || !strings.Contains(url, "wandb_artifacts/") {
			t.Errorf("the URL is %s", url)
		}
		headers := []string{}
		for _, h := range transfer.Headers(u) {
			name, value, _ := strings.Cut(h, ":")
			headers = append(headers, name, value)
		}
		for range 2 { // the second is a client that did not get the first answer
			a := do(t, "PUT", url, bytes.NewReader(b), headers...)
			wantStatus(t, a, 200)
			if got, want := a.Header.Get("ETag"), `"`+blobstest.MD5(b)+`"`; got != want {
				t.Errorf("ETag %s, want %s", got, want)
			}
		}
		want := metadata.StoredFile{ArtifactID: 7, Digest: md5Base64(b), MD5: md5Base64(b), Key: sha256Hex(b), Size: int64(len(b))}
		if got := s.records.files[len(s.records.files)-1]; got != want {
			t.Errorf("recorded %+v, want %+v", got, want)
		}

		down := s.signer.DownloadURL(s.URL, transfer.Download{Key: sha256Hex(b), Size: int64(len(b)), Name: "data/a b.txt"})
		a := do(t, "GET", down, nil)
		wantStatus(t, a, 200)
		if !bytes.Equal(a.body, b) {
			t.Errorf("got %d bytes, which are not the %d stored", len(a.body), len(b))
		}
		a = do(t, "HEAD", down, nil)
		wantStatus(t, a, 200)
		if a.ContentLength != int64(len(b)) || len(a.body) != 0 {
			t.Errorf("HEAD: length %d with a body of %d, want %d and none", a.ContentLength, len(a.body), len(b))
		}
	}
	// Chunked, as a client that does not know the length sends it.
	b := []byte("of unknown length")
	wantStatus(t, do(t, "PUT", s.signer.UploadURL(s.URL, s.fileUpload(b)), io.MultiReader(bytes.NewReader(b))), 200)
}

func TestManifestAndRunFile(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	b := []byte(`{"version":1}`)
	url := s.signer.UploadURL(s.URL, transfer.ManifestUpload{ManifestID: 5, Name: "wandb_manifest.json", MD5: md5Base64(b)})
	if !strings.Contains(url, "wandb_manifest.json") {
		t.Errorf("the URL is %s", url)
	}
	wantStatus(t, do(t, "PUT", url, bytes.NewReader(b)), 200)
	if s.records.manifests[5] != sha256Hex(b) {
		t.Errorf("recorded %+v", s.records.manifests)
	}
	down := s.signer.DownloadURL(s.URL, transfer.Download{Key: sha256Hex(b), Size: int64(len(b)), Name: "wandb_manifest.json", Manifest: true})
	if !strings.Contains(down, "wandb_manifest.json") {
		t.Errorf("the URL is %s", down)
	}
	a := do(t, "GET", down, nil)
	wantStatus(t, a, 200)
	if a.Header.Get("Content-Type") != "application/json" || !bytes.Equal(a.body, b) {
		t.Errorf("got %s %q", a.Header.Get("Content-Type"), a.body)
	}

	name := "media/images/ä?&=.png"
	url = s.signer.UploadURL(s.URL, transfer.RunFileUpload{RunID: 3, Name: name})
	wantStatus(t, do(t, "PUT", url, bytes.NewReader(b)), 200)
	if want := (metadata.RunFile{Name: name, Key: sha256Hex(b), MD5: md5Base64(b), Size: int64(len(b))}); s.records.runFiles[3] != want {
		t.Errorf("recorded %+v, want %+v", s.records.runFiles[3], want)
	}
}

func TestMultipart(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	id, err := s.blobs.CreateUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var whole []byte
	var parts []blobs.Part
	for i := range 3 {
		b := blobstest.Bytes(uint64(i), 100_000+i)
		whole = append(whole, b...)
		url := s.signer.UploadURL(s.URL, transfer.PartUpload{UploadID: id, Number: i + 1, MD5: blobstest.MD5(b)})
		wantStatus(t, do(t, "PUT", url, bytes.NewReader(b[1:])), 400) // and then the right bytes
		a := do(t, "PUT", url, bytes.NewReader(b), "Content-MD5", md5Base64(b))
		wantStatus(t, a, 200)
		parts = append(parts, blobs.Part{Number: i + 1, MD5: a.Header.Get("ETag")}) // quotes and all
	}
	c := transfer.Completion{ArtifactID: 9, Digest: md5Base64(whole), UploadID: id, Parts: parts}
	wrong := c
	wrong.Digest = md5Base64([]byte("other"))
	if _, err := s.handler.Complete(t.Context(), wrong); metadata.KindOf(err) != metadata.KindInvalid {
		t.Errorf("Complete with the wrong digest: %v", err)
	}
	if s.records.files != nil {
		t.Errorf("recorded %+v", s.records.files)
	}
	for range 2 {
		info, err := s.handler.Complete(t.Context(), c)
		if err != nil || info.Key != sha256Hex(whole) {
			t.Errorf("Complete: %+v, %v", info, err)
		}
	}
	want := metadata.StoredFile{ArtifactID: 9, Digest: md5Base64(whole), MD5: md5Base64(whole), Key: sha256Hex(whole), Size: int64(len(whole))}
	if len(s.records.files) != 2 || s.records.files[1] != want {
		t.Errorf("recorded %+v, want %+v twice", s.records.files, want)
	}
	for kind, c := range map[metadata.Kind]transfer.Completion{
		metadata.KindNotFound: {ArtifactID: 9, Digest: c.Digest, UploadID: strings.Repeat("0", 32), Parts: parts},
		metadata.KindInvalid:  {ArtifactID: 9, Digest: c.Digest, UploadID: "../x", Parts: parts},
	} {
		if _, err := s.handler.Complete(t.Context(), c); metadata.KindOf(err) != kind {
			t.Errorf("Complete of upload %q: %v, want %s", c.UploadID, err, kind)
		}
	}
}

func TestUploadRefused(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{MaxSize: 1000})
	hello := []byte("hello")
	good := s.signer.UploadURL(s.URL, s.fileUpload(hello))
	small := s.fileUpload(hello)
	small.MaxSize = 4
	noMD5 := s.fileUpload(hello)
	noMD5.Digest, noMD5.MD5 = "not base64", ""
	runFile := s.signer.UploadURL(s.URL, transfer.RunFileUpload{RunID: 1, Name: "output.log"})
	for name, try := range map[string]struct {
		url     string
		body    io.Reader
		headers []string
		status  int
		says    string
	}{
		"other bytes":            {good, strings.NewReader("HELLO"), nil, 400, "MD5"},
		"too few":                {good, strings.NewReader("hell"), nil, 400, "MD5"},
		"another Content-MD5":    {good, bytes.NewReader(hello), []string{"Content-MD5", md5Base64(nil)}, 400, "Content-MD5"},
		"no Content-MD5":         {good, bytes.NewReader(hello), []string{"Content-MD5", "x"}, 400, "Content-MD5"},
		"a run file's MD5":       {runFile, bytes.NewReader(hello), []string{"Content-MD5", md5Base64(nil)}, 400, "MD5"},
		"a digest that is none":  {s.signer.UploadURL(s.URL, noMD5), bytes.NewReader(hello), nil, 400, "MD5"},
		"above its limit":        {s.signer.UploadURL(s.URL, small), bytes.NewReader(hello), nil, 413, "4 bytes"},
		"above it, chunked":      {s.signer.UploadURL(s.URL, small), io.MultiReader(bytes.NewReader(hello)), nil, 413, "4 bytes"},
		"above the handler's":    {runFile, bytes.NewReader(make([]byte, 1001)), nil, 413, "1000 bytes"},
		"above that, chunked":    {runFile, io.MultiReader(bytes.NewReader(make([]byte, 1001))), nil, 413, "1000 bytes"},
		"a changed signature":    {good + "x", bytes.NewReader(hello), nil, 403, "not made by this registry"},
		"another limit":          {good + "&size=5", bytes.NewReader(hello), nil, 403, "not made by this registry"},
		"another file's path":    {strings.Replace(good, "wandb_artifacts/7/", "wandb_artifacts/8/", 1), bytes.NewReader(hello), nil, 403, "not made by this registry"},
		"another artifact":       {strings.Replace(good, "id=7", "id=8", 1), bytes.NewReader(hello), nil, 403, "not made by this registry"},
		"a parameter twice":      {good + "&id=7", bytes.NewReader(hello), nil, 403, "not made by this registry"},
		"no signature":           {s.URL + "/storage/upload/wandb_artifacts/7/x/y", bytes.NewReader(hello), nil, 403, "not made by this registry"},
		"an URL for downloading": {s.signer.DownloadURL(s.URL, transfer.Download{Key: sha256Hex(hello), Size: 5}), bytes.NewReader(hello), nil, 403, "not made by this registry"},
	} {
		t.Run(name, func(t *testing.T) {
			a := do(t, "PUT", try.url, try.body, try.headers...)
			wantStatus(t, a, try.status)
			if m := a.message(t); !strings.Contains(m, try.says) {
				t.Errorf("the message is %q, without %q", m, try.says)
			}
		})
	}
	for _, method := range []string{"POST", "DELETE", "PATCH"} {
		a := do(t, method, good, bytes.NewReader(hello))
		wantStatus(t, a, 405)
		a.message(t)
	}
	// Reading with a URL for writing is no way in either.
	wantStatus(t, do(t, "GET", good, nil), 403)

	s.clock.advance(transfer.DefaultUploadTime + time.Second)
	a := do(t, "PUT", good, bytes.NewReader(hello))
	wantStatus(t, a, 403)
	if m := a.message(t); !strings.Contains(m, "expired") {
		t.Errorf("the message is %q", m)
	}
	s.wantNoBlobs(t)
}

// TestRecorderRefuses has the metadata say no: the client must hear it in a
// status that it treats rightly.
func TestRecorderRefuses(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	url := s.signer.UploadURL(s.URL, s.fileUpload([]byte("hello")))
	for kind, status := range map[metadata.Kind]int{
		metadata.KindNotFound: 404, metadata.KindConflict: 409, metadata.KindInvalid: 400,
		metadata.KindDenied: 403, metadata.KindUnavailable: 503, metadata.KindCorrupt: 410,
	} {
		s.records.refuse = &metadata.Error{Kind: kind, Message: "because it is " + string(kind)}
		a := do(t, "PUT", url, strings.NewReader("hello"))
		wantStatus(t, a, status)
		if m := a.message(t); m != "because it is "+string(kind) {
			t.Errorf("the message is %q", m)
		}
	}
	s.records.refuse = nil
	wantStatus(t, do(t, "PUT", url, strings.NewReader("hello")), 200)
}

func TestDownloadHeaders(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	b := []byte("<script>alert(1)</script>")
	info, err := s.blobs.Put(t.Context(), bytes.NewReader(b), -1, blobs.Digests{})
	if err != nil {
		t.Fatal(err)
	}
	for name, disposition := range map[string]string{
		"a/index.html":    `attachment; filename=index.html`,
		`x".html`:         `attachment; filename="x\".html"`,
		"ä.txt":           `attachment; filename*=utf-8''%C3%A4.txt`,
		"a\r\nEvil: 1":    `attachment; filename*=utf-8''a%0D%0AEvil%3A%201`,
		"..":              `attachment; filename=file`,
		"":                `attachment; filename=file`,
		"a//":             `attachment; filename=a`,
		"dir/\xff\xfe.js": `attachment; filename*=utf-8''%FF%FE.js`,
	} {
		a := do(t, "GET", s.signer.DownloadURL(s.URL, transfer.Download{Key: info.Key, Size: info.Size, Name: name}), nil)
		wantStatus(t, a, 200)
		for header, want := range map[string]string{
			"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Content-Disposition": disposition,
			"Content-Security-Policy": "default-src 'none'; sandbox", "Etag": `"` + info.Key + `"`, "Accept-Ranges": "bytes", "Evil": "",
		} {
			if got := a.Header.Get(header); got != want {
				t.Errorf("%q: %s is %q, want %q", name, header, got, want)
			}
		}
		if !bytes.Equal(a.body, b) {
			t.Errorf("%q: got %q", name, a.body)
		}
	}
}

func TestDownloadRefused(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	info, err := s.blobs.Put(t.Context(), strings.NewReader("hello"), -1, blobs.Digests{})
	if err != nil {
		t.Fatal(err)
	}
	d := transfer.Download{Key: info.Key, Size: 5, Name: "a.txt"}
	good := s.signer.DownloadURL(s.URL, d)
	for name, try := range map[string]struct {
		url    string
		status int
	}{
		"another key":      {strings.ReplaceAll(good, info.Key, sha256Hex(nil)), 403},
		"no query":         {good[:strings.Index(good, "?")], 403},
		"as a manifest":    {good + "&manifest=true", 403},
		"a missing blob":   {s.signer.DownloadURL(s.URL, transfer.Download{Key: sha256Hex(nil), Size: 5}), 404},
		"a damaged blob":   {s.signer.DownloadURL(s.URL, transfer.Download{Key: info.Key, Size: 6}), 410},
		"a key that isn't": {s.signer.DownloadURL(s.URL, transfer.Download{Key: "../../secret", Size: 6}), 400},
	} {
		t.Run(name, func(t *testing.T) {
			a := do(t, "GET", try.url, nil)
			wantStatus(t, a, try.status)
			a.message(t)
			if a.Header.Get("Etag") != "" || a.Header.Get("Cache-Control") != "" {
				t.Errorf("an error with the headers of a file: %v", a.Header)
			}
		})
	}
	s.clock.advance(transfer.DefaultDownloadTime)
	wantStatus(t, do(t, "GET", good, nil), 200)
	s.clock.advance(time.Second)
	wantStatus(t, do(t, "GET", good, nil), 403)
}
