package graph

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// The digests that the wandb package gives to these contents.
func TestArtifactDigest(t *testing.T) {
	for want, files := range map[string][]string{
		"64e7c61456b10382e2f3b571ac24b659": nil,
		"a00c2239f036fb656c1dcbf9a32d89b4": {"file1.txt", "hello"},
		"a757208d042e8627b2970d72a71bed5b": {"subdir/file1.txt", "hello"},
		"72414374bfd4b0f60a116e7267845f71": {"file1.txt", "hello", "nest/file2.txt", "my", "nest/nest/file3.txt", "dude"},
		"7b53d2c8457185457e2891d2c47c3460": {"a/c.txt", "c", "b.txt", "b", "ä.txt", ""},
	} {
		var list []metadata.File
		for i := 0; i < len(files); i += 2 {
			sum := md5.Sum([]byte(files[i+1]))
			list = append(list, metadata.File{Path: files[i], Digest: base64.StdEncoding.EncodeToString(sum[:])})
		}
		if got := artifactDigest(list); got != want {
			t.Errorf("%v: %s, want %s", files, got, want)
		}
	}
}

func TestManifestRoundTrip(t *testing.T) {
	files := []metadata.File{
		{Path: "a \"b\" <c>&\u2028.txt", Digest: "x", Size: 3, BirthArtifactID: 7},
		{Path: "big", Digest: "y", Size: 5 << 40, BirthArtifactID: 1 << 40},
		{Path: "ref", Digest: "etag-1", Ref: "s3://bucket/key?versionId=1", Extra: `{"etag":"1"}`},
	}
	var b bytes.Buffer
	if err := writeManifest(&b, files); err != nil {
		t.Fatal(err)
	}
	var got []metadata.File
	err := readManifest(&b, func(path string, e manifestEntry) error {
		f := metadata.File{Path: path, Digest: e.Digest, Ref: e.Ref, Extra: string(e.Extra), Size: *e.Size}
		if e.BirthArtifactID != "" {
			n, err := artifactID.number(e.BirthArtifactID)
			if err != nil {
				return err
			}
			f.BirthArtifactID = n
		}
		got = append(got, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Keys that the registry does not know, and their order, do not matter.
func TestManifestOfAnotherRelease(t *testing.T) {
	var paths []string
	err := readManifest(strings.NewReader(`{"future": [1, {"contents": {}}], "contents": {"a": {"digest": "x", "later": {"y": 1}, "local_path": "/tmp/a", "skip_cache": true}},
		"version": 1, "storagePolicy": "wandb-storage-policy-v1"}`), func(path string, e manifestEntry) error {
		paths = append(paths, path+e.Digest)
		return nil
	})
	if err != nil || !slices.Equal(paths, []string{"ax"}) {
		t.Errorf("%v, %v", paths, err)
	}
}

func FuzzReadManifest(f *testing.F) {
	f.Add(`{"version":1,"contents":{"a":{"digest":"x","size":1}}}`)
	f.Add(`{"version":1,"contents":{"a":{"digest":"x"`)
	f.Add(`{"contents":[],"version":1}`)
	f.Add(`{"version":1,"contents":{}}x`)
	f.Fuzz(func(t *testing.T, text string) {
		err := readManifest(strings.NewReader(text), func(string, manifestEntry) error { return nil })
		if err != nil && metadata.KindOf(err) != metadata.KindInvalid {
			t.Errorf("%q: %v has kind %s", text, err, metadata.KindOf(err))
		}
	})
}

func FuzzCheckPath(f *testing.F) {
	for _, p := range []string{"a", "a/b", "../a", "a/..", "/a", "", "a\x00", "a/../b", "..a", "\xff"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if checkPath("it", p) == nil && (p == "" || p[0] == '/' || slices.Contains(strings.Split(p, "/"), "..") || strings.Contains(p, "\x00")) {
			t.Errorf("%q is accepted", p)
		}
	})
}

// FuzzReadManifest_LikeJSON compares the reader with what package json makes of the same
// bytes, whatever the size of the pieces in which they come.
func FuzzReadManifest_LikeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"version":1,"contents":{"a/b":{"digest":"x","birthArtifactID":"QQ==","size":12},"c":{"digest":"y","birthArtifactID":null,"size":0}}}`,
		" {\t\"version\" : 1 ,\r\n\"storagePolicyConfig\":{\"storageLayout\":\"V2\"}, \"contents\" : { \"\\u00e9\\\"\\\\\" : { \"Digest\" : \"\u00e9\\n\" , \"size\": 1e2 } } } ",
		`{"version":1,"contents":{"a":{"digest":"x","extra":{"k":["]}\"\\",{}]},"ref":"s3://b/k","other":[1,-2.5e3,true,null,"\\"]}}}`,
		`{"version":1,"contents":{"a":{"digest":"x","size":-0}}}`, `{"version":1,"contents":{"a":{"digest":1}}}`, `{"version":1,"contents":{"a":{"size":"1"}}}`,
		`{"version":1,"contents":{"a":{"size":99999999999999999999}}}`, `{"version":1,"contents":{"a":{}},}`, `{"version":1,"contents":{"a":{"digest":"x"}}}{}`,
		`{"version":1,"contents":{"a" {}}}`, `{"version":1 "contents":{}}`, `{"version":1,"contents":{"a":{"digest":"x"`, `{"version":1,"contents":{"a":{"extra":{"b":}}}}`, "{\"version\":1,\"contents\":{\"\xff\":{\"digest\":\"\xff\"}}}", `[]`, ``, `{"version":01,"contents":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		type entry struct {
			path string
			manifestEntry
		}
		var got, want []entry
		err := readManifest(iotest.OneByteReader(bytes.NewReader(data)), func(path string, e manifestEntry) error {
			got = append(got, entry{path, e})
			return nil
		})
		var whole struct {
			Version  int                        `json:"version"`
			Contents map[string]json.RawMessage `json:"contents"`
		}
		refErr := json.Unmarshal(data, &whole)
		if err == nil && refErr != nil {
			t.Fatalf("read %q, which is no such JSON: %v", data, refErr)
		}
		if refErr != nil || err != nil && !json.Valid(data) {
			return
		}
		// Keys that are there twice, or in other letters, are one in a struct.
		if keys := bytes.Count(bytes.ToLower(data), []byte("contents")) + bytes.Count(bytes.ToLower(data), []byte("version")); keys != 2 || !bytes.Contains(data, []byte(`"contents"`)) || !bytes.Contains(data, []byte(`"version"`)) || len(whole.Contents) != len(got) && err == nil {
			return
		}
		if err != nil {
			for _, raw := range whole.Contents {
				var e manifestEntry
				if bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, &e) != nil {
					return
				}
			}
			if whole.Version == manifestVersion && whole.Contents != nil && !bytes.Contains(data, []byte("storage")) {
				t.Fatalf("refused %q: %v", data, err)
			}
			return
		}
		for _, e := range got {
			var w manifestEntry
			if err := json.Unmarshal(whole.Contents[e.path], &w); err != nil {
				t.Fatalf("read the entry %s: %v", whole.Contents[e.path], err)
			}
			want = append(want, entry{e.path, w})
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %+v, want %+v", data, got, want)
		}
	})
}
