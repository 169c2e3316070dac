package dir

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/internal/flock"
)

// joined is one line of the joined file: a part that is in joint, and how far
// that made joint come.
type joined struct {
	Number int    `json:"part"`
	MD5    string `json:"md5"`
	Size   int64  `json:"size"`
	Total  int64  `json:"total"` // length of joint behind this part
	// The inner states of the hashes of everything up to here.
	MD5State    []byte `json:"md5_state"`
	SHA256State []byte `json:"sha256_state"`
}

// A join is the work of joining the parts of one upload. It exists only while
// the upload's lock is held.
type join struct {
	s      *Store
	upload string
	joint  *os.File
	log    *os.File
	sums   *sums
	total  int64
	last   int // number of the last part joined; 0: none
	// published: joint became a blob before, and nothing can be joined any more.
	published bool
}

// lockUpload waits for the lock of an upload. Closing the file gives it back.
func (s *Store) lockUpload(ctx context.Context, upload string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(upload, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, failed("opening the upload "+filepath.Base(upload), err)
	}
	if err := flock.Lock(ctx, f, flock.Exclusive); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// joinAhead joins every part that is next, if nobody else is at it. It is work
// done early: what fails here is done, and reported, by Complete.
func (s *Store) joinAhead(ctx context.Context, id string) {
	upload, err := s.uploadPath(id)
	if err != nil {
		return
	}
	f, err := os.OpenFile(filepath.Join(upload, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	if ok, err := flock.Try(f, flock.Exclusive); !ok || err != nil {
		return // whoever has it will come to our part
	}
	if s.unfinished(upload) != nil {
		return
	}
	j, err := s.openJoin(ctx, upload)
	if err != nil {
		s.log.WarnContext(ctx, "parts cannot be joined yet", "upload", id, "error", err)
		return
	}
	defer j.close()
	for !j.published {
		parts, err := waitingParts(upload)
		if err != nil {
			return
		}
		p, ok := parts.newest(j.last + 1)
		if !ok {
			return
		}
		for ; ok; p, ok = parts.newest(j.last + 1) {
			if err := j.append(ctx, p); err != nil {
				if ctx.Err() == nil {
					s.log.WarnContext(ctx, "parts cannot be joined yet", "upload", id, "error", err)
				}
				return
			}
		}
	}
}

// openJoin continues where the last join of an upload ended, or was ended.
func (s *Store) openJoin(ctx context.Context, upload string) (*join, error) {
	j := &join{s: s, upload: upload}
	var err error
	defer func() {
		if err != nil {
			j.close()
		}
	}()
	if j.log, err = os.OpenFile(filepath.Join(upload, joinedFile), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, err
	}
	line, end, err := lastLine(j.log)
	if err != nil {
		return nil, err
	}
	// What follows the last whole line was being written when a process died.
	if err = j.log.Truncate(end); err != nil {
		return nil, err
	}
	if _, err = j.log.Seek(end, io.SeekStart); err != nil {
		return nil, err
	}
	name := filepath.Join(upload, jointFile)
	if line != nil {
		j.joint, err = os.OpenFile(name, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			// A process died between publishing joint and saying so.
			err = j.restorePublished(line)
			return j, err
		}
	} else {
		j.joint, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err != nil {
		return nil, err
	}
	if err = j.restore(ctx, line); err != nil {
		return nil, err
	}
	return j, nil
}

// restorePublished is restore for a joint that has become a blob.
func (j *join) restorePublished(line *joined) error {
	j.sums, j.total, j.last = newSums(), line.Total, line.Number
	if err := j.sums.restore(line.MD5State, line.SHA256State); err != nil {
		return err
	}
	path, err := j.s.keyPath(j.sums.sha256Hex())
	if err != nil {
		return err
	}
	if !j.s.present(path, j.total) {
		return fmt.Errorf("%w: the joined parts in %s are gone; upload the file again", blobs.ErrCorrupt, j.upload)
	}
	j.published = true
	return nil
}

// restore puts the join behind the part of a line of the log; nil is the start.
func (j *join) restore(ctx context.Context, line *joined) error {
	j.sums, j.total, j.last = newSums(), 0, 0
	if line != nil {
		fi, err := j.joint.Stat()
		if err != nil {
			return err
		}
		if fi.Size() < line.Total {
			return fmt.Errorf("%w: %s has %d bytes instead of %d; upload the file again", blobs.ErrCorrupt, j.joint.Name(), fi.Size(), line.Total)
		}
		if err := j.sums.restore(line.MD5State, line.SHA256State); err != nil {
			// The states were saved by another version of Go's hashes.
			j.sums = newSums()
			if err := j.sums.readAll(ctx, io.NewSectionReader(j.joint, 0, line.Total)); err != nil {
				return err
			}
		}
		j.total, j.last = line.Total, line.Number
	}
	if err := j.joint.Truncate(j.total); err != nil {
		return err
	}
	_, err := j.joint.Seek(j.total, io.SeekStart)
	return err
}

func (j *join) close() {
	for _, f := range []*os.File{j.log, j.joint} {
		if f != nil {
			f.Close()
		}
	}
}

// append joins one part: its bytes are durable in joint before the log says
// so, and the log says so durably before the part is removed.
func (j *join) append(ctx context.Context, p blobs.Part) (err error) {
	name := filepath.Join(j.upload, partName(p.Number, p.MD5))
	part, err := os.Open(name)
	if err != nil {
		return err
	}
	defer part.Close()
	fi, err := part.Stat()
	if err != nil {
		return err
	}
	md5State, sha256State, err := j.sums.state()
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		// Back to where it was, so that the join can go on later.
		err = errors.Join(err, j.sums.restore(md5State, sha256State), j.joint.Truncate(j.total))
		if _, e := j.joint.Seek(j.total, io.SeekStart); e != nil {
			err = errors.Join(err, e)
		}
	}()

	hashed := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { hashed <- j.sums.readAll(ctx, io.NewSectionReader(part, 0, fi.Size())) }()
	copyErr := j.s.copyFile(ctx, j.joint, part, fi.Size())
	if copyErr != nil {
		cancel()
	}
	if hashErr := <-hashed; copyErr == nil {
		copyErr = hashErr
	}
	if copyErr != nil {
		return copyErr
	}
	if err := j.s.sys.sync(j.joint); err != nil {
		return err
	}

	line := joined{Number: p.Number, MD5: p.MD5, Size: fi.Size(), Total: j.total + fi.Size()}
	if line.MD5State, line.SHA256State, err = j.sums.state(); err != nil {
		return err
	}
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	end, err := j.log.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err = j.s.sys.write(j.log, append(data, '\n')); err == nil {
		err = j.s.sys.sync(j.log)
	}
	if err != nil {
		_, e := j.log.Seek(end, io.SeekStart)
		return errors.Join(err, e, j.log.Truncate(end))
	}
	j.total, j.last = line.Total, line.Number
	// If this fails, the part is removed with its upload.
	os.Remove(name)
	return nil
}

// copyFile copies n bytes in pieces, so that it can be interrupted.
func (s *Store) copyFile(ctx context.Context, dst, src *os.File, n int64) error {
	const piece = 32 << 20
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, err := s.sys.copy(dst, src, min(n, piece))
		if err != nil {
			return err
		}
		n -= done
	}
	return nil
}

// readAll hashes everything that r gives.
func (s *sums) readAll(ctx context.Context, r io.Reader) error {
	buf := make([]byte, chunk)
	for {
		n, err := fill(ctx, r, buf)
		if n == len(buf) {
			s.writeParallel(buf)
		} else {
			s.write(buf[:n])
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// lastLine reads the last whole line of a log, nil if there is none, and says
// where it ends. It reads the end of the file only: the log of a large upload
// is read for each of its parts.
func lastLine(f *os.File) (*joined, int64, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	const tail = 16 << 10 // many lines of about 500 bytes
	from := max(0, fi.Size()-tail)
	data := make([]byte, fi.Size()-from)
	if _, err := f.ReadAt(data, from); err != nil && err != io.EOF {
		return nil, 0, err
	}
	for len(data) > 0 {
		end := bytes.LastIndexByte(data, '\n') + 1
		if end == 0 {
			break
		}
		start := bytes.LastIndexByte(data[:end-1], '\n') + 1
		var line joined
		if json.Unmarshal(data[start:end], &line) == nil {
			return &line, from + int64(end), nil
		}
		data = data[:start]
	}
	return nil, 0, nil
}

// lines reads the whole log. ends[i] is where line i ends.
func (j *join) lines() (lines []joined, ends []int64, err error) {
	r := bufio.NewReader(io.NewSectionReader(j.log, 0, 1<<62))
	var end int64
	for {
		data, err := r.ReadBytes('\n')
		if err == io.EOF {
			return lines, ends, nil
		}
		if err != nil {
			return nil, nil, err
		}
		end += int64(len(data))
		var line joined
		if err := json.Unmarshal(data, &line); err != nil {
			return nil, nil, fmt.Errorf("%w: %s: %w; upload the file again", blobs.ErrCorrupt, j.log.Name(), err)
		}
		lines, ends = append(lines, line), append(ends, end)
	}
}

// unjoin makes parts of what is in joint behind the first keep lines. It is
// for uploads that are completed otherwise than their numbers suggested: with
// a part left out, or with an earlier try of one.
func (j *join) unjoin(ctx context.Context, lines []joined, ends []int64, keep int) error {
	for _, line := range lines[keep:] {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := filepath.Join(j.upload, partName(line.Number, line.MD5))
		if there, err := exists(name); err != nil || there {
			if err != nil {
				return err
			}
			continue
		}
		t, err := j.s.newTemp()
		if err != nil {
			return err
		}
		_, err = j.joint.Seek(line.Total-line.Size, io.SeekStart)
		if err == nil {
			err = j.s.copyFile(ctx, t.File, j.joint, line.Size)
		}
		if err == nil {
			err = t.place(name, 0o600)
		}
		t.discard()
		if err != nil {
			return err
		}
	}
	if err := j.s.sys.syncDir(j.upload); err != nil {
		return err
	}
	var last *joined
	end := int64(0)
	if keep > 0 {
		last, end = &lines[keep-1], ends[keep-1]
	}
	if err := j.log.Truncate(end); err != nil {
		return err
	}
	if err := j.s.sys.sync(j.log); err != nil {
		return err
	}
	if _, err := j.log.Seek(end, io.SeekStart); err != nil {
		return err
	}
	return j.restore(ctx, last)
}

// removeParts removes the files of an upload that its result makes needless.
func removeParts(upload string) error {
	entries, err := os.ReadDir(upload)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == lockFile || e.Name() == resultFile {
			continue
		}
		if err := os.Remove(filepath.Join(upload, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
