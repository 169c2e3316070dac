package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Options are what Open may be told. The zero value is good.
type Options struct {
	Clock  metadata.Clock // nil: time.Now
	Logger *slog.Logger   // nil: discarded
	// Passive leaves versions whose time to live has ended as they are, for
	// those who only look.
	Passive bool
}

// A Store is a metadata.Store in a SQLite file. It is safe for concurrent use.
type Store struct {
	path    string
	clock   metadata.Clock
	log     *slog.Logger
	readDB  *sql.DB
	reader  session // each question on a connection of readDB
	writeDB *sql.DB
	conn    *sql.Conn     // the one connection of writeDB
	writer  session       // in the transaction of conn
	kept    []*statements // of reader and writer
	writing chan struct{} // holds a token while conn is in use
	group   *group        // the open transaction of conn, if it is shared; for who holds the token
	uploads uploads
	expiry  expiry
	passive bool
	closing sync.Once
	closed  chan struct{}
}

var _ metadata.Store = (*Store)(nil)

// Pragmas of every connection. A commit must survive a power failure once it
// is acknowledged, so each one waits for the disk (synchronous=FULL; NORMAL
// would do so at checkpoints only, and fullfsync is what that takes on macOS).
const (
	commonPragmas = "_pragma=busy_timeout(30000)&_pragma=foreign_keys(1)&_pragma=synchronous(full)" +
		"&_pragma=fullfsync(1)&_pragma=checkpoint_fullfsync(1)&_pragma=trusted_schema(0)&_pragma=cell_size_check(1)&_dqs=0"
	writerParams = commonPragmas + "&_txlock=immediate&_pragma=journal_size_limit(67108864)&_pragma=cache_size(-8192)"
	readerParams = commonPragmas + "&_pragma=query_only(1)&_pragma=cache_size(-4096)"
)

// maxReaders is how many questions are answered at the same time; more of them
// wait. Idle connections are closed after a while, as each holds a page cache.
const maxReaders = 8

// Open opens the database at path, and creates it when there is none; its
// folder must be there. Several processes may open one database, also at the
// same time for the first time.
//
// The error is of KindCorrupt when the file is damaged, is not a registry's
// database, or was written by a newer version of this program; the file is left
// as it is then. It is of KindUnavailable when the file cannot be read or
// written.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s := &Store{path: path, clock: o.Clock, log: o.Logger, passive: o.Passive, writing: make(chan struct{}, 1), closed: make(chan struct{})}
	s.expiry.turn = make(chan struct{}, 1)
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(ctx); err != nil {
		err = s.classify(ctx, err)
		s.release()
		return nil, err
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	isNew, err := checkFile(ctx, s.path)
	if err != nil {
		return err
	}
	if s.writeDB, err = openDB(s.path, writerParams); err != nil {
		return err
	}
	s.writeDB.SetMaxOpenConns(1)
	if err := prepareFile(ctx, s.writeDB, s.path, isNew, s.log); err != nil {
		return err
	}
	if s.conn, err = s.writeDB.Conn(ctx); err != nil {
		return err
	}
	s.writer = s.prepared(s.conn)
	if s.readDB, err = openDB(s.path, readerParams); err != nil {
		return err
	}
	s.readDB.SetMaxOpenConns(maxReaders)
	s.readDB.SetMaxIdleConns(maxReaders)
	s.readDB.SetConnMaxIdleTime(time.Minute)
	s.reader = s.prepared(s.readDB)
	return nil
}

// prepared makes a session that keeps statements until the store is closed.
func (s *Store) prepared(on preparer) session {
	st := &statements{prepare: on.PrepareContext, kept: map[string]*sql.Stmt{}}
	s.kept = append(s.kept, st)
	return prepared{on, st}
}

func (s *Store) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// Close waits for the requests that are under way and releases the file.
// Closing again does nothing.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.closed)
		s.writing <- struct{}{}
		defer s.leave()
		if s.group != nil {
			s.commitGroup() // of those who have done their work
		}
		err = s.release()
	})
	if err != nil {
		return classify(context.Background(), s.path, false, err)
	}
	return nil
}

func (s *Store) release() error {
	var errs []error
	for _, st := range s.kept {
		errs = append(errs, st.close())
	}
	if s.readDB != nil {
		errs = append(errs, s.readDB.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.writeDB != nil {
		errs = append(errs, s.writeDB.Close())
	}
	return errors.Join(errs...)
}

// now is the time to store: whole microseconds.
func (s *Store) now() int64 { return s.clock().UnixMicro() }

func fromMicro(t int64) time.Time { return time.UnixMicro(t).UTC() }
