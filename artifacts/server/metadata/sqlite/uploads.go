package sqlite

import (
	"context"
	"sync"
	"unicode/utf8"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Uploads come many at a time, and each must be on disk before it is
// acknowledged. Those that arrive while another one waits for the disk are
// recorded together: one transaction, one wait, for all of them.

// uploads are the files that wait to be recorded.
type uploads struct {
	mu      sync.Mutex
	waiting []*recording
}

// A recording is files that are recorded for one caller.
type recording struct {
	files []upload
	// errs is the result for each; it is there when done is closed, and those
	// that the caller must not bring are there before.
	errs []error
	done chan struct{}
}

type upload struct {
	metadata.StoredFile
	key []byte
}

func (u *uploads) add(r *recording) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.waiting = append(u.waiting, r)
}

// take gives everything that waits.
func (u *uploads) take() []*recording {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.waiting
	u.waiting = nil
	return all
}

// RecordFile says that bytes are durable. Recording the same again changes
// nothing. Other bytes under the same digest are refused: either digest or
// bytes are forged, and what is stored first may be part of a version already.
func (s *Store) RecordFile(ctx context.Context, f metadata.StoredFile) error {
	return s.RecordFiles(ctx, []metadata.StoredFile{f})[0]
}

// RecordFiles is RecordFile for many files.
func (s *Store) RecordFiles(ctx context.Context, files []metadata.StoredFile) []error {
	r := &recording{files: make([]upload, len(files)), errs: make([]error, len(files)), done: make(chan struct{})}
	good := 0
	for i, f := range files {
		r.files[i].StoredFile = f
		if r.files[i].key, r.errs[i] = checkUpload(f); r.errs[i] == nil {
			good++
		}
	}
	if good == 0 {
		return r.errs
	}
	if err := ctx.Err(); err != nil {
		return s.unrecorded(ctx, files)
	}
	s.uploads.add(r)
	select {
	case s.writing <- struct{}{}:
		// Whoever gets the writer works for all who wait. It must not stop
		// when this caller goes away, so it has no context.
		go s.recordUploads(context.WithoutCancel(ctx), s.uploads.take())
	case <-r.done:
		return r.errs
	case <-ctx.Done():
		// Should they be recorded all the same: the bytes are there.
		return s.unrecorded(ctx, files)
	}
	select {
	case <-r.done:
		return r.errs
	case <-ctx.Done():
		return s.unrecorded(ctx, files)
	}
}

// checkUpload refuses what cannot be an uploaded file, and gives its key.
func checkUpload(f metadata.StoredFile) ([]byte, error) {
	key, err := blobKey("the file", f.Key)
	switch {
	case err != nil:
		return nil, err
	case f.Digest == "" || !utf8.ValidString(f.Digest):
		return nil, invalid("the digest %q of an uploaded file is not valid", f.Digest)
	case f.Size < 0:
		return nil, invalid("a file cannot have %d bytes", f.Size)
	}
	return key, nil
}

// unrecorded is the result when the caller's context has ended. Somebody else
// may be at work on the recording itself.
func (s *Store) unrecorded(ctx context.Context, files []metadata.StoredFile) []error {
	errs := make([]error, len(files))
	err := s.classify(ctx, ctx.Err())
	for i, f := range files {
		if _, errs[i] = checkUpload(f); errs[i] == nil {
			errs[i] = err
		}
	}
	return errs
}

// recordUploads records files in one transaction, and leaves the writer. That a
// file is refused does not hold up the others; a failure of the database fails all.
func (s *Store) recordUploads(ctx context.Context, all []*recording) {
	if len(all) == 0 {
		s.leave()
		return
	}
	refused := make([][]error, len(all))
	g, err := s.join(ctx, func(q session) error {
		owners := owners{}
		for i, r := range all {
			refused[i] = make([]error, len(r.files))
			for j := range r.files {
				if r.errs[j] != nil {
					continue
				}
				err := recordUpload(ctx, q, owners, &r.files[j])
				if k := metadata.KindOf(err); k == metadata.KindNotFound || k == metadata.KindConflict {
					refused[i][j], err = err, nil
				}
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	s.leave()
	if err == nil {
		err = s.await(g)
	}
	err = s.classify(ctx, err)
	for i, r := range all {
		for j := range r.errs {
			switch {
			case r.errs[j] != nil:
			case err != nil:
				r.errs[j] = err
			default:
				r.errs[j] = refused[i][j]
			}
		}
		close(r.done)
	}
}

// owners are the artifacts that uploads of one transaction belong to: most of
// them to the same.
type owners map[int64]metadata.Artifact

func (o owners) of(ctx context.Context, q session, u *upload) (metadata.Artifact, error) {
	if a, ok := o[u.ArtifactID]; ok {
		return a, nil
	}
	a, err := liveArtifact(ctx, q, u.ArtifactID)
	if err == nil {
		o[u.ArtifactID] = a
	}
	return a, err
}

func recordUpload(ctx context.Context, q session, owners owners, u *upload) error {
	a, err := owners.of(ctx, q, u)
	if err != nil {
		return err
	}
	n, err := changed(ctx, q, "INSERT INTO stored_files (artifact_id, digest, entity_id, md5, key, size) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		u.ArtifactID, u.Digest, a.EntityID, u.MD5, u.key, u.Size)
	if err != nil || n > 0 {
		return err
	}
	old, err := first(ctx, q, scanStored, "SELECT "+storedColumns+" FROM stored_files WHERE artifact_id = ? AND digest = ?", u.ArtifactID, u.Digest)
	if err == nil && old.Key != u.Key {
		err = conflict("%s has other bytes under the digest %s already; they stay", artifactName(a), u.Digest)
	}
	return err
}
