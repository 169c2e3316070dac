package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Notifications of a call (how far it is, what it logs) must reach the client,
// and before the call's result: clients drop those that come later. The library
// hands them to a channel that another goroutine empties, which loses some over
// HTTP and is late with most over stdio. So we write them ourselves, to the very
// stream that the result will be written to.

// A stream takes messages for the client that a request came from.
type stream interface {
	// send returns when the message is written. It may be used at any time, by
	// several at once; what comes after the request's answer goes nowhere.
	send(message []byte) error
	// acknowledgements are those that the library writes to the stream.
	acknowledgements() *acknowledgements
}

type streamKey struct{}

func withStream(ctx context.Context, s stream) context.Context {
	return context.WithValue(ctx, streamKey{}, s)
}

// notify sends a notification that belongs to the request of ctx. Clients in
// the same process have no stream, and get it the library's way.
func (s *Server) notify(ctx context.Context, method mcp.MCPMethod, params map[string]any) error {
	to, ok := ctx.Value(streamKey{}).(stream)
	if !ok {
		return s.mcp.SendNotificationToClient(ctx, string(method), params)
	}
	message, err := compact(struct {
		JSONRPC string         `json:"jsonrpc"`
		Method  mcp.MCPMethod  `json:"method"`
		Params  map[string]any `json:"params"`
	}{mcp.JSONRPC_VERSION, method, params})
	if err != nil {
		return err
	}
	return to.send(message)
}

// logToClient tells the client of the request something about it, if the client
// wants to know of things of this level.
func (s *Server) logToClient(ctx context.Context, level mcp.LoggingLevel, data any) {
	wanted := mcp.LoggingLevel("")
	if server.IsModernRequest(ctx) {
		wanted = server.RequestProtocolInfoFromContext(ctx).LogLevel // "" wants nothing
	} else if session, ok := server.ClientSessionFromContext(ctx).(server.SessionWithLogging); ok {
		wanted = session.GetLogLevel()
	}
	if wanted == "" || !level.ShouldSendTo(wanted) {
		return
	}
	if err := s.notify(ctx, mcp.MethodNotificationMessage, map[string]any{"level": level, "logger": "reliquary", "data": data}); err != nil {
		s.log.Debug("a client was not told", "error", err)
	}
}

// acknowledgements of subscriptions are sent by the library itself, its way, so
// that the end of a subscription to nothing may come before, or instead. Its
// calls therefore wait for them to be written.
type acknowledgements struct {
	mu      sync.Mutex
	awaited map[string]chan struct{} // by the subscription's id; guarded by mu
}

// expect notes that an acknowledgement will come.
func (a *acknowledgements) expect(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.awaited == nil {
		a.awaited = map[string]chan struct{}{}
	}
	a.awaited[id] = make(chan struct{})
}

// wrote notes what the library has written, by itself or as an event.
func (a *acknowledgements) wrote(message []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.awaited) == 0 || !bytes.Contains(message, []byte(mcp.MethodNotificationSubscriptionsAcknowledged)) {
		return
	}
	var m struct {
		Method string
		Params struct {
			Meta map[string]json.RawMessage `json:"_meta"`
		}
	}
	_, message, _ = bytes.Cut(message, []byte("{"))
	if json.Unmarshal(append([]byte("{"), message...), &m) != nil || m.Method != mcp.MethodNotificationSubscriptionsAcknowledged {
		return
	}
	id := string(m.Params.Meta[mcp.MetaKeySubscriptionID])
	if written := a.awaited[id]; written != nil {
		close(written)
		delete(a.awaited, id)
	}
}

// await returns when what is expected is written, or ctx ends.
func (a *acknowledgements) await(ctx context.Context, id string) {
	a.mu.Lock()
	written := a.awaited[id]
	a.mu.Unlock()
	if written == nil {
		return
	}
	select {
	case <-written:
	case <-ctx.Done():
		a.giveUp(id)
	}
}

func (a *acknowledgements) giveUp(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.awaited, id)
}

// acknowledgeFirst has subscriptions end after their acknowledgement only.
func acknowledgeFirst(hooks *server.Hooks) {
	of := func(ctx context.Context, id any) (*acknowledgements, string) {
		to, ok := ctx.Value(streamKey{}).(stream)
		text, err := compact(id)
		if !ok || err != nil {
			return new(acknowledgements), "" // which expects nothing
		}
		return to.acknowledgements(), string(text)
	}
	hooks.AddBeforeSubscriptionsListen(func(ctx context.Context, id any, _ *mcp.SubscriptionsListenRequest) {
		a, subscription := of(ctx, id)
		a.expect(subscription)
	})
	hooks.AddAfterSubscriptionsListen(func(ctx context.Context, id any, _ *mcp.SubscriptionsListenRequest, _ *mcp.SubscriptionsListenResult) {
		a, subscription := of(ctx, id)
		a.await(ctx, subscription)
	})
	hooks.AddOnError(func(ctx context.Context, id any, method mcp.MCPMethod, _ any, _ error) {
		if method == mcp.MethodSubscriptionsListen {
			a, subscription := of(ctx, id)
			a.giveUp(subscription)
		}
	})
}

// A lineWriter writes messages, one a line, for several at once. It is the
// stream of a client on stdio. The library writes a line with one Write.
type lineWriter struct {
	mu    sync.Mutex
	out   io.Writer
	acked acknowledgements
}

func (l *lineWriter) acknowledgements() *acknowledgements { return &l.acked }

func (l *lineWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.out.Write(line)
	l.acked.wrote(line)
	return n, err
}

func (l *lineWriter) send(message []byte) error {
	_, err := l.Write(append(message, '\n'))
	return err
}
