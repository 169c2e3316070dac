//go:build modernc

package main

import (
	"database/sql"

	_ "modernc.org/sqlite"
)

func open(path string, synchronous string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=foreign_keys(1)&_pragma=synchronous("+synchronous+")")
}
