package artifacts

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzEntryJSON compares the reader of entries with package json.
func FuzzEntryJSON(f *testing.F) {
	for _, seed := range []string{
		`{"digest":"x","birthArtifactID":"QQ==","size":12}`, `{"digest":"x","ref":"s3://b/k","size":0}`, `{}`, ` {"size":1}`, `{"size":-1}`, `{"size":1e2}`, `{"size":"1"}`,
		`{"digest":"\u0041"}`, `{"digest":"é"}`, `{"Digest":"x"}`, `{"digest":null,"size":null}`, `{"digest":"x","digest":"y"}`, `{"digest" :"x"}`, `{"digest":"x","local_path":"/a","skip_cache":true}`,
		`{"digest":"x","extra":{"a":1},"size":99999999999999999999}`, `null`, `[]`, `"x"`, `{"size":3`, "{\"digest\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		type bare entryJSON
		var want bare
		var got entryJSON
		wantErr, gotErr := json.Unmarshal(data, &want), json.Unmarshal(data, &got)
		if (wantErr == nil) != (gotErr == nil) {
			t.Fatalf("%q: got the error %v, want %v", data, gotErr, wantErr)
		}
		if wantErr == nil && !reflect.DeepEqual(got, entryJSON(want)) {
			t.Errorf("%q: got %+v, want %+v", data, got, want)
		}
	})
}
