package transfer_test

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/blobstest"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

func TestRanges(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	b := blobstest.Bytes(1, 100_000)
	info, err := s.blobs.Put(t.Context(), bytes.NewReader(b), -1, blobs.Digests{})
	if err != nil {
		t.Fatal(err)
	}
	url := s.signer.DownloadURL(s.URL, transfer.Download{Key: info.Key, Size: info.Size, Name: "b.bin"})
	etag := `"` + info.Key + `"`
	for name, try := range map[string]struct {
		headers []string
		status  int
		want    []byte
		ranges  string
	}{
		"a part":                  {[]string{"Range", "bytes=10-19"}, 206, b[10:20], "bytes 10-19/100000"},
		"from somewhere":          {[]string{"Range", "bytes=99990-"}, 206, b[99990:], "bytes 99990-99999/100000"},
		"the last ones":           {[]string{"Range", "bytes=-5"}, 206, b[99995:], "bytes 99995-99999/100000"},
		"across the end":          {[]string{"Range", "bytes=99990-200000"}, 206, b[99990:], "bytes 99990-99999/100000"},
		"behind the end":          {[]string{"Range", "bytes=100000-"}, 416, nil, "bytes */100000"},
		"not a range":             {[]string{"Range", "bytes=b-a"}, 416, nil, ""},
		"If-Range, the same":      {[]string{"Range", "bytes=1-2", "If-Range", etag}, 206, b[1:3], "bytes 1-2/100000"},
		"If-Range, another":       {[]string{"Range", "bytes=1-2", "If-Range", `"x"`}, 200, b, ""},
		"If-None-Match, the same": {[]string{"If-None-Match", etag}, 304, []byte{}, ""},
		"If-None-Match, another":  {[]string{"If-None-Match", `"x"`}, 200, b, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := do(t, "GET", url, nil, try.headers...)
			wantStatus(t, a, try.status)
			if try.want != nil && !bytes.Equal(a.body, try.want) {
				t.Errorf("got %d bytes, which are not the %d wanted", len(a.body), len(try.want))
			}
			if got := a.Header.Get("Content-Range"); got != try.ranges {
				t.Errorf("Content-Range is %q, want %q", got, try.ranges)
			}
		})
	}

	a := do(t, "GET", url, nil, "Range", "bytes=0-9,50-59")
	wantStatus(t, a, 206)
	kind, params, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		t.Fatalf("several ranges come as %q, %v", a.Header.Get("Content-Type"), err)
	}
	parts := multipart.NewReader(bytes.NewReader(a.body), params["boundary"])
	for _, want := range [][]byte{b[0:10], b[50:60]} {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, want) {
			t.Errorf("a part has %d bytes, %v", len(got), err)
		}
	}
	// An empty file has no byte that a range could name.
	empty, err := s.blobs.Put(t.Context(), strings.NewReader(""), -1, blobs.Digests{})
	if err != nil {
		t.Fatal(err)
	}
	a = do(t, "GET", s.signer.DownloadURL(s.URL, transfer.Download{Key: empty.Key, Name: "e"}), nil, "Range", "bytes=0-")
	if a.StatusCode != 200 && a.StatusCode != 416 || len(a.body) != 0 && a.StatusCode == 200 {
		t.Errorf("a range of an empty file: %s, %q", a.Status, a.body)
	}
}

// FuzzRange asks for anything: what comes as 206 must be what the answer says
// that it is, and what comes as 200 must be everything.
func FuzzRange(f *testing.F) {
	for _, seed := range []string{
		"bytes=0-0", "bytes=5-", "bytes=-5", "bytes=0-9,20-29", "bytes=9-5", "bytes=-0", "bytes=,,", "bits=1-2",
		"bytes=18446744073709551615-", "bytes=-9223372036854775809", "bytes=0-999999999999", "bytes= 1 - 2 ", "bytes=1-1,1-1,1-1", "BYTES=1-2", "bytes=+1-2",
	} {
		f.Add(seed, "")
		f.Add(seed, `"x"`)
	}
	b := blobstest.Bytes(1, 1000)
	s := newFuzzSite(f)
	info, err := s.blobs.Put(f.Context(), bytes.NewReader(b), -1, blobs.Digests{})
	if err != nil {
		f.Fatal(err)
	}
	url := s.signer.DownloadURL("http://registry", transfer.Download{Key: info.Key, Size: info.Size, Name: "b"})
	f.Fuzz(func(t *testing.T, ranges, ifRange string) {
		r := httptest.NewRequest("GET", url, nil)
		r.Header.Set("Range", ranges)
		if ifRange != "" {
			r.Header.Set("If-Range", ifRange)
		}
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		check := func(contentRange string, got []byte) {
			var from, to, size int
			if n, err := fmt.Sscanf(contentRange, "bytes %d-%d/%d", &from, &to, &size); n != 3 || err != nil || size != len(b) {
				t.Fatalf("Range %q: Content-Range is %q", ranges, contentRange)
			}
			if from == len(b) && to == from-1 && len(got) == 0 {
				return // what net/http makes of "-0", the last no bytes
			}
			if from < 0 || to >= len(b) || from > to || !bytes.Equal(got, b[from:to+1]) {
				t.Fatalf("Range %q: got %d bytes as %q", ranges, len(got), contentRange)
			}
		}
		switch w.Code {
		case http.StatusOK:
			if !bytes.Equal(w.Body.Bytes(), b) {
				t.Fatalf("Range %q: got %d bytes as the whole", ranges, w.Body.Len())
			}
		case http.StatusRequestedRangeNotSatisfiable:
		case http.StatusPartialContent:
			kind, params, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
			if kind != "multipart/byteranges" {
				check(w.Header().Get("Content-Range"), w.Body.Bytes())
				return
			}
			if w.Body.Len() > 10*len(b)+10_000 {
				t.Fatalf("Range %q: the answer has %d bytes", ranges, w.Body.Len())
			}
			parts := multipart.NewReader(w.Body, params["boundary"])
			for {
				p, err := parts.NextRawPart()
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(p)
				if err != nil {
					t.Fatal(err)
				}
				check(textproto.MIMEHeader(p.Header).Get("Content-Range"), got)
			}
		default:
			t.Fatalf("Range %q: status %d", ranges, w.Code)
		}
	})
}
