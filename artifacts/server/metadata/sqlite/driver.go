package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// This file is all that knows which driver is used.

// dialer returns the driver with our functions, made once per process because
// the driver never forgets a function. It also chooses locks that survive when
// somebody else in the process opens and closes the database file (a backup, a
// checksum): POSIX locks, the default, would silently be dropped then. And it
// has commits wait for the data alone (fdatasync), not for time stamps.
var dialer = sync.OnceValues(func() (*sqlite.Driver, error) {
	// Both settings are refused where the system has no such thing; the
	// defaults are right there.
	_, _ = sqlite.OFDLocking(true)
	_, _ = sqlite.Fdatasync(true)
	d := &sqlite.Driver{}
	patterns := patternCache{compiled: map[string]*regexp.Regexp{}}
	err := d.RegisterDeterministicScalarFunction("matches", 2, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		pattern, ok := args[0].(string)
		text, isText := args[1].(string)
		if !ok || !isText {
			return false, nil
		}
		re, err := patterns.get(pattern)
		if err != nil {
			return nil, err
		}
		return re.MatchString(text), nil
	})
	return d, err
})

// A patternCache spares compiling a pattern for every row.
type patternCache struct {
	mu       sync.Mutex
	compiled map[string]*regexp.Regexp
}

func (c *patternCache) get(pattern string) (*regexp.Regexp, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if re, ok := c.compiled[pattern]; ok {
		return re, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	if len(c.compiled) >= 64 {
		clear(c.compiled)
	}
	// Patterns handed to functions may live in the driver's memory.
	c.compiled[strings.Clone(pattern)] = re
	return re, nil
}

// foreignClosesAreSafe reports whether opening and closing the database file
// beside SQLite leaves the locks of this process in place.
func foreignClosesAreSafe() bool {
	return runtime.GOOS == "windows" || sqlite.OFDLockingEnabled()
}

// A connector opens connections to one file.
type connector struct {
	driver *sqlite.Driver
	dsn    string
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.driver.Open(c.dsn)
}

func (c connector) Driver() driver.Driver { return c.driver }

// openDB makes a pool of connections to path. Parameters are SQLite's (mode)
// and the driver's (_pragma, _txlock).
func openDB(path string, params ...string) (*sql.DB, error) {
	d, err := dialer()
	if err != nil {
		return nil, fmt.Errorf("register SQL functions: %w", err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") {
		abs = "/" + abs // C:/... on Windows
	}
	u := url.URL{Scheme: "file", Path: abs, RawQuery: strings.Join(params, "&")}
	return sql.OpenDB(connector{d, u.String()}), nil
}

// resultCode gives SQLite's primary and extended result code of an error.
func resultCode(err error) (primary, extended int, ok bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0, 0, false
	}
	return e.Code() & 0xff, e.Code(), true
}

// The result codes that are told apart.
const (
	codeBusy       = sqlite3.SQLITE_BUSY
	codeLocked     = sqlite3.SQLITE_LOCKED
	codeInterrupt  = sqlite3.SQLITE_INTERRUPT
	codeFull       = sqlite3.SQLITE_FULL
	codeIOErr      = sqlite3.SQLITE_IOERR
	codeCantOpen   = sqlite3.SQLITE_CANTOPEN
	codeReadOnly   = sqlite3.SQLITE_READONLY
	codePerm       = sqlite3.SQLITE_PERM
	codeNoMem      = sqlite3.SQLITE_NOMEM
	codeProtocol   = sqlite3.SQLITE_PROTOCOL
	codeCorrupt    = sqlite3.SQLITE_CORRUPT
	codeNotADB     = sqlite3.SQLITE_NOTADB
	codeTooBig     = sqlite3.SQLITE_TOOBIG
	codeConstraint = sqlite3.SQLITE_CONSTRAINT
	codeUnique     = sqlite3.SQLITE_CONSTRAINT_UNIQUE
	codePrimaryKey = sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
)
