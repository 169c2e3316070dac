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
	waiting []*upload
}

type upload struct {
	metadata.StoredFile
	key  []byte
	done chan error // gets the result once it is durable
}

func (u *uploads) add(f *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.waiting = append(u.waiting, f)
}

// take gives everything that waits.
func (u *uploads) take() []*upload {
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
	key, err := blobKey("the file", f.Key)
	if err != nil {
		return err
	}
	if f.Digest == "" || !utf8.ValidString(f.Digest) {
		return invalid("the digest %q of an uploaded file is not valid", f.Digest)
	}
	if f.Size < 0 {
		return invalid("a file cannot have %d bytes", f.Size)
	}
	if err := ctx.Err(); err != nil {
		return s.classify(ctx, err)
	}
	u := &upload{StoredFile: f, key: key, done: make(chan error, 1)}
	s.uploads.add(u)
	select {
	case s.writing <- struct{}{}:
		// Whoever gets the writer works for all who wait. It must not stop
		// when this caller goes away, so it has no context.
		go s.recordUploads(context.WithoutCancel(ctx), s.uploads.take())
	case err := <-u.done:
		return err
	case <-ctx.Done():
		// Should it be recorded all the same: the bytes are there.
		return s.classify(ctx, ctx.Err())
	}
	select {
	case err := <-u.done:
		return err
	case <-ctx.Done():
		return s.classify(ctx, ctx.Err())
	}
}

// recordUploads records files in one transaction, and leaves the writer. That a
// file is refused does not hold up the others; a failure of the database fails all.
func (s *Store) recordUploads(ctx context.Context, all []*upload) {
	if len(all) == 0 {
		s.leave()
		return
	}
	refused := make([]error, len(all))
	g, err := s.join(ctx, func(q session) error {
		owners := owners{}
		for i, u := range all {
			err := recordUpload(ctx, q, owners, u)
			if k := metadata.KindOf(err); k == metadata.KindNotFound || k == metadata.KindConflict {
				refused[i], err = err, nil
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	s.leave()
	if err == nil {
		err = s.await(g)
	}
	err = s.classify(ctx, err)
	for i, u := range all {
		if err != nil {
			u.done <- err
		} else {
			u.done <- refused[i]
		}
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
	old, err := first(ctx, q, scanStored, "SELECT "+storedColumns+" FROM stored_files WHERE artifact_id = ? AND digest = ?", u.ArtifactID, u.Digest)
	switch {
	case missing(err):
		return run(ctx, q, "INSERT INTO stored_files (artifact_id, digest, entity_id, md5, key, size) VALUES (?, ?, ?, ?, ?, ?)", u.ArtifactID, u.Digest, a.EntityID, u.MD5, u.key, u.Size)
	case err != nil:
		return err
	case old.Key != u.Key:
		return conflict("%s has other bytes under the digest %s already; they stay", artifactName(a), u.Digest)
	}
	return nil
}
