package graph

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A manifestEntry is one entry of a manifest file. Fields that clients keep
// for themselves (local_path, skip_cache) are not read.
type manifestEntry struct {
	Digest          string          `json:"digest"`
	Size            *int64          `json:"size,omitempty"`
	Ref             string          `json:"ref,omitempty"`
	BirthArtifactID string          `json:"birthArtifactID,omitempty"`
	Extra           json.RawMessage `json:"extra,omitempty"`
}

// The form of manifest files.
const (
	manifestVersion = 1
	storagePolicy   = "wandb-storage-policy-v1"
)

// readManifest reads a manifest file entry by entry, so that one of any length
// takes no more memory than its longest entry and what yield keeps.
func readManifest(r io.Reader, yield func(path string, e manifestEntry) error) error {
	dec := json.NewDecoder(bufio.NewReaderSize(r, 64<<10))
	var version int
	var contents bool
	err := object(dec, func(key string) error {
		switch key {
		case "version":
			return dec.Decode(&version)
		case "storagePolicyConfig":
			var config struct {
				StorageRegion string `json:"storageRegion"`
			}
			if err := dec.Decode(&config); err != nil {
				return fmt.Errorf("its storagePolicyConfig: %w", err)
			}
			return noRegion(config.StorageRegion)
		case "contents":
			contents = true
			return object(dec, func(path string) error {
				var e manifestEntry
				if err := dec.Decode(&e); err != nil {
					return fmt.Errorf("the entry %q: %w", path, err)
				}
				return yield(path, e)
			})
		default:
			var skipped json.RawMessage
			return dec.Decode(&skipped)
		}
	})
	var known *metadata.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	case err == nil && dec.More():
		err = errors.New("something follows its end")
	case err == nil && version != manifestVersion:
		err = fmt.Errorf("its version is %d; this registry reads version %d", version, manifestVersion)
	case err == nil && !contents:
		err = errors.New("it has no contents")
	}
	if err != nil {
		return &metadata.Error{Kind: metadata.KindInvalid, Message: "the manifest cannot be read: " + err.Error(), Err: err}
	}
	return nil
}

// object reads one JSON object and calls field for each key, which must read the value.
func object(dec *json.Decoder, field func(key string) error) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return fmt.Errorf("an object was expected, not %v", t)
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		if err := field(t.(string)); err != nil { // keys are strings, the decoder sees to it
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// checkPath refuses paths that a client would write somewhere else than below
// its download directory. What says what is refused with them.
func checkPath(what, path string) error {
	bad := path == "" || strings.HasPrefix(path, "/") || strings.ContainsRune(path, 0) || !utf8.ValidString(path)
	for _, part := range strings.Split(path, "/") {
		bad = bad || part == ".."
	}
	if bad {
		return fail(metadata.KindInvalid, "%s cannot be accepted: %q is not a path below a folder", what, path)
	}
	return nil
}

// writeManifest writes the manifest file of files, which are in order.
func writeManifest(w io.Writer, files []metadata.File) error {
	b := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintf(b, `{"version":%d,"storagePolicy":%q,"storagePolicyConfig":{"storageLayout":"V2"},"contents":{`, manifestVersion, storagePolicy)
	for i, f := range files {
		if i > 0 {
			b.WriteByte(',')
		}
		e := manifestEntry{Digest: f.Digest, Size: &f.Size, Ref: f.Ref, Extra: json.RawMessage(f.Extra)}
		if f.BirthArtifactID != 0 {
			e.BirthArtifactID = artifactID.globalID(f.BirthArtifactID)
		}
		path, err := json.Marshal(f.Path)
		if err != nil {
			return err
		}
		entry, err := json.Marshal(e)
		if err != nil {
			return err
		}
		b.Write(path)
		b.WriteByte(':')
		b.Write(entry)
	}
	b.WriteString("}}")
	return b.Flush()
}
