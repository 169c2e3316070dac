package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// Transport returns a RoundTripper that has the server answer requests in
// process, whatever their host. Bodies stream in both directions. Use it with
// InternalURL as the base URL.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

// RoundTrip answers one request. The answer's body must be closed, which also
// ends a handler that has more to send.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := context.Cause(req.Context()); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // the contract of RoundTrip
		}
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.WithValue(req.Context(), inProcessKey{}, true))
	in := req.Clone(ctx)
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr = "in-process"

	pr, pw := io.Pipe()
	out := &pipeResponse{header: make(http.Header), pipe: pw, started: make(chan struct{}), head: req.Method == http.MethodHead}
	// A reader that waits for more must learn that there will be none.
	stop := context.AfterFunc(ctx, func() { pw.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer cancel(context.Canceled) // releases the context; nothing waits for it any more
		defer stop()
		err := t.serve(out, in)
		if err == nil {
			// Whoever has given up gets no end that looks like that of the whole.
			err = context.Cause(ctx)
		}
		out.finish(err)
		_ = in.Body.Close() // the contract of RoundTrip
	}()

	select {
	case <-out.started:
	case <-ctx.Done():
		select {
		case <-out.started: // a handler that is quick may be done already
		default:
			return nil, context.Cause(ctx)
		}
	}
	if out.err != nil {
		return nil, out.err
	}
	resp := &http.Response{
		Status:     strconv.Itoa(out.status) + " " + http.StatusText(out.status),
		StatusCode: out.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.sent, ContentLength: -1, Request: req,
		Body: &pipeBody{PipeReader: pr, cancel: cancel},
	}
	if n, err := strconv.ParseInt(out.sent.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		resp.ContentLength = n
	}
	if out.head || bodyless(out.status) {
		resp.Body = http.NoBody
	}
	return resp, nil
}

// serve turns a panic that means "abort" into an error.
func (t transport) serve(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the answer was aborted: %v", cause)
		}
	}()
	t.s.ServeHTTP(w, r)
	return nil
}

// A pipeResponse hands an answer over while it is being written.
type pipeResponse struct {
	header  http.Header
	pipe    *io.PipeWriter
	head    bool
	once    sync.Once
	started chan struct{} // closed when the fields below are set
	status  int
	sent    http.Header // what header was when the answer began
	err     error
}

func (w *pipeResponse) Header() http.Header { return w.header }

func (w *pipeResponse) WriteHeader(status int) {
	if status < 200 { // informational
		return
	}
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.started)
	})
}

func (w *pipeResponse) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.head {
		return len(p), nil
	}
	if bodyless(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	return w.pipe.Write(p)
}

func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// Flush does nothing: what is written has arrived.
func (w *pipeResponse) Flush() { w.WriteHeader(http.StatusOK) }

func (w *pipeResponse) finish(err error) {
	if err == nil {
		w.WriteHeader(http.StatusOK)
	}
	w.once.Do(func() {
		w.err = err
		close(w.started)
	})
	w.pipe.CloseWithError(err) // nil is EOF
}

// A pipeBody is the body of an answer. Closing it early ends the handler.
type pipeBody struct {
	*io.PipeReader
	cancel context.CancelCauseFunc
}

var errBodyClosed = errors.New("the body of the answer was closed")

func (b *pipeBody) Close() error {
	b.cancel(errBodyClosed)
	return b.PipeReader.CloseWithError(errBodyClosed)
}
