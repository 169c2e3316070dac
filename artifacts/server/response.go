package server

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// A response watches an answer go out: its status and length are for the
// request log, and a client that stops reading or writing in the middle of a
// body is given up after a while.
type response struct {
	http.ResponseWriter
	rc    *http.ResponseController
	stall time.Duration
	log   *Request
	sent  bool
}

// sendChunk is how much is handed to the operating system at once where a file
// is sent: each chunk must pass within StallTime.
const sendChunk = 8 << 20

func (w *response) WriteHeader(status int) {
	if !w.sent && status >= 200 {
		w.sent, w.log.Status = true, status
		w.deadline()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	w.alive()
	n, err := w.ResponseWriter.Write(p)
	w.log.BytesOut += int64(n)
	return n, err
}

// ReadFrom lets the operating system send files without copying them. It sees
// a file behind one limit, and not behind two: that of a range is taken apart
// where each chunk gets its own.
func (w *response) ReadFrom(r io.Reader) (total int64, err error) {
	limit, limited := r.(*io.LimitedReader)
	for {
		w.alive()
		chunk := &io.LimitedReader{R: r, N: sendChunk}
		if limited {
			chunk.R, chunk.N = limit.R, min(limit.N, sendChunk)
		}
		asked := chunk.N
		n, err := io.Copy(w.ResponseWriter, chunk)
		total += n
		w.log.BytesOut += n
		if limited {
			limit.N -= asked - chunk.N
		}
		if err != nil || n < asked || (limited && limit.N <= 0) {
			return total, err
		}
	}
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) alive() {
	if !w.sent {
		w.sent, w.log.Status = true, http.StatusOK
	}
	w.deadline()
}

func (w *response) deadline() {
	_ = w.rc.SetWriteDeadline(time.Now().Add(w.stall)) // not every writer has deadlines
}

// refuse answers with an error and puts it into the request log.
func (w *response) refuse(status int, message string) {
	w.log.Outcome = message
	refuse(w, status, message)
}

// refuse answers with an error in the form of GraphQL's, the one that clients show.
func refuse(w http.ResponseWriter, status int, message string) {
	type entry struct {
		Message string `json:"message"`
	}
	body, err := json.Marshal(struct {
		Errors []entry `json:"errors"`
	}{[]entry{{message}}})
	if err != nil { // a struct of strings always marshals
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}

// A body counts what a client sends and gives up one that stalls.
type body struct {
	io.ReadCloser
	rc    *http.ResponseController
	stall time.Duration
	log   *Request
}

func (b *body) Read(p []byte) (int, error) {
	_ = b.rc.SetReadDeadline(time.Now().Add(b.stall))
	n, err := b.ReadCloser.Read(p)
	// A deadline that is left would end a handler that works for longer.
	_ = b.rc.SetReadDeadline(time.Time{})
	b.log.BytesIn += int64(n)
	return n, err
}

// logged has next answer a request, recovers from its panics, and reports the
// request.
func (s *Server) logged(w http.ResponseWriter, r *http.Request, next func(*response, *http.Request)) {
	start := s.o.Clock()
	began := time.Now()
	log := &Request{Time: start, Method: r.Method, Path: r.URL.Path}
	rc := http.NewResponseController(w)
	out := &response{ResponseWriter: w, rc: rc, stall: s.o.StallTime, log: log}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &body{ReadCloser: r.Body, rc: rc, stall: s.o.StallTime, log: log}
	}
	defer func() {
		// For what net/http does now: send what is in its buffer, and read what
		// the handler has left of the request.
		out.deadline()
		_ = rc.SetReadDeadline(time.Now().Add(s.o.StallTime))
		if log.Status == 0 {
			log.Status = http.StatusOK // what net/http sends for a handler that says nothing
		}
		if log.Outcome == "" && log.Status >= 400 && !strings.HasPrefix(log.Path, "/sdk/otel/") {
			log.Outcome = http.StatusText(log.Status)
		}
		log.Duration = time.Since(began)
		if s.o.OnRequest != nil {
			s.o.OnRequest(*log)
		}
	}()
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if cause == http.ErrAbortHandler {
			log.Outcome = "aborted"
			panic(cause)
		}
		id := rand.Text()[:10]
		log.Outcome = "panic, incident " + id
		s.o.Logger.ErrorContext(r.Context(), "a handler panicked", "incident", id, "method", r.Method, "path", r.URL.Path,
			"cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		if out.sent {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
		refuse(out, http.StatusInternalServerError, "the registry failed (incident "+id+"); its log says why")
	}()
	next(out, r)
}

// compressAbove is the least length that is worth compressing.
const compressAbove = 4 << 10

// compressed returns a writer that compresses the answer to r where that helps,
// and a function that completes it. On the same machine it does not: moving the
// bytes costs less than compressing them.
func compressed(w *response, r *http.Request) (http.ResponseWriter, func() error) {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || inProcess(r.Context()) || fromLoopback(r) {
		return w, func() error { return nil }
	}
	z := &gzipResponse{ResponseWriter: w, status: http.StatusOK}
	return z, z.close
}

// A gzipResponse decides at the first Write, which holds all of a GraphQL answer.
type gzipResponse struct {
	http.ResponseWriter
	status  int
	decided bool
	z       *gzip.Writer
}

func (g *gzipResponse) WriteHeader(status int) { g.status = status }

func (g *gzipResponse) Write(p []byte) (int, error) {
	if !g.decided {
		g.decided = true
		g.Header().Add("Vary", "Accept-Encoding")
		if len(p) > compressAbove {
			g.Header().Set("Content-Encoding", "gzip")
			g.Header().Del("Content-Length")
			g.z, _ = gzip.NewWriterLevel(g.ResponseWriter, gzip.BestSpeed) // the level is a constant
		}
		g.ResponseWriter.WriteHeader(g.status)
	}
	if g.z != nil {
		return g.z.Write(p)
	}
	return g.ResponseWriter.Write(p)
}

func (g *gzipResponse) close() error {
	if !g.decided {
		g.ResponseWriter.WriteHeader(g.status)
	}
	if g.z != nil {
		return g.z.Close()
	}
	return nil
}

// fromLoopback reports whether a request came from this machine over TCP.
func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

type inProcessKey struct{}

// inProcess reports whether a request came through Transport.
func inProcess(ctx context.Context) bool { return ctx.Value(inProcessKey{}) != nil }
