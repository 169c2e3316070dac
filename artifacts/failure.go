package artifacts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	graphql "github.com/hasura/go-graphql-client"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// fail turns what an operation failed with into the *Error that callers get:
// the one that the exchange reported, or what the server said in GraphQL.
func (c *Client) fail(ctx context.Context, op, path string, err error) error {
	if reported, ok := errors.AsType[*Error](err); ok {
		return located(op, path, reported)
	}
	if ctx.Err() != nil {
		return located(op, path, canceled(ctx))
	}
	return located(op, path, c.graphQLFailure(err))
}

// located says in an *Error what was asked of what, where it does not say so
// yet. Other errors are returned as they are.
func located(op, path string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	// Copied: an error can be shared by callers that asked different things.
	out := *e
	if out.Op == "" {
		out.Op = op
	}
	if out.Path == "" {
		out.Path = path
	}
	return &out
}

// graphQLFailure reads an error that came with status 200, or an answer that
// cannot be read.
func (c *Client) graphQLFailure(err error) *Error {
	if bad, ok := errors.AsType[*wire.DecodeError](err); ok {
		err = bad // without the library's words around it
	}
	list, ok := errors.AsType[graphql.Errors](err)
	if !ok || len(list) == 0 {
		return &Error{
			Kind:    KindCorrupt,
			Message: c.endpointForPeople() + " did not answer as W&B does: " + c.redact(err.Error()),
			Next:    "check that the base URL is that of a W&B server",
			Err:     err,
		}
	}
	first := list[0]
	code, _ := first.Extensions["code"].(string)
	messages := make([]string, 0, len(list))
	for _, e := range list {
		messages = append(messages, e.Message)
	}
	text := c.redact(strings.Join(messages, "; "))
	if text == "" {
		text = "the server reported an error without saying which"
	}
	e := &Error{Kind: kindOfCode(code), Message: text}
	if e.Kind == "" {
		e.Kind = kindOfMessage(first.Message)
	}
	if next, ok := first.Extensions["next"].(string); ok {
		e.Next = c.redact(next)
	}
	if e.Next == "" {
		e.Next = usualNext(e.Kind)
	}
	return e
}

// kindOfCode reads the code that a server puts beside a GraphQL error: one of
// our kinds, or one of those that Apollo's servers made common. "" if neither.
func kindOfCode(code string) Kind {
	switch k := Kind(strings.ToUpper(code)); k {
	case KindNotFound, KindUnauthenticated, KindDenied, KindConflict, KindInvalid,
		KindUnavailable, KindCorrupt, KindCanceled, KindUnsupported:
		return k
	case "FORBIDDEN":
		return KindDenied
	case "BAD_USER_INPUT":
		return KindInvalid
	case "GRAPHQL_VALIDATION_FAILED":
		return KindUnsupported
	case "INTERNAL_SERVER_ERROR":
		return KindUnavailable
	}
	return ""
}

// kindOfMessage reads the text of a GraphQL error: W&B's servers send no codes.
// What matches nothing is KindInvalid, which nobody retries.
func kindOfMessage(message string) Kind {
	m := strings.ToLower(message)
	for _, c := range []struct {
		kind  Kind
		words []string
	}{
		{KindUnsupported, []string{"cannot query field", "unknown argument", "unknown type", "unknown fragment", "is not defined by type", "unknown operation"}},
		{KindUnauthenticated, []string{"not logged in", "unauthenticated", "must be authenticated"}},
		{KindDenied, []string{"permission denied", "permission", "not authorized", "unauthorized", "forbidden", "access denied"}},
		{KindNotFound, []string{"not found", "does not exist", "could not find", "no such"}},
		{KindConflict, []string{"already exists", "already in use", "already taken", "conflict", "has aliases"}},
		{KindUnavailable, []string{"rate limit", "timed out", "timeout", "internal server error", "internal system error", "service unavailable", "try again"}},
	} {
		for _, w := range c.words {
			if strings.Contains(m, w) {
				return c.kind
			}
		}
	}
	return KindInvalid
}

// usualNext is what to do about a kind where the server did not say.
func usualNext(k Kind) string {
	switch k {
	case KindNotFound:
		return "check the spelling, and that this API key may see it"
	case KindUnauthenticated:
		return "get a key from the server and configure it, for example with WANDB_API_KEY"
	case KindDenied:
		return "ask the owner of the entity for access, or use a key that has it"
	case KindUnsupported:
		return "this server is too old for that, or of another make; update it"
	case KindUnavailable:
		return "try again later"
	}
	return ""
}

// missing says which part of a path the server does not know.
func missing(op string, m wire.Missing, in wire.In, typeName, collection, version string) *Error {
	project := in.Entity + "/" + in.Project
	e := &Error{Kind: KindNotFound, Op: op, Path: project}
	switch m {
	case wire.MissingProject:
		e.Message = fmt.Sprintf("there is no project %q in entity %q", in.Project, in.Entity)
		e.Next = "check both names, and that this API key may see the project"
	case wire.MissingType:
		e.Message = fmt.Sprintf("project %q has no artifact type %q", project, typeName)
		e.Next = "list the project's artifact types"
	case wire.MissingCollection:
		e.Path = project + "/" + collection
		e.Message = fmt.Sprintf("project %q has no collection %q", project, collection)
		if typeName != "" {
			e.Message = fmt.Sprintf("type %q in project %q has no collection %q", typeName, project, collection)
		}
		e.Next = "list the project's collections"
	case wire.MissingVersion:
		e.Path = project + "/" + collection + ":" + version
		e.Message = fmt.Sprintf("there is no version %q in collection %q", version, project+"/"+collection)
		e.Next = "list the collection's versions and aliases"
	case wire.MissingRun:
		e.Path = project + "/" + version
		e.Message = fmt.Sprintf("project %q has no run %q", project, version)
		e.Next = "use the run's id, the last part of its URL, not its display name"
	default:
		e.Kind = KindCorrupt
		e.Message = "the server left the list out of its answer"
		e.Next = "try again; if it stays so, the server has a fault"
	}
	return e
}

// Signed URLs carry what makes them work in their query.
var queryOfURL = regexp.MustCompile(`(\w+://[^\s"'<>?]*)\?[^\s"'<>]*`)

// redact takes the API key and the queries of URLs out of a text.
func (c *Client) redact(s string) string {
	if len(c.key) >= 8 { // a shorter one would take words out of sentences
		s = strings.ReplaceAll(s, c.key, "[API key]")
	}
	return queryOfURL.ReplaceAllString(s, "$1?[redacted]")
}

// bare strips the URL that net/http puts around transport errors.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// notSent reports whether the server cannot have seen the request: no
// connection to it came about.
func notSent(err error) bool {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
