package mcpserver

import (
	"context"
	"sync"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// A lazyClient opens a client when it is first needed, once. Opening that
// failed is tried again at the next need: what was missing may be there by then.
type lazyClient struct {
	open   func(context.Context) (*artifacts.Client, error)
	turn   chan struct{}
	client *artifacts.Client // guarded by turn
}

func newLazyClient(open func(context.Context) (*artifacts.Client, error)) *lazyClient {
	return &lazyClient{open: open, turn: make(chan struct{}, 1)}
}

// get returns the client. It waits no longer than ctx lasts for others who are
// opening it.
func (l *lazyClient) get(ctx context.Context) (*artifacts.Client, error) {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-l.turn }()
	if l.client != nil {
		return l.client, nil
	}
	c, err := l.open(ctx)
	if err == nil {
		l.client = c
	}
	return c, err
}

// mostCallers is how many clients of callers with keys of their own are kept
// beyond those in use.
const mostCallers = 64

// callerClients are the clients of callers over HTTP, by their key.
type callerClients struct {
	open    func(ctx context.Context, key string) (*artifacts.Client, error)
	mu      sync.Mutex
	clients map[string]*callerClient // guarded by mu
}

type callerClient struct {
	*lazyClient
	calls int // under way
	last  time.Time
}

// get returns the client of the caller with a key, and what is to be called
// when it is no longer used.
func (c *callerClients) get(ctx context.Context, key string) (_ *artifacts.Client, done func(), err error) {
	switch {
	case key == "":
		return nil, nil, &artifacts.Error{
			Kind: artifacts.KindUnauthenticated, Message: "the request bears no API key",
			Next: "the user has to configure the MCP client to send the header Authorization: Bearer KEY, with their W&B or registry API key",
		}
	case c.open == nil:
		return nil, nil, &artifacts.Error{Kind: artifacts.KindUnsupported, Message: "this server does not work with keys of callers"}
	}
	c.mu.Lock()
	one := c.clients[key]
	if one == nil {
		c.makeRoom()
		one = &callerClient{lazyClient: newLazyClient(func(ctx context.Context) (*artifacts.Client, error) { return c.open(ctx, key) })}
		c.clients[key] = one
	}
	one.calls++
	c.mu.Unlock()
	done = func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		one.calls--
		one.last = time.Now()
	}
	client, err := one.lazyClient.get(ctx)
	if err != nil {
		done()
		return nil, nil, err
	}
	return client, done, nil
}

// makeRoom forgets the client that has not been used for longest. The lock is held.
func (c *callerClients) makeRoom() {
	if c.clients == nil {
		c.clients = map[string]*callerClient{}
	}
	if len(c.clients) < mostCallers {
		return
	}
	oldest := ""
	for key, one := range c.clients {
		if one.calls == 0 && (oldest == "" || one.last.Before(c.clients[oldest].last)) {
			oldest = key
		}
	}
	if one := c.clients[oldest]; one != nil {
		delete(c.clients, oldest)
		if one.client != nil { // nobody is opening it: it has no calls
			_ = one.client.Close() // idle connections only
		}
	}
}
