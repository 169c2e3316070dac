package artifacts

import (
	"context"
	"sync"
)

// A lazy value is loaded when it is first asked for, by one caller at a time.
// A failed load is forgotten, so that the next caller tries again.
type lazy[T any] struct {
	turn gate
	mu   sync.Mutex
	v    *T
}

func newLazy[T any]() lazy[T] { return lazy[T]{turn: newGate()} }

// peek returns the value if it is there.
func (l *lazy[T]) peek() (T, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.v == nil {
		var zero T
		return zero, false
	}
	return *l.v, true
}

// put sets the value.
func (l *lazy[T]) put(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.v = &v
}

// get returns the value, loading it first if need be.
func (l *lazy[T]) get(ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	if v, ok := l.peek(); ok {
		return v, nil
	}
	if err := l.turn.enter(ctx); err != nil {
		var zero T
		return zero, err
	}
	defer l.turn.leave()
	if v, ok := l.peek(); ok {
		return v, nil
	}
	v, err := load(ctx)
	if err != nil {
		return v, err
	}
	l.put(v)
	return v, nil
}

// A gate lets one caller through at a time. Unlike a mutex, waiting at it ends
// with the context.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	default:
	}
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return canceled(ctx)
	}
}

func (g gate) leave() { <-g }
