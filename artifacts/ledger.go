package artifacts

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A ledger remembers the digests of the files of one folder, so that a file
// that has not changed since is not read again to know its digest: a version
// of which 1 % changed costs that to log, and one that is on disk already
// costs a look at each file. Not changed means the same size, time of change,
// inode and its change (where the system has these).
//
// It is kept as one file, written whole and replaced, unless what it would save
// is less than that costs. It is a cache: one that
// cannot be read or is damaged counts as empty, and losing one costs time only.
type ledger struct {
	file string // "" remembers for as long as the ledger is used

	mu     sync.Mutex
	loaded bool
	learnt int64                    // bytes of the files that were learnt of since it was written
	known  map[ledgerKey]ledgerLine // without those of the file until it is loaded
}

type ledgerKey [16]byte

type ledgerLine struct {
	stamp stamp
	sum   md5sum
}

const (
	ledgerMagic    = "reliquary digests 1\n"
	ledgerLineSize = 64
	// maxLedger bounds a ledger's lines.
	maxLedger = 1 << 20
	// ledgerWorth is how many bytes are read again sooner than a ledger is written
	// and read: 256 KiB are hashed in half a millisecond, and a file made in the same.
	ledgerWorth = 256 << 10
	// settled is how old a change must be to be told from one right after it:
	// file systems stamp changes with a clock that ticks every few milliseconds.
	settled = 20 * time.Millisecond
)

func keyOf(name string) ledgerKey {
	sum := sha256.Sum256([]byte(name))
	return ledgerKey(sum[:16])
}

// digest returns the digest that a file had when it had this stamp.
func (l *ledger) digest(name string, s stamp) (md5sum, bool) {
	if l == nil || !s.regular {
		return md5sum{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.load()
	line, ok := l.known[keyOf(name)]
	s.regular, s.exist = false, false
	if !ok || line.stamp != s {
		return md5sum{}, false
	}
	return line.sum, true
}

// note remembers the digest of a file that was read, and had the stamp before
// and after that.
func (l *ledger) note(name string, s stamp, sum md5sum) {
	if l == nil || !s.regular || time.Now().UnixNano()-s.mtime < int64(settled) {
		return
	}
	l.put(name, s, sum)
}

// put is note for a file that the caller has just written.
func (l *ledger) put(name string, s stamp, sum md5sum) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = map[ledgerKey]ledgerLine{}
	}
	s.regular, s.exist = false, false
	if len(l.known) < maxLedger {
		l.known[keyOf(name)] = ledgerLine{s, sum}
		l.learnt += s.size
	}
}

// dear has the ledger written whatever the size of the files: finding out again
// what it learnt costs a request.
func (l *ledger) dear() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learnt = max(l.learnt, ledgerWorth)
}

// load reads the file when something is first looked up.
func (l *ledger) load() {
	if !l.loaded {
		l.loaded = true
		l.read()
	}
}

// read adds what is in the file. What both know, this one knows better.
func (l *ledger) read() {
	lines := readLedger(l.file)
	if len(l.known) == 0 {
		l.known = lines
		return
	}
	for k, line := range lines {
		if _, ok := l.known[k]; !ok && len(l.known) < maxLedger {
			l.known[k] = line
		}
	}
}

func readLedger(file string) map[ledgerKey]ledgerLine {
	known := map[ledgerKey]ledgerLine{}
	if file == "" {
		return known
	}
	data, err := os.ReadFile(file)
	if err != nil || len(data) < len(ledgerMagic)+crc32.Size || !bytes.HasPrefix(data, []byte(ledgerMagic)) {
		return known
	}
	body, sum := data[:len(data)-crc32.Size], data[len(data)-crc32.Size:]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(sum) {
		return known
	}
	for lines := body[len(ledgerMagic):]; len(lines) >= ledgerLineSize; lines = lines[ledgerLineSize:] {
		var line ledgerLine
		number := func(i int) int64 { return int64(binary.LittleEndian.Uint64(lines[16+8*i:])) }
		line.stamp = stamp{size: number(0), mtime: number(1), ctime: number(2), inode: number(3)}
		copy(line.sum[:], lines[48:])
		known[ledgerKey(lines[:16])] = line
	}
	return known
}

// flush writes what was learnt since, beside what others have written, if that
// is worth it.
func (l *ledger) flush() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.learnt < ledgerWorth || l.file == "" {
		return nil
	}
	l.read() // another process may have flushed its own
	out := make([]byte, 0, len(ledgerMagic)+len(l.known)*ledgerLineSize+crc32.Size)
	out = append(out, ledgerMagic...)
	for k, line := range l.known {
		out = append(out, k[:]...)
		for _, n := range []int64{line.stamp.size, line.stamp.mtime, line.stamp.ctime, line.stamp.inode} {
			out = binary.LittleEndian.AppendUint64(out, uint64(n))
		}
		out = append(out, line.sum[:]...)
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
	if err := replaceFile(l.file, out); err != nil {
		return err
	}
	l.learnt = 0
	return nil
}

// replaceFile writes a small file as a whole: readers see the old or the new.
func replaceFile(file string, data []byte) error {
	dir := filepath.Dir(file)
	f, err := createTemp(dir, "tmp-")
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(dir, 0o777); err == nil {
			f, err = createTemp(dir, "tmp-")
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// hexOf names a file after a text.
func hexOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		// Lengths apart, so that no two lists are the same text.
		binary.Write(h, binary.LittleEndian, uint64(len(p)))
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}
