package tools

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/reliquary/reliquary/artifacts"
)

// ReadArtifactFileInput asks for bytes of a file.
type ReadArtifactFileInput struct {
	UsableArtifact
	Path string `json:"path" jsonschema:"example=metrics/eval.json"`
	// First byte; negative: so many from the end.
	Offset int64 `json:"offset,omitempty"`
	// Bytes at most.
	Length int64 `json:"length,omitempty" jsonschema:"minimum=1,maximum=4194304,default=16000"`
	// auto: text where it is UTF-8, base64 otherwise.
	Encoding string `json:"encoding,omitempty" jsonschema:"enum=auto,enum=text,enum=base64,default=auto"`
}

// ReadArtifactFileOutput are bytes of a file.
type ReadArtifactFileOutput struct {
	Artifact string `json:"artifact"`
	Path     string `json:"path"`
	// Of the whole file; -1 if it is not known (of some references).
	SizeBytes Bytes `json:"size_bytes"`
	Offset    int64 `json:"offset"`
	// Bytes that are given.
	Length int `json:"length"`
	// One of these.
	Text   *string `json:"text,omitempty"`
	Base64 *string `json:"base64,omitempty"`
	// Where the rest begins. Absent: this is the end.
	NextOffset *int64 `json:"next_offset,omitempty"`
	// The whole file was read and has the digest that the version says.
	Verified bool `json:"verified,omitempty"`
	// Without a connection: when the server last said that this is the version.
	KnownSince *Moment `json:"known_since,omitempty"`
}

func readArtifactFile() Operation {
	return Define("read_artifact_file", Reads, Words{
		Title:        "Read a file of an artifact",
		Description:  "Read a file of an artifact version, or a range of its bytes, as text or base64, without downloading the rest. Use list_artifact_files for the paths.",
		Toolset:      ToolsetFiles,
		FileContents: true,
	}, func(ctx context.Context, c *artifacts.Client, in ReadArtifactFileInput) (ReadArtifactFileOutput, error) {
		var out ReadArtifactFileOutput
		found, err := in.UsableArtifact.find(ctx, c)
		if err != nil {
			return out, err
		}
		f, err := found.OpenFileWith(ctx, in.Path, opening(ctx))
		if err != nil {
			return out, blame("path", err)
		}
		defer f.Close()
		out.Artifact, out.Path, out.KnownSince = found.QualifiedName(), in.Path, found.knownSince()
		data, err := in.read(f, &out)
		if err != nil {
			return out, err
		}
		return out, out.encode(in.Encoding, data)
	})
}

// read reads the bytes that are asked for.
func (in ReadArtifactFileInput) read(f *artifacts.RemoteFile, out *ReadArtifactFileOutput) ([]byte, error) {
	size := f.Size()
	out.SizeBytes = Bytes(size)
	offset := in.Offset
	switch {
	case offset < 0 && size < 0:
		return nil, invalid("offset", "give it from the start", "how long the file is is not known, so that nothing can be read from its end")
	case offset < 0:
		offset = max(0, size+offset)
	case size >= 0 && offset > size:
		return nil, invalid("offset", "give a smaller one", "offset is %d and the file has %d bytes", offset, size)
	}
	out.Offset = offset
	length := in.Length
	if size >= 0 {
		length = min(length, size-offset)
	}
	data := make([]byte, length)
	whole := offset == 0 && size == length
	if !whole {
		n, err := f.ReadAt(data, offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if end := offset + int64(n); err == nil && end != size {
			out.NextOffset = &end
		}
		return data[:n], nil
	}
	// From start to end, so that the digest is checked.
	if _, err := io.ReadFull(f, data); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if _, err := f.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	e := f.Entry()
	out.Verified = !e.IsReference()
	return data, nil
}

// encode puts the bytes into the answer.
func (out *ReadArtifactFileOutput) encode(encoding string, data []byte) error {
	// A range may end within a character: that one belongs to the next.
	text := data
	if out.NextOffset != nil {
		text = wholeCharacters(data)
	}
	switch valid := utf8.Valid(text); {
	case encoding == "text" && !valid:
		return invalid("encoding", "ask for base64", "the bytes are no UTF-8 text")
	case encoding == "base64" || !valid:
		s := base64.StdEncoding.EncodeToString(data)
		out.Base64 = &s
	default:
		if cut := len(data) - len(text); cut > 0 {
			*out.NextOffset -= int64(cut)
		}
		data = text
		s := string(text)
		out.Text = &s
	}
	out.Length = len(data)
	return nil
}

// wholeCharacters leaves out the beginning of a character at the end of a text.
func wholeCharacters(text []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if b := text[len(text)-n]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(text[len(text)-n:]) {
				return text[:len(text)-n]
			}
			break
		}
	}
	return text
}
