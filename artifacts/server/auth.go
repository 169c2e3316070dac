package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net"
	"net/http"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// notLoggedIn is what W&B says to a wrong or missing key, and what clients show.
const notLoggedIn = "user is not logged in"

// authenticated finds out who sends r. When that fails it has answered.
func (s *Server) authenticated(w *response, r *http.Request) (metadata.User, bool) {
	if s.o.Auth == AuthOpen && !inProcess(r.Context()) && !(fromLoopback(r) && loopbackHost(r.Host)) {
		// The second check is for pages in a browser whose name was made to
		// mean this machine: there any key would do.
		w.refuse(http.StatusForbidden, "this registry takes any key (--auth=open) and so answers programs on its own machine only")
		return metadata.User{}, false
	}
	key := apiKey(r)
	if key == "" {
		s.unauthenticated(w)
		return metadata.User{}, false
	}
	u, err := s.o.Metadata.UserByKey(r.Context(), sha256.Sum256([]byte(key)))
	if s.o.Auth == AuthOpen && metadata.KindOf(err) == metadata.KindDenied {
		u, err = s.openUser(r.Context(), key)
	}
	switch metadata.KindOf(err) {
	case "":
		w.log.User = u.Username
		return u, true
	case metadata.KindDenied, metadata.KindNotFound:
		s.unauthenticated(w)
	default:
		s.o.Logger.ErrorContext(r.Context(), "a key could not be checked", "error", err)
		w.refuse(statusOf(err), err.Error())
	}
	return metadata.User{}, false
}

func (s *Server) unauthenticated(w *response) {
	w.Header().Set("WWW-Authenticate", `Basic realm="reliquary", charset="UTF-8"`)
	w.refuse(http.StatusUnauthorized, notLoggedIn)
}

// apiKey is the key that a request carries: the password of HTTP Basic, whose
// user is "api" by custom, or a bearer token.
func apiKey(r *http.Request) string {
	if _, key, ok := r.BasicAuth(); ok {
		return key
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return ""
}

// maxOpenName bounds the names of users in open mode.
const maxOpenName = 128

// isOpenName reports whether a user who needs no key may be called so: letters,
// digits, and _ . - behind the first. (Written out because a regular expression
// would be compiled at every start of the program.)
func isOpenName(name string) bool {
	for i, c := range []byte(name) {
		alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alphanumeric && (i == 0 || c != '_' && c != '.' && c != '-') {
			return false
		}
	}
	return name != "" && len(name) <= maxOpenName
}

// openUser is the user whose name the key is in open mode, created when first
// seen. The whole key is the name: two keys are never one user, and a client
// that wants forty characters of a key gets a user with a long name.
func (s *Server) openUser(ctx context.Context, name string) (metadata.User, error) {
	if !isOpenName(name) {
		return metadata.User{}, &metadata.Error{Kind: metadata.KindDenied, Message: "the key does not name a user"}
	}
	u, err := s.o.Metadata.UserByName(ctx, name)
	if !metadata.IsNotFound(err) {
		return u, err
	}
	// The user gets a key that nobody has: what names a user here must not be
	// good for anything when the registry asks for keys one day.
	var nobodys [32]byte
	rand.Read(nobodys[:])
	_, err = s.o.Metadata.CreateUser(ctx, metadata.NewUser{Username: name, KeySHA256: nobodys})
	// Somebody else may have been quicker; then the user is there as well.
	if err != nil && metadata.KindOf(err) != metadata.KindConflict {
		return metadata.User{}, err
	}
	return s.o.Metadata.UserByName(ctx, name)
}

// loopbackHost reports whether the Host of a request means this machine
// whatever a name server says.
func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
