package artifacts

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// send carries the request of one operation to the server, until it is answered
// with status 200 or there is no point in going on, and returns the body. What
// goes wrong below GraphQL is reported as *Error.
//
// go-graphql-client could retry by itself, but it sleeps without looking at the
// context, retries changes as readily as reads, and knows no total bound.
func (c *Client) send(op wire.Op, req *http.Request) ([]byte, error) {
	ctx, retry := req.Context(), c.retry
	start := time.Now()
	deadline := start.Add(retry.MaxElapsed)
	for attempt := 1; ; attempt++ {
		began := time.Now()
		body, err := c.attempt(ctx, req, min(c.timeout, deadline.Sub(began)))
		c.logAttempt(ctx, op, attempt, began, len(body), err)
		if err == nil {
			tellPageEnd(ctx, op, body)
			return body, nil
		}
		if ctx.Err() != nil {
			return nil, canceled(ctx)
		}
		wait, again := c.next(op, err, attempt)
		if again && time.Now().Add(wait).After(deadline) {
			again = false
		}
		if !again {
			if attempt > 1 {
				err.Message = fmt.Sprintf("%s (tried %d times in %s)", err.Message, attempt, time.Since(start).Round(time.Millisecond))
			}
			return nil, &err.Error
		}
		c.log.LogAttrs(ctx, levelWarn, "trying again", opAttr(op), attemptAttr(attempt), waitAttr(wait), errAttr(&err.Error))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, canceled(ctx)
		}
	}
}

// A failure is an Error and what it means for another attempt.
type failure struct {
	Error
	// again: the same request can succeed later.
	again bool
	// unseen: the server cannot have acted on the request.
	unseen bool
}

// next says whether, and after how long, to try again.
func (c *Client) next(op wire.Op, f *failure, attempt int) (time.Duration, bool) {
	retry := c.retry
	if !f.again || attempt >= retry.Attempts || (op.Effect == wire.Acts && !f.unseen) {
		return 0, false
	}
	// Doubling, stopped before it overflows.
	wait := retry.MaxWait
	if shift := attempt - 1; shift < 16 {
		wait = min(wait, retry.MinWait<<shift)
	}
	// Clients that failed together must not come back together.
	wait = wait/2 + rand.N(wait/2+1)
	return max(wait, f.RetryAfter), true
}

// attempt sends req once.
func (c *Client) attempt(ctx context.Context, req *http.Request, timeout time.Duration) ([]byte, *failure) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTooSlow)
	defer cancel()
	out := req.Clone(ctx)
	body, err := req.GetBody()
	if err != nil {
		return nil, &failure{Error: Error{Kind: KindInvalid, Message: "the request cannot be sent again: " + err.Error(), Err: err}}
	}
	out.Body = body
	out.Header.Set("User-Agent", c.userAgent)
	out.Header.Set("Accept", "application/json")
	actorOf(ctx).announce(out.Header)
	if c.key != "" {
		out.SetBasicAuth("api", c.key)
	}
	// RoundTrip, not http.Client: redirects are never followed, so the key goes
	// nowhere but to BaseURL, and no cookies are kept.
	resp, err := c.transport.RoundTrip(out)
	if err != nil {
		return nil, c.unreachable(ctx, err, timeout)
	}
	defer resp.Body.Close()
	data, err := readLimited(resp, c.maxBytes)
	if err != nil {
		if errors.Is(err, errTooLarge) {
			return nil, &failure{Error: Error{
				Kind:    KindCorrupt,
				Message: fmt.Sprintf("the server's answer is larger than %d bytes", c.maxBytes),
				Next:    "ask for fewer items per page, or raise Config.MaxResponseBytes",
				Err:     err,
			}}
		}
		return nil, c.unreachable(ctx, err, timeout)
	}
	if f := c.judge(resp, data); f != nil {
		return nil, f
	}
	return data, nil
}

var (
	errTooSlow  = errors.New("no answer in time")
	errTooLarge = errors.New("answer too large")
)

// readLimited reads a whole body of at most limit bytes.
func readLimited(resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, errTooLarge
	}
	var buf bytes.Buffer
	if resp.ContentLength > 0 {
		buf.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, errTooLarge
	}
	return buf.Bytes(), nil
}

// unreachable says why no answer came.
func (c *Client) unreachable(ctx context.Context, err error, timeout time.Duration) *failure {
	f := &failure{again: true, unseen: notSent(err)}
	f.Kind = KindUnavailable
	f.Err = bare(err)
	f.Next = "check the base URL and the network, or try again later"
	if errors.Is(context.Cause(ctx), errTooSlow) {
		f.Message = fmt.Sprintf("%s did not answer within %s", c.endpointForPeople(), timeout.Round(time.Millisecond))
		f.Next = "try again, ask for fewer items per page, or raise Config.Timeout"
		f.Err = errTooSlow
		return f
	}
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		f.again = false // it will be no better in a second
		f.Message = fmt.Sprintf("the certificate of %s is not trusted: %s", c.endpointForPeople(), c.redact(f.Err.Error()))
		f.Next = "check the base URL, or set a Config.Transport that trusts the certificate"
		return f
	}
	what := "the connection to %s broke: %s"
	if f.unseen {
		what = "%s cannot be reached: %s"
	}
	f.Message = fmt.Sprintf(what, c.endpointForPeople(), c.redact(f.Err.Error()))
	return f
}

// canceled is the error for a context that ended.
func canceled(ctx context.Context) *Error {
	err := ctx.Err()
	e := &Error{Kind: KindCanceled, Message: "canceled by the caller", Err: err}
	if errors.Is(err, context.DeadlineExceeded) {
		e.Message = "the caller's time ran out before the server answered"
		e.Next = "allow more time"
	}
	return e
}
