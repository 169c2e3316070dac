//go:build ncruces

package main

import (
	"database/sql"

	_ "github.com/ncruces/go-sqlite3/driver"
)

func open(path string, synchronous string) (*sql.DB, error) {
	return sql.Open("sqlite3", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=foreign_keys(1)&_pragma=synchronous("+synchronous+")")
}
