package transfer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

type batchPart struct {
	url  string
	data []byte
}

// sendBatch sends files and returns what was refused, as "part status".
func sendBatch(t *testing.T, s *site, parts ...batchPart) map[string]string {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range parts {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Location": {p.url}})
		if err == nil {
			_, err = part.Write(p.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	a := do(t, "POST", s.URL+transfer.BatchUploadPath, &body, "Content-Type", "multipart/mixed; boundary="+w.Boundary())
	wantStatus(t, a, 200)
	var said struct {
		Refused []struct {
			Part, Status int
			Message      string
		}
	}
	if err := json.Unmarshal(a.body, &said); err != nil {
		t.Fatal(err)
	}
	refused := map[string]string{}
	for _, r := range said.Refused {
		refused[fmt.Sprint(r.Part, " ", r.Status)] = r.Message
	}
	return refused
}

func fileURL(s *site, id int64, data []byte) string {
	return s.signer.UploadURL(s.URL, transfer.FileUpload{ArtifactID: id, Name: "dir/f.bin", Digest: md5Base64(data)})
}

// TestBatchUpload: every file of a batch is judged as if it came alone.
func TestBatchUpload(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{MaxSize: 1000})
	good, empty, other, large := []byte("hello"), []byte{}, []byte("other"), make([]byte, 1001)
	refused := sendBatch(t, s,
		batchPart{fileURL(s, 7, good), good},
		batchPart{fileURL(s, 7, empty), empty},
		batchPart{fileURL(s, 7, other), []byte("forged")},
		batchPart{fileURL(s, 7, other) + "x", other},
		batchPart{fileURL(s, 7, large), large},
		batchPart{s.signer.UploadURL(s.URL, transfer.RunFileUpload{RunID: 1, Name: "f"}), good},
		batchPart{s.signer.DownloadURL(s.URL, transfer.Download{Key: sha256Hex(good), Size: 5}), good},
		batchPart{"", good},
		batchPart{fileURL(s, 8, other), other},
	)
	for _, want := range []string{"2 400", "3 403", "4 413", "5 400", "6 403", "7 403"} {
		if refused[want] == "" {
			t.Errorf("part and status %s are missing from %v", want, refused)
		}
	}
	if len(refused) != 6 {
		t.Errorf("refused %v", refused)
	}
	stored := map[string]bool{}
	for _, f := range s.records.files {
		stored[fmt.Sprint(f.ArtifactID, f.Key)] = true
	}
	for _, want := range []string{"7" + sha256Hex(good), "7" + sha256Hex(empty), "8" + sha256Hex(other)} {
		if !stored[want] || len(s.records.files) != 3 {
			t.Errorf("recorded %v, without %s", s.records.files, want)
		}
	}
	for _, data := range [][]byte{good, empty, other} {
		if err := s.blobs.Verify(t.Context(), sha256Hex(data)); err != nil {
			t.Error(err)
		}
	}

	s.records.refuse = &metadata.Error{Kind: metadata.KindNotFound, Message: "the artifact is gone"}
	if refused := sendBatch(t, s, batchPart{fileURL(s, 7, good), good}); refused["0 404"] != "the artifact is gone" {
		t.Errorf("refused %v", refused)
	}
	s.clock.advance(transfer.DefaultUploadTime + time.Second)
}

// TestBatchUpload_Broken: what is no batch is refused as a whole.
func TestBatchUpload_Broken(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	at := s.URL + transfer.BatchUploadPath
	wantStatus(t, do(t, "POST", at, strings.NewReader("{}"), "Content-Type", "application/json"), 415)
	const kind = "multipart/mixed; boundary=x"
	wantStatus(t, do(t, "POST", at, strings.NewReader("--x\r\nContent-Location: /\r\n\r\nhalf"), "Content-Type", kind), 400)
	many := strings.Repeat("--x\r\nContent-Location: /\r\n\r\n\r\n", transfer.MaxBatchFiles+1) + "--x--\r\n"
	wantStatus(t, do(t, "POST", at, strings.NewReader(many), "Content-Type", kind), 413)
	large := "--x\r\nContent-Location: /\r\n\r\n" + strings.Repeat("a", transfer.MaxBatchFile+1) + "\r\n--x--\r\n"
	wantStatus(t, do(t, "POST", at, strings.NewReader(large), "Content-Type", kind), 400)
	if len(s.records.files) != 0 {
		t.Errorf("recorded %v", s.records.files)
	}
}

// TestBatchDownload: files come in the order of their URLs; one that cannot be
// had says why, and the others come.
func TestBatchDownload(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	good, other := []byte("hello"), []byte("other")
	if refused := sendBatch(t, s, batchPart{fileURL(s, 7, good), good}, batchPart{fileURL(s, 7, other), other}); len(refused) > 0 {
		t.Fatal(refused)
	}
	url := func(data []byte, size int64) string {
		return s.signer.DownloadURL(s.URL, transfer.Download{Key: sha256Hex(data), Size: size, Name: "f"})
	}
	question, err := json.Marshal(map[string][]string{"urls": {url(good, 5), url([]byte("nowhere"), 7), url(other, 5), url(good, 5) + "x", url(good, 4), url(good, 5)}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(s.URL+transfer.BatchDownloadPath, "application/json", bytes.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for parts := multipart.NewReader(resp.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		var data []byte
		if err == nil {
			data, err = io.ReadAll(part)
		}
		if err != nil {
			t.Fatal(err)
		}
		if status := part.Header.Get("Status"); status != "" {
			if len(data) == 0 {
				t.Errorf("part %d says nothing", len(got))
			}
			data = []byte(status)
		}
		got = append(got, part.Header.Get("Content-Id")+" "+string(data))
	}
	want := []string{"0 hello", "1 404", "2 other", "3 403", "4 410", "5 hello"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	wantStatus(t, do(t, "POST", s.URL+transfer.BatchDownloadPath, strings.NewReader("[")), 400)
}
