package pipe

import (
	"encoding/binary"
	"io"
)

// Version is of what the package's documentation says. A program sends the one
// that it was written for.
const Version = 1

// A Kind says what a frame is. Results, progress and log lines have the numbers
// of events of the C library.
type Kind uint16

// The kinds of frames.
const (
	Opened   Kind = 0
	Result   Kind = 1
	Progress Kind = 2
	Log      Kind = 3

	Open   Kind = 16
	Submit Kind = 17
	Cancel Kind = 18
)

// A Header is what a frame begins with.
type Header struct {
	Size  uint32 // of the payload
	Kind  Kind
	Word  uint16
	Token uint64
}

// headerSize is how many bytes that has.
const headerSize = 16

// Append adds the header to b.
func (h Header) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, h.Size)
	b = binary.LittleEndian.AppendUint16(b, uint16(h.Kind))
	b = binary.LittleEndian.AppendUint16(b, h.Word)
	return binary.LittleEndian.AppendUint64(b, h.Token)
}

// ReadHeader reads the header of the next frame: io.EOF says that there is none.
func ReadHeader(r io.Reader) (Header, error) {
	var b [headerSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return Header{}, err
	}
	return Header{
		Size:  binary.LittleEndian.Uint32(b[:]),
		Kind:  Kind(binary.LittleEndian.Uint16(b[4:])),
		Word:  binary.LittleEndian.Uint16(b[6:]),
		Token: binary.LittleEndian.Uint64(b[8:]),
	}, nil
}
