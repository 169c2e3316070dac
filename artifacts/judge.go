package artifacts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// judge returns nil for an answer that GraphQL can be read from, and otherwise
// what is wrong.
func (c *Client) judge(resp *http.Response, body []byte) *failure {
	code := resp.StatusCode
	switch {
	case code == http.StatusOK:
		if looksLikeObject(body) {
			return nil
		}
		return &failure{Error: Error{
			Kind:    KindCorrupt,
			Message: fmt.Sprintf("%s answered with %s instead of GraphQL", c.endpointForPeople(), contentOf(resp, body)),
			Next:    "check that the base URL is that of a W&B server, without a path of its web pages",
		}}
	case code < 300:
		return &failure{Error: Error{Kind: KindCorrupt, Message: fmt.Sprintf("the server answered with status %s, which GraphQL does not use", status(code))}}
	case code < 400:
		to := c.redact(resp.Header.Get("Location"))
		return &failure{Error: Error{
			Kind:    KindInvalid,
			Message: fmt.Sprintf("%s redirects to %q; redirects are not followed, so that the API key reaches no other host", c.endpointForPeople(), to),
			Next:    "set the base URL to the address that the server answers at",
		}}
	}
	said := readFailure(body)
	text := status(code)
	if len(said.messages) > 0 {
		text = c.redact(strings.Join(said.messages, "; "))
	}
	f := &failure{Error: Error{Message: text, Next: c.redact(said.next), RetryAfter: retryAfter(resp, time.Now())}}
	next := func(usual string) {
		if f.Next == "" {
			f.Next = usual
		}
	}
	switch code {
	case http.StatusUnauthorized:
		f.Kind = KindUnauthenticated
		f.Message = "the server does not accept the API key (" + text + ")"
		if c.key == "" {
			f.Message = "the server wants an API key and none is configured (" + text + ")"
		}
		next(usualNext(f.Kind))
	case http.StatusForbidden:
		f.Kind = KindDenied
		f.Message = "this API key may not do that (" + text + ")"
		next(usualNext(f.Kind))
	case http.StatusNotFound, http.StatusGone:
		f.Kind = KindNotFound
		next(usualNext(f.Kind))
		if !said.graphQL {
			f.Kind = KindInvalid
			f.Message = fmt.Sprintf("there is no GraphQL at %s (%s)", c.endpointForPeople(), status(code))
			f.Next = "check the base URL"
		}
	case http.StatusConflict:
		f.Kind = KindConflict
	case http.StatusNotImplemented:
		f.Kind = KindUnsupported
		f.Message = "this server does not offer that (" + text + ")"
		next(usualNext(f.Kind))
	case http.StatusTooManyRequests:
		f.Kind, f.again, f.unseen = KindUnavailable, true, true
		f.Message = "the server is asked too often (" + text + ")"
		next("wait and try again")
	case http.StatusRequestTimeout:
		f.Kind, f.again = KindUnavailable, true
		f.Message = "the server gave up waiting for the request (" + text + ")"
		next("try again")
	default:
		if code < 500 {
			f.Kind = said.kind()
			next(usualNext(f.Kind))
			break
		}
		f.Kind, f.again = KindUnavailable, true
		f.Message = "the server failed (" + text + ")"
		next("try again later")
	}
	return f
}

// A said is what the body of a failure says.
type said struct {
	messages []string
	code     string // of the first error
	next     string // of the first error
	graphQL  bool   // it has GraphQL's form
}

// kind is what a refusal means that the status says nothing about. What a
// server of W&B thinks of a query that it does not understand comes with 400.
func (s said) kind() Kind {
	if k := kindOfCode(s.code); k != "" {
		return k
	}
	if len(s.messages) > 0 && kindOfMessage(s.messages[0]) == KindUnsupported {
		return KindUnsupported
	}
	return KindInvalid
}

// serverMessages are what the body of a failure says; graphQL means that it has
// GraphQL's form.
func serverMessages(body []byte) (messages []string, graphQL bool) {
	s := readFailure(body)
	return s.messages, s.graphQL
}

// readFailure reads GraphQL's error form, or {"error": "..."}.
func readFailure(body []byte) said {
	var form struct {
		Errors []struct {
			Message    string         `json:"message"`
			Extensions map[string]any `json:"extensions"`
		} `json:"errors"`
		Error   any `json:"error"`
		Message any `json:"message"`
	}
	var s said
	if !looksLikeObject(body) || json.Unmarshal(body, &form) != nil {
		return s
	}
	s.graphQL = len(form.Errors) > 0
	for i, e := range form.Errors {
		if i == 0 {
			s.code, _ = e.Extensions["code"].(string)
			s.next, _ = e.Extensions["next"].(string)
		}
		if e.Message != "" {
			s.messages = append(s.messages, e.Message)
		}
	}
	for _, alone := range []any{form.Error, form.Message} {
		if text, ok := alone.(string); ok && text != "" && len(s.messages) == 0 {
			s.messages = append(s.messages, text)
		}
	}
	return s
}

// retryAfter reads the header's two forms: seconds, or a date.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	v := resp.Header.Get("Retry-After")
	if n, err := strconv.ParseInt(v, 10, 32); err == nil {
		return max(0, time.Duration(n)*time.Second)
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

func looksLikeObject(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '{'
}

// contentOf names what came instead of JSON.
func contentOf(resp *http.Response, body []byte) string {
	t, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	switch {
	case len(body) == 0:
		return "nothing"
	case strings.Contains(t, "html") || bytes.HasPrefix(bytes.ToLower(bytes.TrimSpace(body)), []byte("<!doctype html")):
		return "a web page"
	case t == "" || strings.Contains(t, "json"):
		return "something that is not a JSON object"
	}
	return t
}

func status(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}
