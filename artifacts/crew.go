package artifacts

import (
	"context"
	"sync"
)

// A crew runs tasks on a bounded number of goroutines and stops at the first
// error. Whoever makes one calls wait.
type crew struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	seats  chan struct{}
	tasks  sync.WaitGroup
	once   sync.Once
	err    error
}

// newCrew makes a crew of n.
func newCrew(ctx context.Context, n int) *crew {
	c := &crew{seats: make(chan struct{}, n)}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	return c
}

// run starts a task when there is a seat for it. It reports false, without
// starting it, once the context has ended or a task has failed.
func (c *crew) run(task func(ctx context.Context) error) bool {
	select {
	case <-c.ctx.Done():
		return false
	default:
	}
	select {
	case c.seats <- struct{}{}:
	case <-c.ctx.Done():
		return false
	}
	c.tasks.Go(func() {
		defer func() { <-c.seats }()
		if err := task(c.ctx); err != nil {
			c.fail(err)
		}
	})
	return true
}

// fail ends the crew with an error, if it is the first.
func (c *crew) fail(err error) {
	c.once.Do(func() {
		c.err = err
		c.cancel(err)
	})
}

// wait waits for all tasks and returns the first error, or that of the
// context if it ended while tasks were left out.
func (c *crew) wait() error {
	c.tasks.Wait()
	if c.err == nil && c.ctx.Err() != nil {
		c.err = canceled(c.ctx)
	}
	c.cancel(nil)
	return c.err
}
