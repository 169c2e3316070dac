package artifacts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// This file moves bytes to and from addresses that a server gave. Such an
// address carries its own permission. The API key never goes with a request
// made here, whatever host the address names.

// A setback is why a transfer did not come to its end, and what may help.
type setback struct {
	Error
	// again: the same request can succeed later.
	again bool
	// fresh: the address may have expired; another may work.
	fresh bool
}

// maxFresh is how often in a row a fresh address is asked for.
const maxFresh = 3

// persist makes a transfer until it succeeds or nothing helps. try says how
// many bytes it moved for good: an attempt that got further counts as a first.
// refresh gets a fresh address; nil if there is none to get.
func (c *Client) persist(ctx context.Context, try func(context.Context) (int64, *setback), refresh func(context.Context) error) error {
	fresh := 0
	for attempt := 1; ; attempt++ {
		moved, s := try(ctx)
		if s == nil {
			return nil
		}
		if ctx.Err() != nil {
			return canceled(ctx)
		}
		if moved > 0 {
			attempt, fresh = 1, 0
		}
		switch {
		case s.fresh && refresh != nil && fresh < maxFresh:
			fresh++
			c.log.LogAttrs(ctx, levelWarn, "asking for a fresh address", attemptAttr(fresh), errAttr(&s.Error))
			if err := refresh(ctx); err != nil {
				return err
			}
			if fresh == 1 {
				continue // an address that expired is nobody's fault
			}
		case !s.again || attempt >= c.retry.Attempts:
			if attempt > 1 {
				s.Message = fmt.Sprintf("%s (tried %d times)", s.Message, attempt)
			}
			return &s.Error
		}
		wait := c.backoff(attempt, s.RetryAfter)
		c.log.LogAttrs(ctx, levelWarn, "trying a transfer again", attemptAttr(attempt), waitAttr(wait), errAttr(&s.Error))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return canceled(ctx)
		}
	}
}

// backoff is how long to wait after an attempt.
func (c *Client) backoff(attempt int, asked time.Duration) time.Duration {
	wait := c.retry.MaxWait
	if shift := attempt - 1; shift < 16 {
		wait = min(wait, c.retry.MinWait<<shift)
	}
	// A server that asks for hours is not waited for.
	return max(wait/2+rand.N(wait/2+1), min(asked, 2*c.retry.MaxWait))
}

// A watchdog ends a context when nothing has moved for a while.
type watchdog struct {
	stall time.Duration
	timer *time.Timer
	stop  context.CancelFunc
}

var errStalled = errors.New("the transfer stalled")

func watch(ctx context.Context, stall time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watchdog{stall: stall}
	w.timer = time.AfterFunc(stall, func() { cancel(errStalled) })
	w.stop = func() {
		w.timer.Stop()
		cancel(nil)
	}
	return ctx, w
}

// moved says that something has.
func (w *watchdog) moved(extra time.Duration) { w.timer.Reset(w.stall + extra) }

// address checks an address that a server gave for bytes.
func address(raw string) (*url.URL, *setback) {
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Host == "":
		return nil, &setback{Error: *corrupt("an address of a file is no URL")}
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &setback{Error: *corrupt("the address of a file begins with %q, which is not followed", u.Scheme+":")}
	}
	u.User = nil // the http package would send it as credentials
	return u, nil
}

// carrier is an HTTP client for bytes. It follows redirects, as storage
// services answer with them, but never to an unencrypted address from an
// encrypted one.
func carrier(t http.RoundTripper) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		switch {
		case len(via) >= 10:
			return errors.New("it was redirected ten times")
		case req.URL.Scheme != "https" && via[len(via)-1].URL.Scheme == "https":
			return errors.New("it was redirected to an address without encryption")
		}
		req.Header.Del("Referer") // the address before carries a permission in its query
		req.URL.User = nil
		return nil
	}}
}

// An answer is a body on its way here. Close it.
type answer struct {
	body  io.ReadCloser
	resp  *http.Response
	watch *watchdog
	from  int64 // where in the file the body begins
	total int64 // the whole file's size if it is known, otherwise -1
}

// Read reads the body.
func (d *answer) Read(p []byte) (int, error) {
	n, err := d.body.Read(p)
	if n > 0 {
		d.watch.moved(0)
	}
	return n, err
}

// Close ends the transfer. A body that was read to its end leaves the
// connection for others.
func (d *answer) Close() error {
	err := d.body.Close()
	d.watch.stop()
	return err
}

// fetch asks for the bytes of a file from an offset on, up to but not including
// end, or all that follow if end is -1. A server may answer with the whole file.
func (c *Client) fetch(ctx context.Context, t http.RoundTripper, rawURL string, from, end int64) (*answer, *setback) {
	u, bad := address(rawURL)
	if bad != nil {
		return nil, bad
	}
	parent := ctx
	ctx, dog := watch(ctx, c.files.Stall)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		dog.stop()
		return nil, &setback{Error: *corrupt("an address of a file is no URL")}
	}
	req.Header.Set("User-Agent", c.userAgent)
	// Otherwise the transport asks for gzip, and what comes is not what is stored.
	req.Header.Set("Accept-Encoding", "identity")
	if from > 0 || end >= 0 {
		r := "bytes=" + strconv.FormatInt(from, 10) + "-"
		if end >= 0 {
			r += strconv.FormatInt(end-1, 10)
		}
		req.Header.Set("Range", r)
	}
	resp, err := carrier(t).Do(req)
	if err != nil {
		s := c.broken(parent, ctx, u, err)
		dog.stop()
		return nil, s
	}
	dog.moved(0)
	d := &answer{body: resp.Body, resp: resp, watch: dog, total: resp.ContentLength}
	if resp.StatusCode == http.StatusPartialContent {
		if d.from, d.total, err = contentRange(resp.Header.Get("Content-Range")); err != nil || d.from != from {
			d.Close()
			return nil, &setback{Error: *corrupt("%s sent another part of the file than it was asked for (%q)", u.Host, resp.Header.Get("Content-Range"))}
		}
		return d, nil
	}
	if resp.StatusCode == http.StatusOK {
		return d, nil
	}
	s := c.refused(u, resp)
	d.Close()
	return nil, s
}

// contentRange reads "bytes 5-9/20"; the total is -1 for "*".
func contentRange(h string) (from, total int64, err error) {
	spec, ok := strings.CutPrefix(h, "bytes ")
	part, whole, ok2 := strings.Cut(spec, "/")
	first, _, ok3 := strings.Cut(part, "-")
	if !ok || !ok2 || !ok3 {
		return 0, 0, fmt.Errorf("%q is no content range", h)
	}
	if from, err = strconv.ParseInt(first, 10, 64); err != nil {
		return 0, 0, err
	}
	if whole == "*" {
		return from, -1, nil
	}
	total, err = strconv.ParseInt(whole, 10, 64)
	return from, total, err
}

// answerTime is how long a server may take to answer once it has all bytes: it
// may be joining or hashing them.
const answerTime = 4 * time.Minute

// put sends size bytes of body to an address. headers are "Name:value". It
// returns the answer's header. body is not read any more when it returns.
func (c *Client) put(ctx context.Context, rawURL string, headers []string, body io.Reader, size int64, sent func(int64)) (http.Header, *setback) {
	u, bad := address(rawURL)
	if bad != nil {
		return nil, bad
	}
	parent := ctx
	ctx, dog := watch(ctx, c.files.Stall)
	src := &outgoing{r: body, left: size, dog: dog, sent: sent, closed: make(chan struct{})}
	defer src.wait()
	defer dog.stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, u.String(), src)
	if err != nil {
		src.Close()
		return nil, &setback{Error: *corrupt("an address of a file is no URL")}
	}
	req.ContentLength = size
	if size == 0 {
		src.Close()
		req.Body = http.NoBody
		dog.moved(answerTime)
	}
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		name, value = http.CanonicalHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
		// What belongs to the connection is not the server's to choose.
		if !ok || name == "Host" || name == "Content-Length" || name == "Transfer-Encoding" || name == "Connection" || name == "Authorization" {
			continue
		}
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", c.userAgent)
	resp, err := carrier(c.transport).Do(req)
	if resp != nil {
		defer resp.Body.Close()
	}
	if readErr := src.failure(); readErr != nil {
		// Our own file could not be read to its end; the server had no part in it.
		return nil, local(readErr)
	}
	if err != nil {
		return nil, c.broken(parent, ctx, u, err)
	}
	if resp.StatusCode/100 == 2 {
		// Read to its end, so that the connection can be used again.
		io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
		return resp.Header, nil
	}
	return nil, c.refused(u, resp)
}

// An outgoing body counts what is read of it and remembers why it failed.
type outgoing struct {
	r      io.Reader
	left   int64
	dog    *watchdog
	sent   func(int64)
	err    atomic.Pointer[error]
	once   sync.Once
	closed chan struct{}
}

func (o *outgoing) Read(p []byte) (int, error) {
	if o.left == 0 {
		return 0, io.EOF // what a file has grown by meanwhile is not sent
	}
	n, err := o.r.Read(p[:min(int64(len(p)), o.left)])
	o.left -= int64(n)
	extra := time.Duration(0)
	switch {
	case o.left == 0:
		extra = answerTime
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	o.dog.moved(extra)
	if n > 0 && o.sent != nil {
		o.sent(int64(n))
	}
	if err != nil && err != io.EOF {
		o.err.Store(&err)
	}
	return n, err
}

// Close says that the transport reads no more.
func (o *outgoing) Close() error {
	o.once.Do(func() { close(o.closed) })
	return nil
}

// wait waits until the transport reads no more: it may do so for a while after
// it has answered. One that never says is not waited for for ever.
func (o *outgoing) wait() {
	select {
	case <-o.closed:
	case <-time.After(5 * time.Second):
	}
}

// failure is why the body could not be read, nil if it could.
func (o *outgoing) failure() error {
	if err := o.err.Load(); err != nil {
		return *err
	}
	return nil
}

// broken says why no answer, or not all of it, came from an address.
func (c *Client) broken(parent, ctx context.Context, u *url.URL, err error) *setback {
	s := &setback{again: true}
	s.Kind = KindUnavailable
	s.Err = bare(err)
	s.Next = "check the network, or try again later; what was transferred is kept"
	s.Message = fmt.Sprintf("the connection to %s broke: %s", u.Host, c.redact(s.Err.Error()))
	switch {
	case parent.Err() != nil:
		s.Error, s.again = *canceled(parent), false
	case errors.Is(context.Cause(ctx), errStalled):
		s.Err = errStalled
		s.Message = fmt.Sprintf("%s moved no byte for %s", u.Host, c.files.Stall)
	case notSent(err):
		s.Message = fmt.Sprintf("%s cannot be reached: %s", u.Host, c.redact(s.Err.Error()))
	}
	return s
}

// refused reads an answer that is no success.
func (c *Client) refused(u *url.URL, resp *http.Response) *setback {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // what there is of it
	said := status(resp.StatusCode)
	if messages, _ := serverMessages(body); len(messages) > 0 {
		said += ": " + c.redact(strings.Join(messages, "; "))
	}
	s := &setback{Error: Error{
		Message:    fmt.Sprintf("%s answered %s", u.Host, said),
		RetryAfter: retryAfter(resp, time.Now()),
	}}
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		s.Kind, s.fresh = KindDenied, true
		s.Next = "ask the owner of the entity for access, or use a key that has it"
	case code == http.StatusNotFound, code == http.StatusGone:
		s.Kind, s.fresh = KindNotFound, true
		s.Next = "the server lost the bytes, or the version was deleted meanwhile"
	case code == http.StatusBadRequest: // how S3 calls a token that has expired, among much else
		s.Kind, s.fresh = KindInvalid, true
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests:
		s.Kind, s.again = KindUnavailable, true
		s.Next = "wait and try again"
	case code == http.StatusNotImplemented:
		s.Kind = KindUnsupported
	case code >= 500:
		s.Kind, s.again = KindUnavailable, true
		s.Next = "try again later"
	case code == http.StatusRequestedRangeNotSatisfiable:
		s.Kind = KindCorrupt
		s.Next = "the file is shorter than the manifest says; report it to whoever runs the server"
	default:
		s.Kind = KindInvalid
	}
	return s
}
