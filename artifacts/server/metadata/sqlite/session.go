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

// first reads the first row of a query that finds it by an index. sql.ErrNoRows
// if there is none. Such a query runs to its end: to watch a context takes
// database/sql and the driver a goroutine each, and longer than to find a row.
func first[T any](ctx context.Context, q session, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	var zero T
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	rows, err := q.query(context.WithoutCancel(ctx), query, args...)
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

// scanBool reads a row of one truth.
func scanBool(r scanner) (bool, error) {
	var b bool
	err := r.Scan(&b)
	return b, err
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
	st, ok := s.kept[query]
	full := len(s.kept) >= maxStatements
	s.mu.Unlock()
	if ok || full {
		return st, nil
	}
	// Preparing may wait for a connection, so it does not hold the lock.
	st, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, ok := s.kept[query]; ok {
		return other, st.Close()
	}
	s.kept[query] = st
	return st, nil
}

// close closes what is kept. database/sql leaves statements of one connection
// open when the connection is closed, and SQLite such a connection half open.
func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, st := range s.kept {
		errs = append(errs, st.Close())
	}
	clear(s.kept)
	return errors.Join(errs...)
}

// An execer is a pool, a connection or a transaction of database/sql.
type execer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// A preparer can keep statements prepared too.
type preparer interface {
	execer
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// prepared is a session that keeps its statements prepared: preparing one
// takes longer than running most.
type prepared struct {
	on    execer
	stmts *statements
}

func (p prepared) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := p.stmts.get(ctx, query)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return p.on.QueryContext(ctx, query, args...)
	}
	return st.QueryContext(ctx, args...)
}

func (p prepared) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, err := p.stmts.get(ctx, query)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return p.on.ExecContext(ctx, query, args...)
	}
	return st.ExecContext(ctx, args...)
}

// unprepared is a session for statements that are run once.
type unprepared struct{ on execer }

func (u unprepared) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return u.on.QueryContext(ctx, query, args...)
}

func (u unprepared) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return u.on.ExecContext(ctx, query, args...)
}

// read runs f, which asks one question.
func (s *Store) read(ctx context.Context, f func(session) error) error {
	s.expireDue(ctx)
	return s.classify(ctx, f(s.reader))
}

// readTogether runs f, whose questions all see the same state.
func (s *Store) readTogether(ctx context.Context, f func(session) error) error {
	s.expireDue(ctx)
	return s.snapshot(ctx, f)
}

// snapshot is readTogether that leaves everything as it is.
func (s *Store) snapshot(ctx context.Context, f func(session) error) error {
	tx, err := s.readDB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s.classify(ctx, err)
	}
	defer tx.Rollback()
	return s.classify(ctx, f(unprepared{tx}))
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
