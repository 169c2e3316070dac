package transfer_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/blobstest"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// dial sends the head of a PUT and says how much of the body will come.
func dial(t *testing.T, target string, length int) net.Conn {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", u.RequestURI(), u.Host, length)
	return c
}

func (s *site) temporary(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.path, "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// eventually waits for what another goroutine does at its own pace.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen that %s", what)
		}
	}
}

// TestClientGoesAway has clients that are killed in the middle of an upload.
func TestClientGoesAway(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	b := blobstest.Bytes(1, 3<<20)
	for _, sent := range []int{0, 1, 1 << 20, len(b) - 1} {
		for _, reset := range []bool{false, true} {
			c := dial(t, s.signer.UploadURL(s.URL, s.fileUpload(b)), len(b))
			if _, err := c.Write(b[:sent]); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the upload began", func() bool { return s.temporary(t) > 0 })
			if reset {
				c.(*net.TCPConn).SetLinger(0)
			}
			c.Close()
			eventually(t, "the temporary file went", func() bool { return s.temporary(t) == 0 })
		}
	}
	s.wantNoBlobs(t)
	wantStatus(t, do(t, "PUT", s.signer.UploadURL(s.URL, s.fileUpload(b)), strings.NewReader(string(b))), 200)
}

// TestStalledRefusal has a client that is refused before it has sent its body,
// and then sends nothing: neither its answer nor the connection may hang.
func TestStalledRefusal(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	c := dial(t, s.URL+"/storage/upload/none", 5)
	c.SetDeadline(time.Now().Add(30 * time.Second))
	answer, err := io.ReadAll(c) // until the server closes the connection
	if err != nil || !strings.Contains(string(answer), "403 Forbidden") {
		t.Errorf("got %q, %v", answer, err)
	}
}

// TestShortBody has a client that closes its side early but still listens.
func TestShortBody(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	c := dial(t, s.signer.UploadURL(s.URL, s.fileUpload([]byte("hello"))), 5)
	io.WriteString(c, "hel")
	c.(*net.TCPConn).CloseWrite()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 400 || !strings.Contains(string(body), "did not arrive whole") {
		t.Errorf("got %s %s", res.Status, body)
	}
	s.wantNoBlobs(t)
}

// TestServerEnds has a server that ends while a client sends nothing more: the
// handler must not wait for it.
func TestServerEnds(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	front := httptest.NewUnstartedServer(s.handler)
	front.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	front.Start()
	defer front.Close()
	c := dial(t, s.signer.UploadURL(front.URL, s.fileUpload([]byte("hello"))), 5)
	io.WriteString(c, "hel")
	eventually(t, "the upload began", func() bool { return s.temporary(t) > 0 })
	cancel()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s, want a status at which the client tries again", res.Status)
	}
	s.wantNoBlobs(t)
	if n := s.temporary(t); n != 0 {
		t.Errorf("%d temporary files", n)
	}
}

// full is a store on a full disk; until refuses that many uploads.
type full struct {
	blobs.Store
	refuse int
}

func (f *full) Put(ctx context.Context, r io.Reader, size int64, want blobs.Digests) (blobs.Info, error) {
	if f.refuse > 0 {
		f.refuse--
		io.CopyN(io.Discard, r, 10)
		return blobs.Info{}, fmt.Errorf("storing a blob: %w: %w", blobs.ErrNoSpace, unix.ENOSPC)
	}
	return f.Store.Put(ctx, r, size, want)
}

func (f *full) Complete(context.Context, string, []blobs.Part, blobs.Digests) (blobs.Info, error) {
	return blobs.Info{}, blobs.ErrNoSpace
}

// TestFullDisk checks what a person reads when the disk is full, and that the
// upload succeeds by being repeated once there is space.
func TestFullDisk(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	s.blobs = &full{Store: s.blobs, refuse: 1}
	s.start(t, transfer.HandlerOptions{})
	b := blobstest.Bytes(1, 1<<20)
	put := func() answer {
		return do(t, "PUT", s.signer.UploadURL(s.URL, s.fileUpload(b)), strings.NewReader(string(b)))
	}
	a := put()
	wantStatus(t, a, http.StatusInsufficientStorage)
	if m := a.message(t); !strings.Contains(m, "disk of the registry is full") || !strings.Contains(m, "Free space") {
		t.Errorf("the message is %q", m)
	}
	s.wantNoBlobs(t)
	wantStatus(t, put(), 200)
	_, err := s.handler.Complete(t.Context(), transfer.Completion{})
	if metadata.KindOf(err) != metadata.KindUnavailable || !errors.Is(err, blobs.ErrNoSpace) {
		t.Errorf("Complete on a full disk: %v", err)
	}
}

// broken fails in a way that nobody has foreseen.
type broken struct{ blobs.Store }

func (broken) Stat(context.Context, string) (blobs.Info, error) { return blobs.Info{}, unix.EIO }
func (broken) All(context.Context) iter.Seq2[blobs.Info, error] { return nil }

func TestBrokenDisk(t *testing.T) {
	s := newSite(t, transfer.HandlerOptions{})
	s.blobs = broken{s.blobs}
	s.start(t, transfer.HandlerOptions{})
	a := do(t, "GET", s.signer.DownloadURL(s.URL, transfer.Download{Key: sha256Hex(nil)}), nil)
	wantStatus(t, a, http.StatusServiceUnavailable)
	a.message(t)
}
