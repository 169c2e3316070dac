package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// A session runs statements: in the writer's transaction, in a reader's
// snapshot, or each on its own.
type session interface {
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	exec(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// one reads the first row of a query into dest. sql.ErrNoRows if there is none.
func one(ctx context.Context, q session, query string, args []any, dest ...any) error {
	rows, err := q.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	return rows.Close()
}

// A scanner is a row to read.
type scanner interface{ Scan(dest ...any) error }

// first reads the first row of a query. sql.ErrNoRows if there is none.
func first[T any](ctx context.Context, q session, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	var zero T
	rows, err := q.query(ctx, query, args...)
	if err != nil {
		return zero, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return zero, err
		}
		return zero, sql.ErrNoRows
	}
	v, err := scan(rows)
	if err != nil {
		return zero, err
	}
	return v, rows.Close()
}

// each calls f for every row of a query.
func each(ctx context.Context, q session, f func(scanner) error, query string, args ...any) error {
	rows, err := q.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

// all reads every row of a query.
func all[T any](ctx context.Context, q session, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	list := []T{}
	err := each(ctx, q, func(r scanner) error {
		v, err := scan(r)
		list = append(list, v)
		return err
	}, query, args...)
	return list, err
}

// maxStatements bounds the statements kept prepared on a connection. Those of
// this package are fewer; filters can make any number of others.
const maxStatements = 200

// statements keeps statements prepared by their text.
type statements struct {
	mu      sync.Mutex
	prepare func(context.Context, string) (*sql.Stmt, error)
	kept    map[string]*sql.Stmt
}

// get returns the prepared statement, or nil when there are too many already.
func (s *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.kept[query]; ok {
		return st, nil
	}
	if len(s.kept) >= maxStatements {
		return nil, nil
	}
	st, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	s.kept[query] = st
	return st, nil
}

// A pool runs each statement on any reading connection.
type pool struct {
	db    *sql.DB
	stmts *statements
}

func (p pool) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := p.stmts.get(ctx, query)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return p.db.QueryContext(ctx, query, args...)
	}
	return st.QueryContext(ctx, args...)
}

func (p pool) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.db.ExecContext(ctx, query, args...)
}

// A snapshot runs statements that must see the same state.
type snapshot struct {
	tx    *sql.Tx
	stmts *statements
}

func (s snapshot) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.tx.QueryContext(ctx, query, args...)
}

func (s snapshot) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.tx.ExecContext(ctx, query, args...)
}

// A writer is the one connection that writes.
type writer struct {
	conn  *sql.Conn
	stmts *statements
}

func (w writer) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := w.stmts.get(ctx, query)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return w.conn.QueryContext(ctx, query, args...)
	}
	return st.QueryContext(ctx, args...)
}

func (w writer) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, err := w.stmts.get(ctx, query)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return w.conn.ExecContext(ctx, query, args...)
	}
	return st.ExecContext(ctx, args...)
}

// read runs f, which asks one question.
func (s *Store) read(ctx context.Context, f func(session) error) error {
	return s.classify(ctx, f(s.readers))
}

// readTogether runs f, whose questions all see the same state.
func (s *Store) readTogether(ctx context.Context, f func(session) error) error {
	tx, err := s.readers.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s.classify(ctx, err)
	}
	defer tx.Rollback()
	return s.classify(ctx, f(snapshot{tx, s.readers.stmts}))
}

// write runs f in a transaction, which is durable when write returns nil and
// has left no trace when it returns an error. Writers queue: in this process
// at the semaphore, among processes at SQLite's lock.
func (s *Store) write(ctx context.Context, f func(session) error) (err error) {
	defer func() { err = s.classify(ctx, err) }()
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.isClosed() {
		return errors.New("closed")
	}
	// The transaction's own statements must run whatever becomes of ctx: a
	// commit that is interrupted half way could not say whether it took place.
	always := context.WithoutCancel(ctx)
	if _, err := s.writer.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			// It fails when SQLite has rolled back by itself, as it does on a
			// full disk. Nothing is left either way.
			_, _ = s.writer.conn.ExecContext(always, "ROLLBACK")
		}
	}()
	if err := f(s.writer); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := s.writer.conn.ExecContext(always, "COMMIT"); err != nil {
		return err
	}
	committed = true
	return nil
}

// changed runs a statement and reports how many rows it changed.
func changed(ctx context.Context, q session, query string, args ...any) (int64, error) {
	r, err := q.exec(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// run runs a statement.
func run(ctx context.Context, q session, query string, args ...any) error {
	_, err := q.exec(ctx, query, args...)
	return err
}
