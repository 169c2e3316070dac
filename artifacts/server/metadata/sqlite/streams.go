package sqlite

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// AppendRunLines stores lines of a stream from an offset on.
func (s *Store) AppendRunLines(ctx context.Context, runID int64, stream string, offset int64, lines []string) error {
	if stream == "" {
		return invalid("the stream of the run's lines has no name")
	}
	if offset < 0 {
		return invalid("lines cannot begin at the offset %d", offset)
	}
	return s.write(ctx, func(q session) error {
		n, err := changed(ctx, q, "UPDATE runs SET heartbeat_at = ? WHERE id = ?", s.now(), runID)
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("run %d not found", runID)
		}
		var id int64
		if err := one(ctx, q, `INSERT INTO run_streams (run_id, name, lines) VALUES (?, ?, ?)
			ON CONFLICT (run_id, name) DO UPDATE SET lines = max(lines, excluded.lines) RETURNING id`,
			[]any{runID, stream, end(offset, lines)}, &id); err != nil {
			return err
		}
		for i, line := range lines {
			if err := run(ctx, q, "INSERT INTO run_lines (stream_id, line, text) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET text = excluded.text", id, offset+int64(i), line); err != nil {
				return err
			}
		}
		return nil
	})
}

// end is one past the last line; an offset alone adds nothing.
func end(offset int64, lines []string) int64 {
	if len(lines) == 0 {
		return 0
	}
	return offset + int64(len(lines))
}

// RunLineCounts gives the number of lines of each stream.
func (s *Store) RunLineCounts(ctx context.Context, runID int64) (map[string]int64, error) {
	counts := map[string]int64{}
	err := s.read(ctx, func(q session) error {
		return each(ctx, q, func(r scanner) error {
			var name string
			var n int64
			err := r.Scan(&name, &n)
			counts[name] = n
			return err
		}, "SELECT name, lines FROM run_streams WHERE run_id = ?", runID)
	})
	return counts, err
}

// RunTail returns the last n lines of a stream, oldest first.
func (s *Store) RunTail(ctx context.Context, runID int64, stream string, n int) ([]string, error) {
	if n < 0 {
		return nil, invalid("the last %d lines were asked for; ask for 0 or more", n)
	}
	var lines []string
	err := s.read(ctx, func(q session) (err error) {
		lines, err = all(ctx, q, func(r scanner) (string, error) {
			var text string
			err := r.Scan(&text)
			return text, err
		}, "SELECT l.text FROM run_streams s JOIN run_lines l ON l.stream_id = s.id WHERE s.run_id = ? AND s.name = ? ORDER BY l.line DESC LIMIT ?", runID, stream, n)
		return err
	})
	slices.Reverse(lines)
	return lines, err
}

// blobKey turns the hex form of a SHA-256 into what is stored.
func blobKey(what, key string) ([]byte, error) {
	b, err := hex.DecodeString(key)
	if err != nil || len(b) != 32 || hex.EncodeToString(b) != key {
		return nil, invalid("the blob key %.80q of %s is not a SHA-256 in lower-case hex", key, what)
	}
	return b, nil
}

// PutRunFile records a file of a run.
func (s *Store) PutRunFile(ctx context.Context, runID int64, f metadata.RunFile) error {
	if err := checkPath(f.Name); err != nil {
		return err
	}
	key, err := blobKey(f.Name, f.Key)
	if err != nil {
		return err
	}
	if f.Size < 0 {
		return invalid("the file %q cannot have %d bytes", f.Name, f.Size)
	}
	return s.write(ctx, func(q session) error {
		if err := mustExist(ctx, q, "runs", runID, "run"); err != nil {
			return err
		}
		return run(ctx, q, `INSERT INTO run_files (run_id, name, key, md5, size, updated_at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET key = excluded.key, md5 = excluded.md5, size = excluded.size, updated_at = excluded.updated_at`,
			runID, f.Name, key, f.MD5, f.Size, s.now())
	})
}

const runFileColumns = "f.name, f.key, f.md5, f.size, f.updated_at"

func scanRunFile(r scanner, more ...any) (metadata.RunFile, error) {
	var f metadata.RunFile
	var key []byte
	var updated int64
	err := r.Scan(append([]any{&f.Name, &key, &f.MD5, &f.Size, &updated}, more...)...)
	f.Key, f.UpdatedAt = hex.EncodeToString(key), fromMicro(updated)
	return f, err
}

// RunFile finds a file of a run.
func (s *Store) RunFile(ctx context.Context, runID int64, name string) (metadata.RunFile, error) {
	var f metadata.RunFile
	err := s.read(ctx, func(q session) (err error) {
		f, err = first(ctx, q, plainly(scanRunFile), "SELECT "+runFileColumns+" FROM run_files f WHERE f.run_id = ? AND f.name = ?", runID, name)
		if missing(err) {
			return notFound("run file %q not found", name)
		}
		return err
	})
	return f, err
}

func runFileList(runID int64) list[metadata.RunFile] {
	return list[metadata.RunFile]{
		subject: metadata.RunFileSubject, owner: []any{runID},
		sel: runFileColumns, from: "run_files f", where: "f.run_id = ?", args: []any{runID},
		id: "f.name", order: []key{{expr: "f.name"}}, scan: scanRunFile,
		columns: columns{"name": {expr: "f.name"}, "md5": {expr: "f.md5"}, "size": {expr: "f.size"}, "updated_at": {expr: "f.updated_at"}},
	}
}

// ListRunFiles lists the files of a run by name.
func (s *Store) ListRunFiles(ctx context.Context, runID int64, p metadata.Page) (metadata.Connection[metadata.RunFile], error) {
	return paged(ctx, s, runFileList(runID), p)
}

// CountRunFiles counts the files of a run.
func (s *Store) CountRunFiles(ctx context.Context, runID int64) (int, error) {
	return counted(ctx, s, runFileList(runID), nil)
}
