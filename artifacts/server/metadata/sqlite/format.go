package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// applicationID stands in the file's header: "RLQY".
	applicationID = 0x524c5159
	// schemaVersion is the number of the newest migration. Each migration sets
	// user_version, which also stands in the header, to its own number.
	schemaVersion = 4
	// headerSize is the part of a SQLite file that says what it is.
	headerSize = 100
	versions   = "goose_db_version"
)

var magic = []byte("SQLite format 3\x00")

// A header is what a database says of itself.
type header struct {
	applicationID, userVersion uint32
}

// checkFile refuses what is not ours or newer than us before anything touches
// it. An absent or empty file is new: it is to be made into a database.
func checkFile(ctx context.Context, path string) (isNew bool, err error) {
	if _, err := dialer(); err != nil { // settles how files are locked
		return false, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, corrupt(nil, "%s is not a file, so it is not a registry's database; name another place", path)
	case info.Size() == 0:
		return true, nil
	}
	var h header
	if foreignClosesAreSafe() {
		h, err = readHeader(path)
	} else {
		h, err = askHeader(ctx, path)
	}
	if err != nil {
		return false, err
	}
	return false, h.check(path)
}

func (h header) check(path string) error {
	if h.applicationID != applicationID {
		return corrupt(nil, "%s is a SQLite database, but not a registry's; it was left as it is. Name another place", path)
	}
	if h.userVersion > schemaVersion {
		return newer(path, int64(h.userVersion))
	}
	return nil
}

func newer(path string, version int64) error {
	return corrupt(nil, "the registry's database %s has format %d, and this program knows formats up to %d; it was left as it is. Use a newer version of reliquary", path, version, schemaVersion)
}

func notADatabase(path string) error {
	return corrupt(nil, "%s is not a registry's database (it does not begin as one); it was left as it is. Name another place, or restore the file from a backup", path)
}

// readHeader reads the header without SQLite, which would create files beside
// the database.
func readHeader(path string) (header, error) {
	f, err := os.Open(path)
	if err != nil {
		return header{}, err
	}
	defer f.Close()
	b := make([]byte, headerSize)
	if _, err := io.ReadFull(f, b); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return header{}, notADatabase(path)
		}
		return header{}, err
	}
	if !bytes.HasPrefix(b, magic) {
		return header{}, notADatabase(path)
	}
	return header{applicationID: binary.BigEndian.Uint32(b[68:]), userVersion: binary.BigEndian.Uint32(b[60:])}, nil
}

// askHeader asks SQLite, where opening the file ourselves would drop the locks
// that another Store of this process holds.
func askHeader(ctx context.Context, path string) (header, error) {
	db, err := openDB(path, "mode=ro&_pragma=busy_timeout(30000)")
	if err != nil {
		return header{}, err
	}
	defer db.Close()
	var h header
	if err := db.QueryRowContext(ctx, "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version").Scan(&h.applicationID, &h.userVersion); err != nil {
		if code, _, ok := resultCode(err); ok && code == codeNotADB {
			return header{}, notADatabase(path)
		}
		return header{}, err
	}
	return h, nil
}

// prepareFile makes a new file a registry's database and brings an old one up
// to date. Several processes may do so at once: each step is one transaction
// that finds out first whether it is still to be done.
func prepareFile(ctx context.Context, db *sql.DB, path string, isNew bool, log *slog.Logger) error {
	if isNew { // otherwise opening need not wait for whoever writes just now
		if err := claim(ctx, db, path); err != nil {
			return err
		}
	}
	if err := enterWAL(ctx, db); err != nil {
		return err
	}
	// The header may have been read while a newer one stood in the WAL.
	current, err := currentVersion(ctx, db, path)
	if err != nil || current == schemaVersion {
		return err
	}
	return migrate(ctx, db, path, log)
}

// claim writes our application id into an empty database. It happens before the
// database enters WAL mode, so that the id is in the file itself from the first
// moment on, where checkFile looks.
func claim(ctx context.Context, db *sql.DB, path string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var id uint32
	var objects int
	if err := tx.QueryRowContext(ctx, "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id").Scan(&id, &objects); err != nil {
		return err
	}
	if id == applicationID {
		return nil
	}
	if id != 0 || objects > 0 {
		return header{applicationID: id}.check(path)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
		return err
	}
	return tx.Commit()
}

// enterWAL lets readers and a writer work at the same time. The mode stays
// with the file. Changing it takes the file for a moment alone, which another
// process that is opening it too can be in the way of.
func enterWAL(ctx context.Context, db *sql.DB) error {
	for wait := time.Millisecond; ; wait *= 2 {
		var mode string
		err := db.QueryRowContext(ctx, "PRAGMA journal_mode = wal").Scan(&mode)
		if err == nil && mode == "wal" {
			return nil
		}
		if code, _, ok := resultCode(err); err != nil && (!ok || code != codeBusy && code != codeLocked) {
			return err
		}
		if wait > 8*time.Second {
			return fmt.Errorf("cannot enter WAL mode (it is %q): %w", mode, err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// currentVersion is the number of the last migration that was applied, 0 when
// there was none. It fails when the database is newer than we are, or when it
// does not agree with itself.
func currentVersion(ctx context.Context, db *sql.DB, path string) (int64, error) {
	// One statement, so that it sees one state while others migrate.
	var user int64
	var table int
	if err := db.QueryRowContext(ctx, "SELECT user_version, (SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '"+versions+"') FROM pragma_user_version").Scan(&user, &table); err != nil {
		return 0, err
	}
	if user > schemaVersion {
		return 0, newer(path, user)
	}
	if table == 0 {
		if user != 0 {
			return 0, corrupt(nil, "the registry's database %s is damaged: it says that it has format %d, but its table of formats is gone. Keep a copy and restore it from a backup", path, user)
		}
		return 0, nil
	}
	var applied sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT user_version, (SELECT max(version_id) FROM "+versions+" WHERE is_applied) FROM pragma_user_version").Scan(&user, &applied); err != nil {
		return 0, err
	}
	if applied.Int64 > schemaVersion {
		return 0, newer(path, applied.Int64)
	}
	if applied.Int64 != user {
		return 0, corrupt(nil, "the registry's database %s is damaged: its header says format %d, its table of formats says %d. Keep a copy and restore it from a backup", path, user, applied.Int64)
	}
	return user, nil
}

// errApplied says that another process was faster with a migration.
var errApplied = errors.New("the migration was applied meanwhile")

// migrate applies what is missing. When another process does the same at the
// same time, one of the two is refused by once and looks again.
func migrate(ctx context.Context, db *sql.DB, path string, log *slog.Logger) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	inner, err := database.NewStore(database.DialectSQLite3, versions)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		p, err := goose.NewProvider(database.DialectCustom, db, files, goose.WithStore(once{inner}), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
		if err != nil {
			return err
		}
		results, err := p.Up(ctx)
		for _, r := range results {
			log.InfoContext(ctx, "registry database migrated", "path", path, "version", r.Source.Version, "duration", r.Duration)
		}
		if err == nil {
			return nil
		}
		current, vErr := currentVersion(ctx, db, path)
		if vErr != nil {
			return vErr
		}
		if current == schemaVersion {
			return nil
		}
		// Whoever was faster has applied at least one migration.
		if attempt > schemaVersion+1 {
			return err
		}
	}
}

// once is goose's table of versions, made safe for several processes: the
// transaction that applies a migration fails if it was applied meanwhile.
type once struct{ database.Store }

// TableExists spares goose a query that fails.
func (once) TableExists(ctx context.Context, db database.DBTxConn) (bool, error) {
	var n int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '"+versions+"'").Scan(&n)
	return n > 0, err
}

// CreateVersionTable makes the table, if it is not there.
func (o once) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	there, err := o.TableExists(ctx, db)
	if err != nil || there {
		return err
	}
	return o.Store.CreateVersionTable(ctx, db)
}

// Insert records a migration in the transaction that applied it.
func (o once) Insert(ctx context.Context, db database.DBTxConn, r database.InsertRequest) error {
	_, err := o.GetMigration(ctx, db, r.Version)
	switch {
	case err == nil && r.Version == 0:
		return nil // the row that goose puts into a new table
	case err == nil:
		return errApplied
	case !errors.Is(err, database.ErrVersionNotFound):
		return err
	}
	return o.Store.Insert(ctx, db, r)
}
