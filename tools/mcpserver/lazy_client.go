package mcpserver

import (
	"context"

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
