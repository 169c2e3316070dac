package graph

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
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
	s := &jsonStream{r: bufio.NewReaderSize(r, 64<<10)}
	var version int
	var contents bool
	err := s.object(func(key string) error {
		switch key {
		case "version":
			return s.decode(&version)
		case "storagePolicyConfig":
			var config struct {
				StorageRegion string `json:"storageRegion"`
			}
			if err := s.decode(&config); err != nil {
				return fmt.Errorf("its storagePolicyConfig: %w", err)
			}
			return noRegion(config.StorageRegion)
		case "contents":
			contents = true
			return s.object(func(path string) error {
				e, err := s.entry()
				if err != nil {
					return fmt.Errorf("the entry %q: %w", path, err)
				}
				return yield(path, e)
			})
		default:
			var skipped json.RawMessage
			return s.decode(&skipped)
		}
	})
	var known *metadata.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	case err == nil && !s.ended():
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

// A jsonStream reads JSON of which objects have many fields. What manifests
// consist of, objects and plain strings, it reads itself, in a fifth of the time
// that a json.Decoder takes; everything else it leaves to package json.
type jsonStream struct {
	r    *bufio.Reader
	buf  []byte
	last string // birth artifact: the same one stands in most entries
}

// entry reads one entry of a manifest.
func (s *jsonStream) entry() (e manifestEntry, err error) {
	err = s.object(func(key string) error {
		switch {
		case strings.EqualFold(key, "digest"):
			return s.text(&e.Digest)
		case strings.EqualFold(key, "birthArtifactID"):
			e.BirthArtifactID = s.last
			err := s.text(&e.BirthArtifactID)
			s.last = e.BirthArtifactID
			return err
		case strings.EqualFold(key, "ref"):
			return s.text(&e.Ref)
		case strings.EqualFold(key, "size"):
			return s.decode(&e.Size)
		case strings.EqualFold(key, "extra"):
			return s.decode(&e.Extra)
		default:
			var skipped json.RawMessage
			return s.decode(&skipped)
		}
	})
	return e, err
}

// next is the next byte that is no white space.
func (s *jsonStream) next() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c, err
		}
	}
}

// ended reports whether nothing more comes.
func (s *jsonStream) ended() bool {
	_, err := s.next()
	return err == io.EOF
}

func (s *jsonStream) expect(want byte) error {
	c, err := s.next()
	if err == nil && c != want {
		err = fmt.Errorf("%q was expected, not %q", want, c)
	}
	return err
}

// object reads one object and calls field for each key, which must read the value.
func (s *jsonStream) object(field func(key string) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	c, err := s.next()
	if err == nil && c == '}' {
		return nil
	}
	for {
		if err == nil && c != '"' {
			err = fmt.Errorf("a key was expected, not %q", c)
		}
		if err != nil {
			return err
		}
		key := ""
		if err := s.rest(&key); err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := field(key); err != nil {
			return err
		}
		switch c, err = s.next(); {
		case err != nil:
			return err
		case c == '}':
			return nil
		case c != ',':
			return fmt.Errorf("a comma or the end of an object was expected, not %q", c)
		}
		c, err = s.next()
	}
}

// text reads a string.
func (s *jsonStream) text(into *string) error {
	c, err := s.next()
	if err != nil {
		return err
	}
	if c == '"' {
		return s.rest(into)
	}
	if err := s.r.UnreadByte(); err != nil {
		return err
	}
	*into = ""
	return s.decode(into) // null, or the error that belongs to it
}

// rest reads a string whose quote was read. Where it is what into has, that stays.
func (s *jsonStream) rest(into *string) error {
	line, err := s.r.ReadSlice('"')
	if err == nil && plain(line[:len(line)-1]) {
		if line = line[:len(line)-1]; string(line) != *into {
			*into = string(line)
		}
		return nil
	}
	s.buf = append(append(s.buf[:0], '"'), line...)
	if err := s.restOfString(0, err); err != nil {
		return err
	}
	return json.Unmarshal(s.buf, into)
}

// appendString appends to buf a string whose quote is at its end.
func (s *jsonStream) appendString() error {
	from := len(s.buf) - 1
	line, err := s.r.ReadSlice('"')
	s.buf = append(s.buf, line...)
	return s.restOfString(from, err)
}

// restOfString appends to buf what is missing of the string that begins there, of
// which something was read with a result.
func (s *jsonStream) restOfString(from int, err error) error {
	for err == bufio.ErrBufferFull || err == nil && escaped(s.buf[from:]) {
		var line []byte
		line, err = s.r.ReadSlice('"')
		s.buf = append(s.buf, line...)
	}
	return err
}

// plain reports whether the inside of a string means what it says.
func plain(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// escaped reports whether the quote at the end of b is part of the string.
func escaped(b []byte) bool {
	n := 0
	for i := len(b) - 2; i > 0 && b[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}

// decode reads any value.
func (s *jsonStream) decode(into any) error {
	c, err := s.next()
	if err != nil {
		return err
	}
	s.buf = append(s.buf[:0], c)
	open := 0
	switch c {
	case '{', '[':
		open = 1
	case '"':
		if err := s.appendString(); err != nil {
			return err
		}
	default:
		for {
			c, err := s.r.ReadByte()
			if err != nil {
				return err
			}
			if strings.IndexByte(",]} \n\t\r", c) >= 0 {
				if err := s.r.UnreadByte(); err != nil {
					return err
				}
				break
			}
			s.buf = append(s.buf, c)
		}
	}
	for open > 0 {
		c, err := s.r.ReadByte()
		if err != nil {
			return err
		}
		s.buf = append(s.buf, c)
		switch c {
		case '{', '[':
			open++
		case '}', ']':
			open--
		case '"':
			if err := s.appendString(); err != nil {
				return err
			}
		}
	}
	if n, ok := into.(**int64); ok && len(s.buf) < 19 {
		if v, err := strconv.ParseInt(string(s.buf), 10, 64); err == nil && strconv.FormatInt(v, 10) == string(s.buf) {
			*n = &v
			return nil
		}
	}
	return json.Unmarshal(s.buf, into)
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
