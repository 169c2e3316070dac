//go:build mattn

package main

import (
	"database/sql"

	_ "github.com/mattn/go-sqlite3"
)

func open(path string, synchronous string) (*sql.DB, error) {
	return sql.Open("sqlite3", "file:"+path+"?_txlock=immediate&_busy_timeout=5000&_journal_mode=wal&_foreign_keys=1&_synchronous="+synchronous)
}
