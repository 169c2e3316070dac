package mcpserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/server"
)

// sessionIDs makes and knows session ids without keeping any: an id is good for
// the key that it was given to. So any process knows any session's id, and none
// can be used by somebody else who has seen it. Protocol 2026-07-28 has no
// sessions.
type sessionIDs struct{}

// tidyingKey is of requests that are ours, to end a session.
type tidyingKey struct{}

// ResolveSessionIdManager implements server.SessionIdManagerResolver. r is nil
// when the library tidies up.
func (sessionIDs) ResolveSessionIdManager(r *http.Request) server.SessionIdManager {
	if r == nil || r.Context().Value(tidyingKey{}) != nil {
		return callerSessions{tidying: true}
	}
	key, _ := bearer(r.Header)
	given, _ := r.Context().Value(newSessionKey{}).(string)
	return callerSessions{key: key, given: given}
}

// newSessionKey is of requests that come without a session: the id of the one
// that such a request begins, if it is one to begin a session.
type newSessionKey struct{}

// callerSessions are the session ids of whoever has a key.
type callerSessions struct {
	key     string
	given   string // the id of a new session; "" makes one
	tidying bool   // any session may be ended
}

const sessionPrefix = "mcp-session-"

func (c callerSessions) Generate() string {
	if c.given != "" {
		return c.given
	}
	var name [16]byte
	_, _ = rand.Read(name[:]) // never fails
	text := base64.RawURLEncoding.EncodeToString(name[:])
	return sessionPrefix + text + "." + c.seal(text)
}

// Validate refuses ids that were given to nobody, or to somebody else.
func (c callerSessions) Validate(id string) (isTerminated bool, err error) {
	name, seal, _ := strings.Cut(strings.TrimPrefix(id, sessionPrefix), ".")
	if !hmac.Equal([]byte(seal), []byte(c.seal(name))) {
		return false, errors.New("no session of yours")
	}
	return false, nil
}

// Terminate leaves nothing to be done: there is nothing kept under the id but
// what the library tidies up by itself.
func (c callerSessions) Terminate(id string) (isNotAllowed bool, err error) {
	if c.tidying {
		return false, nil
	}
	_, err = c.Validate(id)
	return err != nil, nil
}

func (c callerSessions) seal(name string) string {
	mac := hmac.New(sha256.New, []byte("reliquary mcp session\x00"+c.key))
	mac.Write([]byte(name))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}
