package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/dir"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// CheckOptions are what Check may be told. The zero value is good.
type CheckOptions struct {
	// Deep reads and hashes every blob instead of trusting its size.
	Deep bool
	// Progress, when not nil, is told from time to time what is being looked at.
	Progress func(what string)
	// Clock is time.Now when nil. The age of leftovers is measured with it.
	Clock metadata.Clock
}

// Check looks at everything in the registry at path and changes nothing. The
// error is for a registry that cannot be looked at; what is wrong in one that
// can is in the Report. It may run while servers use the directory.
//
// A registry without an error in its report keeps every promise: each
// committed version has its manifest and all its files, with the right sizes
// (and with Deep, the right bytes), and they agree with the version's digest.
func Check(ctx context.Context, path string, o CheckOptions) (Report, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	d, err := open(ctx, path, Options{MustExist: true, Clock: o.Clock, unchanged: true})
	if err != nil {
		return Report{Path: path}, err
	}
	defer d.Close()
	c := &check{d: d, o: o, report: Report{Path: d.Path, Deep: o.Deep, Problems: []Problem{}}, blobs: map[blobKey]*blobState{}}
	for _, step := range []func(context.Context) error{c.metadata, c.listBlobs, c.versions, c.otherKeys, c.leftovers, c.keyFile} {
		if err := step(ctx); err != nil {
			return c.report, c.failure(ctx, err)
		}
	}
	return c.report, nil
}

// check is one run of Check.
type check struct {
	d      *Directory
	o      CheckOptions
	report Report
	blobs  map[blobKey]*blobState
}

// blobKey is a key without the bulk of its hex form: a registry has millions.
type blobKey [sha256.Size]byte

type blobState struct {
	size    int64 // or missing
	corrupt bool
	needed  bool // by something that was looked at
}

// missing stands for the size of a blob that is not there.
const missing = -1

func (c *check) problem(s Severity, subject, advice, format string, args ...any) {
	c.report.Problems = append(c.report.Problems, Problem{Severity: s, Subject: subject, Message: fmt.Sprintf(format, args...), Advice: advice})
}

// failure words what ended the check.
func (c *check) failure(ctx context.Context, err error) error {
	var known *metadata.Error
	switch {
	case errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return fail(metadata.KindCanceled, ctx.Err(), "the check of %s was ended before it was done", c.d.Path)
	}
	return pathError(c.d.Path, err)
}

// Advice for the kinds of damage that a person cannot mend in the registry itself.
const (
	restore  = "restore the file from a backup of the registry, or delete the version and log it again"
	logAgain = "delete the version and log it again"
)

func (c *check) metadata(ctx context.Context) error {
	c.o.Progress("the metadata")
	return c.d.Metadata.Check(ctx, func(problem string) {
		c.problem(Error, metadataFile, "keep a copy of the registry and restore "+metadataFile+" from a backup", "%s", problem)
	})
}

// listBlobs learns what is there, and with Deep whether it is sound.
func (c *check) listBlobs(ctx context.Context) error {
	for info, err := range c.d.Blobs.All(ctx) {
		if err != nil {
			return err
		}
		if c.report.Blobs%1000 == 0 || c.o.Deep {
			c.o.Progress(fmt.Sprintf("stored bytes: %d files, %s", c.report.Blobs, bytesText(c.report.Bytes)))
		}
		state := &blobState{size: info.Size}
		if c.o.Deep {
			err := c.d.Blobs.Verify(ctx, info.Key)
			switch {
			case errors.Is(err, blobs.ErrNotFound):
				continue // deleted since
			case errors.Is(err, blobs.ErrCorrupt):
				state.corrupt = true
			case err != nil:
				return err
			}
		}
		c.blobs[keyOf(info.Key)] = state
		c.report.Blobs++
		c.report.Bytes += info.Size
	}
	return nil
}

func keyOf(key string) (k blobKey) {
	// All and the metadata give keys only.
	_, _ = hex.Decode(k[:], []byte(key))
	return k
}

// blob looks at one blob that the metadata needs. The text is "" if it is as it
// should be.
func (c *check) blob(ctx context.Context, key string, size int64) (wrong string, err error) {
	state := c.blobs[keyOf(key)]
	if state == nil {
		// It may have come since the blobs were listed.
		info, err := c.d.Blobs.Stat(ctx, key)
		if errors.Is(err, blobs.ErrNotFound) || errors.Is(err, blobs.ErrInvalid) {
			info, err = blobs.Info{Size: missing}, nil
		}
		if err != nil {
			return "", err
		}
		state = &blobState{size: info.Size}
		c.blobs[keyOf(key)] = state
	}
	state.needed = true
	switch {
	case state.size == missing:
		return "is missing", nil
	case state.size != size:
		return fmt.Sprintf("has %d bytes instead of %d", state.size, size), nil
	case state.corrupt:
		return "holds other bytes than were stored", nil
	}
	return "", nil
}

// otherKeys looks at the bytes that the metadata knows but that are in no
// committed version (run files, uploads of pending versions), and at those
// that it does not know.
func (c *check) otherKeys(ctx context.Context) error {
	c.o.Progress("bytes that belong to nothing")
	err := c.d.Metadata.Keys(ctx, func(key string, size int64) error {
		if state := c.blobs[keyOf(key)]; state != nil && state.needed {
			return nil
		}
		wrong, err := c.blob(ctx, key, size)
		if wrong != "" && err == nil {
			c.problem(Error, c.blobFile(key), "restore it from a backup of the registry; it belongs to a run, to an upload under way or to a deleted version",
				"the stored file %s %s", key, wrong)
		}
		return err
	})
	if err != nil {
		return err
	}
	orphans, size := 0, int64(0)
	for _, state := range c.blobs {
		if !state.needed {
			orphans++
			size += state.size
		}
	}
	if orphans > 0 {
		c.report.FreeBytes += size
		c.problem(Note, filepath.Join(blobsFolder, "sha256"), "`reliquary gc` frees them; uploads under way may be among them",
			"%d stored files (%s) belong to nothing and could be freed", orphans, bytesText(size))
	}
	return nil
}

func (c *check) blobFile(key string) string {
	return filepath.Join(blobsFolder, "sha256", key[:2], key)
}

func (c *check) leftovers(ctx context.Context) error {
	found, err := c.d.Blobs.Leftovers(ctx, dir.Ages{})
	if err != nil {
		return err
	}
	for _, l := range found {
		what := "an unfinished file"
		if l.Upload {
			what = "an upload that nobody went on with"
		}
		subject, err := filepath.Rel(c.d.Path, l.Path)
		if err != nil {
			return err
		}
		c.report.FreeBytes += l.Size
		c.problem(Note, subject, "nothing needs to be done: it is removed when the registry is opened next",
			"%s of %s is left from %s ago", what, bytesText(l.Size), l.Age.Round(time.Hour))
	}
	return nil
}

// keyFile looks at the files with secrets.
func (c *check) keyFile(ctx context.Context) error {
	for _, name := range []string{secretFile, credentialsFile} {
		fi, err := os.Stat(c.d.file(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if fi.Mode().Perm()&0o077 != 0 {
			c.problem(Error, name, "chmod 600 "+c.d.file(name), "others than its owner can get at it (mode %04o)", fi.Mode().Perm())
		}
	}
	another := "make another key with `reliquary key --new --dir " + c.d.Path + "`"
	credentials, err := c.d.Credentials()
	switch {
	case metadata.IsNotFound(err):
		return nil // it may be removed
	case err != nil:
		c.problem(Error, credentialsFile, another, "%v", err)
		return nil
	}
	u, err := c.d.Metadata.UserByKey(ctx, sha256.Sum256([]byte(credentials.APIKey)))
	switch {
	case metadata.KindOf(err) == metadata.KindDenied || err == nil && u.Username != credentials.Username:
		c.problem(Error, credentialsFile, another, "its key is not one of user %q", credentials.Username)
	case err != nil:
		return err
	}
	return nil
}

// bytesText is a length for people.
func bytesText(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, i := float64(n)/unit, 0
	for value >= unit && i < 4 {
		value /= unit
		i++
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTP"[i])
}
