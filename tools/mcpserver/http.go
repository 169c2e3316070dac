package mcpserver

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// HTTPOptions say who may use a server over HTTP, and as whom.
type HTTPOptions struct {
	// Key is what every request has to bear (Authorization: Bearer KEY); tools
	// then work with the key that the server was configured with. With "" the key
	// that a request bears is the caller's own on the W&B server or registry, and
	// its tools work with that: Options.OpenAs opens clients for it. A request
	// that bears none can list what there is, and no more.
	Key string
	// Hosts are the names that the server goes by, as in the Host header, beside
	// localhost and loopback addresses: "mcp.example.com".
	Hosts []string
	// Origins are those of web pages that may use the server, beside pages of
	// this computer: "https://agents.example.com". A request from a page of any
	// other origin is refused, so that no web site can use the key or the place
	// of who visits it.
	Origins []string
	// StallTime is how long a client may be silent in the middle of a request
	// before its connection is closed. 0 means 30 seconds.
	StallTime time.Duration
}

// ShortestKey is how many characters a HTTPOptions.Key has at least.
const ShortestKey = 20

const (
	// maxMessageBytes bounds a request. Arguments have bounds of their own.
	maxMessageBytes = 4 << 20
	// sessionIdle is how long the library remembers what a client of an older
	// protocol said in its handshake, unless there are too many (see sessions).
	// Afterwards its session works on, and the server no longer knows whether it
	// can ask the person something, nor what the client wants to have logged.
	sessionIdle = time.Hour
	// stallTime is the default of HTTPOptions.StallTime.
	stallTime = 30 * time.Second
)

// HTTPHandler serves streamable HTTP at every path that it is mounted on: both
// eras of the protocol, each request by itself. Any process may serve any
// request, of any session, save for what this one keeps in memory, and forgets
// when it ends:
//
//   - What a person has been asked. A one-time code, and the question that a
//     client was answered with, are good in the process that asked, for a quarter
//     of an hour. Elsewhere the call is refused, nothing is destroyed, and the
//     person is asked anew. So where several processes serve the same clients
//     something has to send a client to the same one each time, or Options.Confirm
//     is not ConfirmPerson.
//   - What a client of a protocol before 2026-07-28 said in its handshake: whether
//     it can ask the person, and what it wants to have logged. In another process,
//     and after an hour without a request, it counts as one that can not.
//
// What belongs to a request is sent on that request's response, never on the
// stream beside (GET): there it would come late or not at all.
func (s *Server) HTTPHandler(o HTTPOptions) (http.Handler, error) {
	if o.Key != "" && len(o.Key) < ShortestKey {
		return nil, fmt.Errorf("the key that callers have to bear has %d characters and must have at least %d", len(o.Key), ShortestKey)
	}
	o.StallTime = cmp.Or(o.StallTime, stallTime)
	options := []server.StreamableHTTPOption{
		server.WithSessionIdManagerResolver(sessionIDs{}),
		server.WithSessionIdleTTL(sessionIdle),
		server.WithDisableLocalhostProtection(true), // checked here, for all addresses
		server.WithStreamableHTTPLogger(s.log),
	}
	if len(o.Origins) > 0 {
		options = append(options, server.WithStreamableHTTPCORS(server.WithCORSAllowedOrigins(o.Origins...)))
	}
	g := &httpGate{HTTPOptions: o, server: s, protocol: server.NewStreamableHTTPServer(s.mcp, options...)}
	g.sessions = newSessions(g.forgetSession)
	return g, nil
}

// A httpGate lets requests through to the protocol.
type httpGate struct {
	HTTPOptions
	server   *Server
	protocol http.Handler
	sessions *sessions
}

type callerKey struct{}

// callerOf is the key of whoever calls over HTTP with a key of their own. ok
// says that calls come with keys of their own here.
func callerOf(ctx context.Context) (key string, ok bool) {
	key, ok = ctx.Value(callerKey{}).(string)
	return key, ok
}

func (g *httpGate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	connection := http.NewResponseController(w)
	// For net/http, which reads what has been left of the request.
	defer func() { _ = connection.SetReadDeadline(time.Now().Add(g.StallTime)) }()
	if err := g.checkHost(r.Host); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	if err := g.checkOrigin(r.Header.Values("Origin")); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	ctx := r.Context()
	if r.Method != http.MethodOptions { // which browsers send without a key
		key, err := bearer(r.Header)
		if err == nil && g.Key != "" && !sameKey(key, g.Key) {
			err = errors.New("the request bears no key, or not the one that this server wants; send it as Authorization: Bearer KEY")
		}
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="reliquary"`)
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		if g.Key == "" {
			ctx = context.WithValue(ctx, callerKey{}, key)
		}
	}
	r.Body = &message{http.MaxBytesReader(w, r.Body, maxMessageBytes), connection, g.StallTime}
	flusher, _ := w.(http.Flusher)
	response := &eventStream{ResponseWriter: w, flusher: flusher}
	defer response.end()
	ctx = withStream(ctx, response)
	if mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)) { // which has no sessions
		g.protocol.ServeHTTP(response, r.WithContext(ctx))
		return
	}
	g.serveSession(response, r.WithContext(ctx))
}

// A message is the body of a request. It ends with an error when its client
// goes silent.
type message struct {
	io.ReadCloser
	connection *http.ResponseController
	stall      time.Duration
}

func (m *message) Read(p []byte) (int, error) {
	_ = m.connection.SetReadDeadline(time.Now().Add(m.stall))
	n, err := m.ReadCloser.Read(p)
	// A deadline that is left would end a call that takes longer.
	_ = m.connection.SetReadDeadline(time.Time{})
	return n, err
}

// serveSession serves a request of a protocol that has sessions.
func (g *httpGate) serveSession(w http.ResponseWriter, r *http.Request) {
	ids := sessionIDs{}.ResolveSessionIdManager(r)
	id := r.Header.Get(server.HeaderKeySessionID)
	begins := id == ""
	if begins {
		// What the library keeps by session must not be shared by all that have none.
		id = ids.Generate()
		r.Header.Set(server.HeaderKeySessionID, id)
		r = r.WithContext(context.WithValue(r.Context(), newSessionKey{}, id))
	} else if _, err := ids.Validate(id); err != nil { // which the library does not always ask
		http.Error(w, "there is no such session, or it is somebody else's; begin a new one", http.StatusNotFound)
		return
	}
	end, err := g.sessions.begin(id, r.RemoteAddr)
	if err != nil {
		refuseSession(w, err)
		return
	}
	defer func() {
		begun := w.Header().Get(server.HeaderKeySessionID) // by a handshake
		// A session that began without one ends with its request.
		end(r.Method != http.MethodDelete && (!begins || begun == id))
		if begun != "" && begun != id { // within another session
			if end, err := g.sessions.begin(begun, r.RemoteAddr); err != nil {
				g.forgetSession(begun)
			} else {
				end(true)
			}
		}
	}()
	g.protocol.ServeHTTP(w, r)
}

// checkHost refuses names that are not the server's: a web site can give its own
// name the address of this computer.
func (g *httpGate) checkHost(host string) error {
	name := hostName(host)
	if isLocal(name) || slices.ContainsFunc(g.Hosts, func(h string) bool { return strings.EqualFold(hostName(h), name) }) {
		return nil
	}
	return fmt.Errorf("this server does not go by the name %q; whoever runs it can add it with --http-host", name)
}

// checkOrigin refuses web pages of elsewhere. Programs send no Origin.
func (g *httpGate) checkOrigin(origins []string) error {
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err == nil && u.Host != "" && isLocal(hostName(u.Host)) {
			continue
		}
		if !slices.ContainsFunc(g.Origins, func(o string) bool { return strings.EqualFold(o, origin) }) {
			return fmt.Errorf("pages of %q may not use this server; whoever runs it can allow them with --http-origin", origin)
		}
	}
	return nil
}

// hostName is a host without its port.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func isLocal(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

// bearer is the key that a request bears, "" for none.
func bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) == 0 {
		return "", nil
	}
	scheme, key, _ := strings.Cut(values[0], " ")
	key = strings.TrimSpace(key)
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", errors.New("the Authorization header cannot be read; send it once, as Authorization: Bearer KEY")
	}
	return key, nil
}

// sameKey compares in a time that tells nothing.
func sameKey(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
