// Package sqlite keeps a registry's metadata in one SQLite file. It is the
// implementation of package metadata for one machine: any number of processes
// may use the file, readers never wait for a writer, and writers take turns.
//
// It knows tables and transactions, and W&B's rules as package metadata states
// them; it knows nothing about requests or where bytes lie. Of users' rights it
// knows one: who may move a protected alias, which it asks package access in the
// transaction that would move it.
//
// # The file
//
// Its tables are those of the migrations folder, where each is explained. The
// header names it as ours (application_id 0x524c5159, "RLQY") and gives the
// number of its format (user_version), so that a file which is another
// program's or newer than this one is refused before anything touches it. The
// application id is written first, before the file enters WAL mode: from then
// on it stands in the file itself and not only in the WAL.
//
// Migrations are goose's, one transaction each. Two processes that make the
// same file at the same time are told apart in that transaction: the slower one
// finds the migration applied, rolls its own back and looks again.
//
// While the file is in use, "-wal" and "-shm" lie beside it and belong to it. A
// copy of the file alone is a backup only when no process has it open.
//
// # Durability
//
// A method that has returned without error is on disk. That takes
// synchronous=FULL: in WAL mode SQLite's usual advice, NORMAL, waits for the
// disk at checkpoints only, and a power failure would take back versions that
// clients were told are committed and whose local files they may have deleted.
// A commit waits for one fdatasync.
//
// # Lists
//
// A page continues behind the values of its sort keys. Every list's own order,
// and the orders by creation that clients ask for, are read from an index that
// has the place and the order at once; a page of 50 versions takes the same half
// millisecond at the beginning, in the middle and at the end of a million. Other
// orders (by size, by a part of the metadata) sort the collection for each page
// and keep no more than the page in memory. Tests hold both: TestListPlans, and
// TestStore, which looks at the plan of each statement that the suite runs.
//
// # The driver
//
// It is modernc.org/sqlite, SQLite translated to Go. Measured with the program
// in driverbench on this schema and these queries, Linux on two cores of an
// AMD EPYC, best of three, November 2026:
//
//	                                       modernc  ncruces    mattn
//	                                       v1.62.0  v0.37.0 v1.14.53
//	                                       to Go    to Go   cgo
//	page of 50 in the middle of 100k, us       171      274      195
//	the same from 4 goroutines, us              96      143      131
//	lookup by alias, us                          9       24       16
//	count of 100k with a join, ms               23       31       13
//	commit of a version with 3 files, ms      0.64     0.66     0.74
//	the same without waiting for disk, ms     0.35     0.35     0.37
//	commit with 10,000 files, ms                99      109       65
//	cold: exec, open, first page, exit, ms     3.9      4.2      3.6
//	cold: peak memory, MB                      7.6      7.0      6.1
//	peak memory under load, MB                20.8     17.0     16.1
//	stripped program, MB                       6.8      7.7      4.1
//
// What a registry does most, short reads, is fastest without crossing into C;
// what C does best, long scans and bulk inserts, is 1.5 to 1.8 times as fast
// there. That is not worth a C compiler for everybody who builds the program
// with "go install", nor a second set of sqlite3_ symbols inside Python
// processes that have their own libsqlite3 loaded. Between the two
// translations, modernc reads faster and stops waiting for a lock when the
// context ends; ncruces locks files safely by default, which modernc does when
// asked to (see dialer).
package sqlite
