package pipe

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/capi/session"
	"github.com/reliquary/reliquary/tools"
)

// endsWithin is how long calls under way have to end once the program has closed
// its stream: they have been canceled, and nobody waits for them.
const endsWithin = 30 * time.Second

// batch is how many events are taken from the session at once, and buffered how
// many bytes of them are written at once.
const (
	batch    = 256
	buffered = 64 << 10
)

// Serve serves a session of the core that open makes, until in ends. The error is
// that of a stream, or says what in has that is no frame; what fails in the
// session, the program is told.
func Serve(in io.Reader, out io.Writer, open session.Opener) error {
	s := &server{
		in:      bufio.NewReaderSize(in, buffered),
		out:     bufio.NewWriterSize(out, buffered),
		library: session.NewLibrary(open),
	}
	opened, err := s.open()
	if err != nil || !opened {
		return err
	}
	written := make(chan error, 1)
	session.Go("write events", discard, s.writeEvents, func(err error) { written <- err })
	err = s.readFrames()
	closed := s.library.Close(s.handle, endsWithin) // ends writeEvents
	var wrote error
	timer := time.NewTimer(endsWithin)
	defer timer.Stop()
	select {
	case wrote = <-written:
	case <-timer.C: // somebody holds the stream open and does not read
	}
	if session.KindOf(closed) == session.KindPending {
		closed = nil // it has been told, and was given the time there is
	}
	return errors.Join(err, wrote, closed)
}

// discard is the log of what has no other: a panic of this package itself is an
// error of Serve.
var discard = slog.New(slog.DiscardHandler)

type server struct {
	in      *bufio.Reader
	library *session.Library
	handle  session.Handle
	session *session.Session

	mu  sync.Mutex // frames are written whole
	out *bufio.Writer
}

// open answers the first frame. It reports whether there is a session.
func (s *server) open() (bool, error) {
	h, err := ReadHeader(s.in)
	if errors.Is(err, io.EOF) {
		return false, nil // the program has thought better of it
	}
	if err != nil {
		return false, broken(err)
	}
	if h.Kind != Open {
		return false, fmt.Errorf("the first frame is of kind %d, and has to open a session (%d)", h.Kind, Open)
	}
	config, err := s.payload(h, maxConfig)
	if err != nil {
		return false, err
	}
	var answer []byte
	err = unknown(h.Word)
	if err == nil {
		s.handle, answer, err = s.library.Open(config)
	}
	if err == nil {
		s.session, err = s.library.Session(s.handle)
	}
	return err == nil, s.answer(Opened, 0, answer, err)
}

// maxConfig is more than a session takes, which then says so.
const maxConfig = 8 << 20

// unknown refuses versions of later programs.
func unknown(version uint16) error {
	if version == Version {
		return nil
	}
	return &tools.Error{
		Code:    artifacts.KindUnsupported,
		Message: fmt.Sprintf("the program speaks version %d of the protocol, and this reliquary version %d", version, Version),
		Next:    "use a package and a reliquary of the same release",
	}
}

// payload reads the payload of a frame that may have that many bytes.
func (s *server) payload(h Header, most int64) ([]byte, error) {
	if int64(h.Size) > most {
		return nil, fmt.Errorf("a frame of kind %d has %d bytes, and can have %d", h.Kind, h.Size, most)
	}
	data := make([]byte, h.Size)
	_, err := io.ReadFull(s.in, data)
	return data, broken(err)
}

// errGone: the other end was there when a frame began.
var errGone = errors.New("the program has ended within a frame")

// broken is what it means that a stream has ended within a frame.
func broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errGone
	}
	return err
}

// readFrames does what the program asks until it asks no more.
func (s *server) readFrames() error {
	for {
		h, err := ReadHeader(s.in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		switch h.Kind {
		case Submit:
			refused, err := s.submit(h)
			if err != nil {
				return err
			}
			if refused == nil {
				continue
			}
			if err := s.answer(Result, h.Token, nil, refused); err != nil {
				return err
			}
		case Cancel:
			if _, err := s.payload(h, 0); err != nil {
				return err
			}
			_ = s.session.Cancel(h.Token) // its result is on the way
		default:
			return fmt.Errorf("a frame is of kind %d, which a program cannot send", h.Kind)
		}
	}
}

// submit begins a call. It returns why there is none, or the error of the stream.
func (s *server) submit(h Header) (refused, err error) {
	var size [2]byte
	if h.Size < uint32(len(size)) {
		return nil, fmt.Errorf("a call of %d bytes has no name", h.Size)
	}
	if _, err := io.ReadFull(s.in, size[:]); err != nil {
		return nil, broken(err)
	}
	nameSize := uint32(binary.LittleEndian.Uint16(size[:]))
	rest := h.Size - uint32(len(size))
	if nameSize > rest {
		return nil, fmt.Errorf("the name of a call has %d bytes of %d", nameSize, rest)
	}
	// What is too large is not kept to say so.
	refused = errors.Join(s.session.CheckName(uint64(nameSize)), s.session.CheckInput(uint64(rest-nameSize)))
	if refused != nil {
		_, err := io.CopyN(io.Discard, s.in, int64(rest))
		return refused, broken(err)
	}
	data := make([]byte, rest)
	if _, err := io.ReadFull(s.in, data); err != nil {
		return nil, broken(err)
	}
	flags := session.Flags(h.Word)
	if flags&session.Held != 0 {
		return &tools.Error{
			Code: artifacts.KindInvalid, Message: "events of a pipe cannot be held: all go to the program",
		}, nil
	}
	return s.session.Submit(h.Token, flags, string(data[:nameSize]), data[nameSize:]), nil
}

// writeEvents sends what happens in the session until it is closed.
func (s *server) writeEvents() error {
	for {
		events, err := s.session.Take(batch, -1)
		if session.KindOf(err) == session.KindClosed {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.writeBatch(events); err != nil {
			return err
		}
	}
}

func (s *server) writeBatch(events []*session.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range events {
		if err := s.write(Kind(e.Kind), e.Token, e.Data, e.Err); err != nil {
			return err
		}
		events[i] = nil // written: its memory is not held while the others are
	}
	return s.out.Flush()
}

// answer sends one frame at once.
func (s *server) answer(k Kind, token uint64, data []byte, failed error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(k, token, data, failed); err != nil {
		return err
	}
	return s.out.Flush()
}

// write writes a frame, of a failure if there is one.
func (s *server) write(k Kind, token uint64, data []byte, failed error) error {
	var word uint16
	if failed != nil {
		word, data = 1, session.EncodeFailure(failed)
	}
	if uint64(len(data)) > math.MaxUint32 { // the limits of sessions are lower
		return fmt.Errorf("an answer of %d bytes does not fit into a frame", len(data))
	}
	h := Header{Size: uint32(len(data)), Kind: k, Word: word, Token: token}
	if _, err := s.out.Write(h.Append(make([]byte, 0, headerSize))); err != nil {
		return err
	}
	_, err := s.out.Write(data)
	return err
}
