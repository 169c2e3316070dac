package transfer_test

import (
	"bytes"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs/dir"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

func newFuzzSite(f *testing.F) *site {
	f.Helper()
	s := &site{records: &records{}, clock: &clock{now: time.Unix(1_800_000_000, 0)}}
	store, err := dir.Open(filepath.Join(f.TempDir(), "blobs"), dir.Options{})
	if err != nil {
		f.Fatal(err)
	}
	s.blobs = store
	if s.signer, err = transfer.NewSigner(bytes.Repeat([]byte("secret"), 6), s.clock.Now); err != nil {
		f.Fatal(err)
	}
	s.handler = transfer.NewHandler(s.blobs, s.signer, s.records, transfer.HandlerOptions{})
	return s
}

var end = time.Unix(1_900_000_000, 0)

// permissions have everything that can be told apart.
func permissions() []any {
	md5 := md5Base64([]byte("hello"))
	return []any{
		transfer.FileUpload{ArtifactID: 1, Name: "a.txt", Digest: md5, MD5: md5, MaxSize: 10, Expires: end},
		transfer.FileUpload{ArtifactID: 1 << 62, Name: "ä ?#%&=+;.txt", Digest: "xxh:abc", MD5: md5, Expires: end},
		transfer.PartUpload{UploadID: strings.Repeat("a", 32), Number: 10_000, MD5: strings.Repeat("0", 32), Expires: end},
		transfer.ManifestUpload{ManifestID: 2, Name: "wandb_manifest.patch.json", MD5: md5, Expires: end},
		transfer.RunFileUpload{RunID: 3, Name: "a/b/../c\n", Expires: end},
		transfer.Download{Key: sha256Hex(nil), Size: 1 << 60, Name: "weights.bin", Expires: end},
		transfer.Download{Key: sha256Hex(nil), Name: "wandb_manifest.json", Manifest: true, Expires: end},
	}
}

func makeURL(s *transfer.Signer, base string, permission any) string {
	if d, ok := permission.(transfer.Download); ok {
		return s.DownloadURL(base, d)
	}
	return s.UploadURL(base, permission.(transfer.Upload))
}

func read(s *transfer.Signer, u *url.URL) (any, error) {
	d, err := s.Download(u)
	if err == nil {
		return d, nil
	}
	return s.Upload(u)
}

func newSigner(t *testing.T, secret string, now time.Time) *transfer.Signer {
	t.Helper()
	s, err := transfer.NewSigner([]byte(secret), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSigner(t *testing.T) {
	secret := strings.Repeat("s", transfer.SecretSize)
	now := time.Unix(1_800_000_000, 0)
	s := newSigner(t, secret, now)
	other := newSigner(t, strings.Repeat("t", transfer.SecretSize), now)
	later := newSigner(t, secret, end.Add(time.Second))
	for _, want := range permissions() {
		for _, base := range []string{"http://127.0.0.1:8099", "https://example.org/registry/"} {
			text := makeURL(s, base, want)
			if !strings.HasPrefix(text, strings.TrimSuffix(base, "/")+transfer.Prefix) {
				t.Errorf("the URL is %s", text)
			}
			u, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			u.Path = strings.TrimPrefix(u.Path, "/registry")
			if got, err := read(s, u); err != nil || got != want {
				t.Errorf("%s:\n got %+v, %v\nwant %+v", text, got, err, want)
			}
			if _, err := read(other, u); !errors.Is(err, transfer.ErrSignature) {
				t.Errorf("another registry's URL: %v", err)
			}
			if _, err := read(later, u); !errors.Is(err, transfer.ErrExpired) {
				t.Errorf("an expired URL: %v", err)
			}
			// The order of parameters and the way of escaping are the client's.
			u.RawQuery = u.Query().Encode()
			u.RawPath = ""
			if got, err := read(s, u); err != nil || got != want {
				t.Errorf("%s, written otherwise: %+v, %v", text, got, err)
			}
		}
	}
	if _, err := transfer.NewSigner([]byte("short"), nil); err == nil {
		t.Error("a short secret was taken")
	}
}

// FuzzSigner changes good URLs: what is accepted must say what was signed.
func FuzzSigner(f *testing.F) {
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	s, err := transfer.NewSigner(bytes.Repeat([]byte("s"), transfer.SecretSize), now)
	if err != nil {
		f.Fatal(err)
	}
	signed := map[any]bool{}
	for _, p := range permissions() {
		signed[p] = true
		text := makeURL(s, "", p)
		f.Add(text)
		f.Add(text + "&size=1")
		f.Add(strings.Replace(text, "id=", "id=1", 1))
		f.Add(strings.Replace(text, "&", ";", 1))
		f.Add(strings.Replace(text, "/storage/", "/storage//", 1))
		f.Add(strings.Replace(text, "for=file", "for=part", 1))
		f.Add(strings.Replace(text, "sig=", "sig=A", 1))
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		got, err := read(s, u)
		if err != nil {
			if !errors.Is(err, transfer.ErrSignature) && !errors.Is(err, transfer.ErrExpired) {
				t.Fatalf("%q: an error of another kind: %v", text, err)
			}
			return
		}
		if !signed[got] {
			t.Fatalf("%q was accepted as %+v, which nobody signed", text, got)
		}
	})
}

func BenchmarkDownloadURL(b *testing.B) {
	s, err := transfer.NewSigner(bytes.Repeat([]byte("s"), transfer.SecretSize), nil)
	if err != nil {
		b.Fatal(err)
	}
	d := transfer.Download{Key: sha256Hex(nil), Size: 12345, Name: "data/file-000001.parquet"}
	for b.Loop() {
		s.DownloadURL("http://127.0.0.1:8099", d)
	}
}
