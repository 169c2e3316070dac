package pipe_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/capi/columns"
	"github.com/reliquary/reliquary/capi/core"
	"github.com/reliquary/reliquary/capi/pipe"
	"github.com/reliquary/reliquary/capi/session"
	"github.com/reliquary/reliquary/capi/session/faulty"
	"github.com/reliquary/reliquary/tools"
)

// withFaults opens what core.Open does, with the operations of package faulty.
func withFaults(ctx context.Context, c session.Config, log *slog.Logger) (session.Core, []byte, error) {
	opened, answer, err := core.Open(ctx, c, log)
	if err != nil {
		return nil, nil, err
	}
	return faulty.New(opened, log), answer, nil
}

// A program is the other end of the streams.
type program struct {
	t      testing.TB
	in     net.Conn // what it sends on and receives from
	served chan error
}

// A frame is one that arrived.
type frame struct {
	pipe.Header
	payload []byte
}

func start(t testing.TB) *program {
	t.Helper()
	ours, theirs := net.Pipe()
	p := &program{t: t, in: ours, served: make(chan error, 1)}
	go func() {
		err := pipe.Serve(theirs, theirs, withFaults)
		_ = theirs.Close()
		p.served <- err
	}()
	t.Cleanup(func() { _ = ours.Close() })
	return p
}

func (p *program) send(kind pipe.Kind, word uint16, token uint64, payload []byte) {
	p.t.Helper()
	h := pipe.Header{Size: uint32(len(payload)), Kind: kind, Word: word, Token: token}
	if _, err := p.in.Write(append(h.Append(nil), payload...)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *program) submit(token uint64, flags session.Flags, name, input string) {
	p.t.Helper()
	payload := binary.LittleEndian.AppendUint16(nil, uint16(len(name)))
	p.send(pipe.Submit, uint16(flags), token, append(append(payload, name...), input...))
}

func (p *program) receive() frame {
	p.t.Helper()
	h, err := pipe.ReadHeader(p.in)
	if err != nil {
		p.t.Fatal(err)
	}
	f := frame{h, make([]byte, h.Size)}
	if _, err := io.ReadFull(p.in, f.payload); err != nil {
		p.t.Fatal(err)
	}
	return f
}

// open opens a session on a server that nothing listens at, with more settings.
func (p *program) open(settings string) frame {
	p.t.Helper()
	p.send(pipe.Open, pipe.Version, 0, []byte(`{"base_url":"http://127.0.0.1:9","api_key":"0123456789012345678901234567890123456789"`+settings+`}`))
	return p.receive()
}

// end closes the stream and returns what Serve does.
func (p *program) end() error {
	p.t.Helper()
	if err := p.in.Close(); err != nil {
		p.t.Fatal(err)
	}
	return <-p.served
}

// failed is the failure in a frame.
func failed(t testing.TB, f frame) tools.Error {
	t.Helper()
	var e tools.Error
	if err := json.Unmarshal(f.payload, &e); err != nil || f.Word != 1 {
		t.Fatalf("%+v %s is no failure", f.Header, f.payload)
	}
	return e
}

func TestServe(t *testing.T) {
	p := start(t)
	dir, err := json.Marshal(filepath.Join(t.TempDir(), "registry"))
	if err != nil {
		t.Fatal(err)
	}
	p.send(pipe.Open, pipe.Version, 0, fmt.Appendf(nil, `{"dir":%s}`, dir))
	opened := p.receive()
	if opened.Kind != pipe.Opened || opened.Word != 0 || !strings.Contains(string(opened.payload), `"created":true`) {
		t.Fatalf("opening answers %+v %s", opened.Header, opened.payload)
	}
	p.submit(7, 0, "fault_echo", `{"a":"€"}`)
	if f := p.receive(); f.Kind != pipe.Result || f.Word != 0 || f.Token != 7 || string(f.payload) != `{"a":"€"}` {
		t.Errorf("an echo is %+v %s", f.Header, f.payload)
	}
	p.submit(8, 0, "list_artifact_typs", `{}`)
	if e := failed(t, p.receive()); e.Code != artifacts.KindNotFound && e.Code != artifacts.KindInvalid || !slices.Contains(e.Candidates, "list_artifact_types") {
		t.Errorf("a misspelt operation is %+v", e)
	}
	p.submit(9, session.Columns, "artifact_types_page", `{"project":"local/p"}`)
	if f := p.receive(); f.Word != 0 && failed(t, f).Code != artifacts.KindNotFound || f.Word == 0 && binary.LittleEndian.Uint64(f.payload) != columns.Magic {
		t.Errorf("columns are %+v %q", f.Header, f.payload)
	}
	if err := p.end(); err != nil {
		t.Error(err)
	}
}

func TestServe_Events(t *testing.T) {
	p := start(t)
	p.open(`,"log":"info"`)
	p.submit(1, session.Progress, "fault_progress", `{"count":3}`)
	p.submit(2, 0, "fault_log", `{"count":1}`)
	progress, lines := 0, 0
	for results := 0; results < 2; {
		f := p.receive()
		if !json.Valid(f.payload) || f.Word != 0 {
			t.Errorf("%+v %q", f.Header, f.payload)
		}
		switch {
		case f.Kind == pipe.Result:
			results++
		case f.Kind == pipe.Progress && f.Token == 1:
			progress++
		case f.Kind == pipe.Log && f.Token == 0:
			if strings.Contains(string(f.payload), "asked for") {
				lines++
			}
		default:
			t.Errorf("%+v %q", f.Header, f.payload)
		}
	}
	if progress == 0 || lines != 1 {
		t.Errorf("progress was told %d times, and %d lines came", progress, lines)
	}
}

// TestServe_Cancel: what is canceled ends, and so does what runs when the
// program closes its stream.
func TestServe_Cancel(t *testing.T) {
	p := start(t)
	p.open("")
	p.submit(1, 0, "fault_sleep", `{"ms":600000}`)
	p.submit(2, 0, "fault_sleep", `{"ms":600000}`)
	p.send(pipe.Cancel, 0, 3, nil) // of no call: it may have ended in this moment
	p.send(pipe.Cancel, 0, 2, nil)
	if f := p.receive(); f.Token != 2 || failed(t, f).Code != artifacts.KindCanceled {
		t.Errorf("%+v %s", f.Header, f.payload)
	}
	if err := p.end(); err != nil {
		t.Error(err)
	}
}

// TestServe_Refused: what a session refuses is the result of that call alone.
func TestServe_Refused(t *testing.T) {
	p := start(t)
	p.open(`,"limits":{"calls":1,"input_bytes":1000}`)
	p.submit(1, 0, "fault_sleep", `{"ms":600000}`)
	for token, tt := range map[uint64]struct {
		flags       session.Flags
		name, input string
		code        artifacts.Kind
	}{
		2: {0, "fault_echo", `{}`, session.KindBusy},
		3: {0, "fault_echo", strings.Repeat(" ", 1001), session.KindTooLarge},
		4: {0, strings.Repeat("n", 1000), "", session.KindTooLarge},
		5: {1 << 10, "fault_echo", `{}`, artifacts.KindInvalid},
		6: {session.Held, "fault_echo", `{}`, artifacts.KindInvalid},
		1: {0, "fault_echo", `{}`, artifacts.KindConflict},
		0: {0, "fault_echo", `{}`, artifacts.KindInvalid},
	} {
		p.submit(token, tt.flags, tt.name, tt.input)
		if f := p.receive(); f.Token != token || failed(t, f).Code != tt.code {
			t.Errorf("call %d: %+v %s", token, f.Header, f.payload)
		}
	}
	p.send(pipe.Cancel, 0, 1, nil)
	if e := failed(t, p.receive()); e.Code != artifacts.KindCanceled {
		t.Errorf("the call that runs ends as %+v", e)
	}
}

func TestServe_NotOpened(t *testing.T) {
	for _, tt := range []struct {
		name    string
		version uint16
		config  string
		code    artifacts.Kind
	}{
		{"a later version", pipe.Version + 1, `{}`, artifacts.KindUnsupported},
		{"no configuration", pipe.Version, `{"no_such":1}`, artifacts.KindInvalid},
		{"too much", pipe.Version, `{"home":"` + strings.Repeat("h", 5<<20) + `"}`, session.KindTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t)
			p.send(pipe.Open, tt.version, 0, []byte(tt.config))
			f := p.receive()
			if e := failed(t, f); f.Kind != pipe.Opened || e.Code != tt.code || e.Next == "" {
				t.Errorf("%+v %s", f.Header, f.payload)
			}
			if err := <-p.served; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestServe_NoFrames: what is no frame ends it with an error that says so, and
// nothing is taken for something else.
func TestServe_NoFrames(t *testing.T) {
	open := pipe.Header{Size: 2, Kind: pipe.Open, Word: pipe.Version}
	opened := append(open.Append(nil), `{"base_url":"http://127.0.0.1:9","api_key":"0123456789012345678901234567890123456789"}`...)
	binary.LittleEndian.PutUint32(opened, uint32(len(opened)-16))
	header := func(h pipe.Header) []byte { return h.Append(nil) }
	for _, tt := range []struct {
		name, want string
		sent       []byte
	}{
		{"nothing", "", nil},
		{"half a header", "within a frame", []byte("abc")},
		{"a call first", "first frame", header(pipe.Header{Kind: pipe.Submit})},
		{"a huge configuration", "can have", header(pipe.Header{Size: 1 << 31, Kind: pipe.Open, Word: pipe.Version})},
		{"half a configuration", "within a frame", header(open)},
		{"an unknown kind", "cannot send", append(opened, header(pipe.Header{Kind: 99})...)},
		{"a result", "cannot send", append(opened, header(pipe.Header{Kind: pipe.Result})...)},
		{"a call without a name", "has no name", append(opened, header(pipe.Header{Kind: pipe.Submit, Size: 1})...)},
		{"a name that is too long", "the name of a call", append(append(opened, header(pipe.Header{Kind: pipe.Submit, Size: 3})...), 9, 0, 'x')},
		{"half a call", "within a frame", append(append(opened, header(pipe.Header{Kind: pipe.Submit, Size: 100})...), 9, 0, 'x')},
		{"half of what is too large", "within a frame", append(append(opened, header(pipe.Header{Kind: pipe.Submit, Size: 1 << 31})...), 9, 0, 'x')},
		{"a cancel with more", "can have", append(opened, header(pipe.Header{Kind: pipe.Cancel, Size: 1})...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := pipe.Serve(bytes.NewReader(tt.sent), io.Discard, withFaults)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Serve fails with %v, want %q", err, tt.want)
			}
		})
	}
}

// TestServe_NobodyReads: a program that does not receive is not sent more than it
// has room for, and the session ends with its stream all the same.
func TestServe_NobodyReads(t *testing.T) {
	p := start(t)
	p.open("")
	for token := range uint64(50) {
		p.submit(token+1, 0, "fault_big", `{"bytes":1000000}`)
	}
	if err := p.end(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Serve ends with %v", err)
	}
}

// nothing is a core without operations: what is fuzzed opens no registries.
type nothing struct{}

func (nothing) Call(_ context.Context, name string, _ []byte, _ func([]byte)) ([]byte, error) {
	return nil, &tools.Error{Code: artifacts.KindInvalid, Operation: name, Message: "there is none"}
}

func (n nothing) Columns(ctx context.Context, name string, input []byte, report func([]byte)) ([]byte, error) {
	return n.Call(ctx, name, input, report)
}

func (nothing) Close() error { return nil }

// FuzzServe: no bytes make it panic, or send what is no frame.
func FuzzServe(f *testing.F) {
	openNothing := func(context.Context, session.Config, *slog.Logger) (session.Core, []byte, error) {
		return nothing{}, []byte("{}"), nil
	}
	head := pipe.Header{Kind: pipe.Open, Word: pipe.Version}.Append(nil)
	call := append(pipe.Header{Size: 14, Kind: pipe.Submit, Token: 1}.Append(nil), "\x0a\x00nosuchthng{}"...)
	f.Add([]byte{}, false)
	f.Add(call, true)
	f.Add(append(call, pipe.Header{Kind: pipe.Cancel, Token: 1}.Append(nil)...), true)
	f.Add(call[:20], true)
	f.Fuzz(func(t *testing.T, sent []byte, opens bool) {
		if opens {
			sent = slices.Concat(head, sent)
		}
		var out bytes.Buffer
		_ = pipe.Serve(bytes.NewReader(sent), &out, openNothing)
		for {
			h, err := pipe.ReadHeader(&out)
			if err == io.EOF {
				return
			}
			if err != nil || h.Kind > pipe.Log || len(out.Next(int(h.Size))) != int(h.Size) {
				t.Fatalf("%+v, %v", h, err)
			}
		}
	})
}
