package artifacts

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// The form of manifest files.
const (
	manifestVersion = 1
	storagePolicy   = "wandb-storage-policy-v1"
	storageLayout   = "V2"
)

// maxEntryJSON bounds one entry of a manifest in JSON: what a server sends
// decides nothing about our memory but by the number of files.
const maxEntryJSON = 4 << 20

// ReadManifest reads a manifest file (wandb_manifest.json). It streams: memory
// grows with the number of entries, not with what else the file holds. Keys
// that it does not know are passed over. KindCorrupt if it is no manifest, of
// another version, or names a path that breaks the rules of CheckEntryPath or
// stands there twice.
func ReadManifest(r io.Reader) (*Manifest, error) {
	m := &Manifest{}
	intern := interning{}
	err := readManifest(r, m, func(e ManifestEntry) error {
		// Most files of a version were brought by a few: one string each.
		e.BirthArtifactID = intern.string(e.BirthArtifactID)
		m.entries = append(m.entries, e)
		return nil
	})
	if err != nil {
		return nil, notAManifest("", "it cannot be read: "+err.Error(), err)
	}
	if bad := m.sort(); bad != nil {
		return nil, notAManifest(bad.path, bad.why, nil)
	}
	return m, nil
}

func notAManifest(path, why string, cause error) *Error {
	return &Error{
		Kind: KindCorrupt, Op: "read a manifest", Path: path,
		Message: why,
		Next:    "nothing was written; report it to whoever logged the version",
		Err:     cause,
	}
}

// An interning keeps one string of each value.
type interning map[string]string

func (in interning) string(s string) string {
	if s == "" {
		return s
	}
	if known, ok := in[s]; ok {
		return known
	}
	in[s] = s
	return s
}

// entryJSON is an entry as manifest files write it. Clients write fields of
// their own beside these (local_path, skip_cache), which are not read.
type entryJSON struct {
	Digest          string          `json:"digest"`
	BirthArtifactID string          `json:"birthArtifactID,omitempty"`
	Ref             string          `json:"ref,omitempty"`
	Extra           json.RawMessage `json:"extra,omitempty"`
	Size            *int64          `json:"size,omitempty"`
}

// UnmarshalJSON reads an entry. The form that clients write it in is read here,
// which takes a third of the time that package json needs.
func (j *entryJSON) UnmarshalJSON(b []byte) error {
	if j.readPlain(b) {
		return nil
	}
	*j = entryJSON{}
	type bare entryJSON // without this method
	return json.Unmarshal(b, (*bare)(j))
}

// readPlain reads an entry of plain strings and a size, without white space. It
// reports false if there is anything else in it. b is valid JSON.
func (j *entryJSON) readPlain(b []byte) bool {
	if len(b) < 2 || b[0] != '{' {
		return false
	}
	for b = b[1:]; ; b = b[1:] {
		key, rest, ok := cutPlain(b)
		if !ok || len(rest) < 2 || rest[0] != ':' {
			return false
		}
		b = rest[1:]
		if string(key) == "size" {
			n := 0
			for n < len(b) && b[n] >= '0' && b[n] <= '9' {
				n++
			}
			size, err := strconv.ParseInt(string(b[:n]), 10, 64)
			if err != nil {
				return false
			}
			j.Size, b = &size, b[n:]
		} else {
			value, rest, ok := cutPlain(b)
			if !ok {
				return false
			}
			b = rest
			switch string(key) {
			case "digest":
				j.Digest = string(value)
			case "birthArtifactID":
				j.BirthArtifactID = string(value)
			case "ref":
				j.Ref = string(value)
			default:
				return false
			}
		}
		if len(b) == 0 || b[0] != ',' {
			return len(b) == 1 && b[0] == '}'
		}
	}
}

// cutPlain cuts a string that means what it says off the beginning of b.
func cutPlain(b []byte) (inside, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	for i, c := range b[1:] {
		switch {
		case c == '"':
			return b[1 : 1+i], b[2+i:], true
		case c == '\\' || c < ' ' || c >= utf8.RuneSelf:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// readManifest reads a manifest file entry by entry.
func readManifest(r io.Reader, m *Manifest, yield func(ManifestEntry) error) error {
	src := &allowance{r: r}
	dec := json.NewDecoder(src)
	version, contents := 0, false
	src.left = maxEntryJSON
	err := readObject(dec, func(key string) error {
		src.left = maxEntryJSON
		switch key {
		case "version":
			return dec.Decode(&version)
		case "storagePolicyConfig":
			var config struct {
				Layout *string `json:"storageLayout"`
				Region *string `json:"storageRegion"`
			}
			err := dec.Decode(&config)
			m.layout, m.region = text(config.Layout), text(config.Region)
			return err
		case "contents":
			if contents {
				return errors.New("it has two lists of contents")
			}
			contents = true
			return readObject(dec, func(path string) error {
				src.left = maxEntryJSON
				var j entryJSON
				if err := dec.Decode(&j); err != nil {
					return fmt.Errorf("the entry %q: %w", path, err)
				}
				e := ManifestEntry{Path: path, Digest: j.Digest, Size: -1, Ref: j.Ref, BirthArtifactID: j.BirthArtifactID}
				if j.Size != nil {
					if e.Size = *j.Size; e.Size < 0 {
						return fmt.Errorf("the entry %q has %d bytes", path, e.Size)
					}
				}
				if isFilledObject(j.Extra) {
					e.Extra = j.Extra
				}
				return yield(e)
			})
		}
		var skipped json.RawMessage
		return dec.Decode(&skipped)
	})
	switch {
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	case version != manifestVersion:
		return fmt.Errorf("its version is %d; this program reads version %d", version, manifestVersion)
	case !contents:
		return errors.New("it has no contents")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

// isFilledObject reports whether raw is a JSON object with something in it.
func isFilledObject(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 2 && raw[0] == '{' && len(bytes.TrimSpace(raw[1:len(raw)-1])) > 0
}

// readObject reads a JSON object and calls field for each key; field reads the value.
func readObject(dec *json.Decoder, field func(key string) error) error {
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
		key, ok := t.(string)
		if !ok {
			return fmt.Errorf("a key was expected, not %v", t)
		}
		if err := field(key); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// An allowance reads no more than what is left of it. The decoder buffers a
// whole value, however long it is.
type allowance struct {
	r    io.Reader
	left int
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, fmt.Errorf("one of its entries has more than %d bytes", maxEntryJSON)
	}
	n, err := a.r.Read(p[:min(len(p), a.left)])
	a.left -= n
	return n, err
}

// Write writes the manifest file, in byte order of the paths. It streams.
func (m *Manifest) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 16<<10)
	fmt.Fprintf(b, `{"version":%d,"storagePolicy":%q,"storagePolicyConfig":{"storageLayout":%s`, manifestVersion, storagePolicy, quoted(m.layoutOrDefault()))
	if m.region != "" {
		fmt.Fprintf(b, `,"storageRegion":%s`, quoted(m.region))
	}
	b.WriteString(`},"contents":{`)
	var buf []byte
	for i := range m.entries {
		e := &m.entries[i]
		if i > 0 {
			b.WriteByte(',')
		}
		var err error
		if buf, err = e.appendJSON(buf[:0]); err != nil {
			return fmt.Errorf("the entry %q: %w", e.Path, err)
		}
		b.Write(buf)
	}
	b.WriteString("}}")
	return b.Flush() // reports what went wrong with any of the writes
}

// appendJSON appends the path and the entry as manifest files have them.
func (e *ManifestEntry) appendJSON(b []byte) ([]byte, error) {
	b = append(appendQuoted(b, e.Path), `:{"digest":`...)
	b = appendQuoted(b, e.Digest)
	if e.BirthArtifactID != "" {
		b = appendQuoted(append(b, `,"birthArtifactID":`...), e.BirthArtifactID)
	}
	if e.Ref != "" {
		b = appendQuoted(append(b, `,"ref":`...), e.Ref)
	}
	if len(e.Extra) > 0 {
		b = append(b, `,"extra":`...)
		extra := bytes.NewBuffer(b)
		if err := json.Compact(extra, e.Extra); err != nil {
			return nil, err
		}
		b = extra.Bytes()
	}
	if e.Size >= 0 {
		b = strconv.AppendInt(append(b, `,"size":`...), e.Size, 10)
	}
	return append(b, '}'), nil
}

// appendQuoted appends s as a JSON string, without escaping <, > and &, which
// only matter inside HTML.
func appendQuoted(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			var buf bytes.Buffer
			enc := json.NewEncoder(&buf)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(s); err != nil { // strings always can be
				return append(b, `""`...)
			}
			return append(b, bytes.TrimRight(buf.Bytes(), "\n")...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func (m *Manifest) layoutOrDefault() string {
	if m.layout == "" {
		return storageLayout
	}
	return m.layout
}

// quoted is s as a JSON string.
func quoted(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil { // strings always can be
		return []byte(`""`)
	}
	return b
}
