package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// A commit waits for the disk, which takes longer than most of what is written.
// So writers that wait for each other anyway share one transaction and one wait:
// each runs in a savepoint of its own, so that what one of them does is whole or
// not there whatever becomes of the others, and none is told that its work is
// done before all of it is durable.
//
// Nobody is made to wait for company. Whoever begins a group queues once more for
// the writer when its own work is done; by then those who came before have had
// their turn in the same group, and it commits. A single writer commits at once.

// A group is a transaction of several writers.
type group struct {
	ended chan struct{} // closed when it is durable or has failed
	err   error         // why it failed
}

// write runs f in a transaction, which is durable when write returns nil and
// has left no trace when it returns an error. Once f has run, write answers with
// what became of the transaction, even if ctx ends meanwhile.
func (s *Store) write(ctx context.Context, f func(session) error) error {
	s.expireDue(ctx)
	if err := s.enter(ctx); err != nil {
		return s.classify(ctx, err)
	}
	g, err := func() (*group, error) {
		defer s.leave()
		return s.join(ctx, f)
	}()
	if err == nil {
		err = s.await(g)
	}
	return s.classify(ctx, err)
}

// writeAlone is write for work that takes long, for which nobody in a group
// should have to wait. It stops when ctx ends.
func (s *Store) writeAlone(ctx context.Context, f func(session) error) error {
	s.expireDue(ctx)
	if err := s.enter(ctx); err != nil {
		return s.classify(ctx, err)
	}
	defer s.leave()
	return s.classify(ctx, s.transact(ctx, f))
}

// enter waits for the writer. Writers of this process queue for that, in the
// order in which they came, and those of several processes for SQLite's lock.
func (s *Store) enter(ctx context.Context) error {
	select {
	case s.writing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) leave() { <-s.writing }

// join runs f in the group that is open, or opens one. It is for callers who
// have the writer, and leave it before they await the group.
func (s *Store) join(ctx context.Context, f func(session) error) (*group, error) {
	if s.isClosed() {
		return nil, errors.New("closed")
	}
	if s.group != nil {
		return s.follow(ctx, f)
	}
	if err := s.begin(ctx, f); err != nil {
		return nil, err
	}
	s.group = &group{ended: make(chan struct{})}
	return s.group, nil
}

// follow runs f in a savepoint of the open group.
func (s *Store) follow(ctx context.Context, f func(session) error) (g *group, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g = s.group
	always := context.WithoutCancel(ctx)
	if _, err := s.conn.ExecContext(always, "SAVEPOINT member"); err != nil {
		return nil, err
	}
	kept := false
	defer func() {
		if kept {
			return
		}
		// SQLite has rolled all of it back by itself when there is nothing to
		// go back to: a full disk. Then the others have failed too.
		_, back := s.conn.ExecContext(always, "ROLLBACK TO member")
		if back == nil {
			_, back = s.conn.ExecContext(always, "RELEASE member")
		}
		if back != nil {
			_, _ = s.conn.ExecContext(always, "ROLLBACK")
			s.end(errors.Join(err, back))
		}
	}()
	// A statement that is interrupted would take the whole transaction with it.
	if err := f(steady{s.writer}); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, err := s.conn.ExecContext(always, "RELEASE member"); err != nil {
		return nil, err
	}
	kept = true
	return g, nil
}

// await waits until a group is durable, and sees to it.
func (s *Store) await(g *group) error {
	select {
	case <-g.ended:
	case s.writing <- struct{}{}:
		if s.group == g {
			s.commitGroup()
		}
		s.leave()
		<-g.ended
	}
	return g.err
}

// commitGroup ends the open group. The caller has the writer.
func (s *Store) commitGroup() {
	_, err := s.conn.ExecContext(context.Background(), "COMMIT")
	if err != nil {
		_, _ = s.conn.ExecContext(context.Background(), "ROLLBACK")
	}
	s.end(err)
}

func (s *Store) end(err error) {
	g := s.group
	s.group = nil
	if err == nil && s.expiry.setting {
		s.expiry.changes.Add(1)
	}
	g.err = err
	close(g.ended)
}

// transact runs f in a transaction of its own, for a caller who has the writer.
func (s *Store) transact(ctx context.Context, f func(session) error) error {
	if s.isClosed() {
		return errors.New("closed")
	}
	if s.group != nil {
		s.commitGroup()
	}
	if err := s.begin(ctx, f); err != nil {
		return err
	}
	s.group = &group{ended: make(chan struct{})}
	g := s.group
	s.commitGroup()
	return g.err
}

// begin begins a transaction and runs f in it. Nothing is left of either when it fails.
func (s *Store) begin(ctx context.Context, f func(session) error) error {
	// The transaction's own statements must run whatever becomes of ctx: a
	// commit that is interrupted half way could not say whether it took place.
	always := context.WithoutCancel(ctx)
	kept := false
	s.expiry.setting = false
	defer func() {
		if !kept {
			// It fails when SQLite has rolled back by itself, as it does on a
			// full disk, or when nothing had begun: but a BEGIN that a context
			// interrupts may have begun. Nothing is left in any case.
			_, _ = s.conn.ExecContext(always, "ROLLBACK")
		}
	}()
	if _, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := f(s.writer); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	kept = true
	return nil
}

// steady is a session whose statements run to their end.
type steady struct{ session session }

func (s steady) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.session.query(context.WithoutCancel(ctx), query, args...)
}

func (s steady) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.session.exec(context.WithoutCancel(ctx), query, args...)
}
