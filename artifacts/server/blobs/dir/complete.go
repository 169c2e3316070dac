package dir

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
)

// result is what a finished upload became. It answers those who complete it
// again, until the upload is collected.
type result struct {
	Key   string `json:"sha256"`
	MD5   string `json:"md5"`
	Size  int64  `json:"size"`
	Parts string `json:"parts"` // tells one list of parts from another
}

// Complete implements blobs.Multipart.
func (s *Store) Complete(ctx context.Context, id string, parts []blobs.Part, want blobs.Digests) (blobs.Info, error) {
	upload, err := s.uploadPath(id)
	if err != nil {
		return blobs.Info{}, err
	}
	parts, err = checkParts(parts)
	if err != nil {
		return blobs.Info{}, err
	}
	lock, err := s.lockUpload(ctx, upload)
	if err != nil {
		return blobs.Info{}, err
	}
	defer lock.Close()
	info, done, err := s.completed(upload, parts, want)
	if done || err != nil {
		return info, err
	}

	j, err := s.openJoin(ctx, upload)
	if err != nil {
		return blobs.Info{}, failed("joining the parts of upload "+id, err)
	}
	defer j.close()
	if err := j.reach(ctx, parts); err != nil {
		return blobs.Info{}, failed("joining the parts of upload "+id, err)
	}
	info = blobs.Info{Key: j.sums.sha256Hex(), MD5: j.sums.md5Hex(), Size: j.total}
	if err := matches(info, want); err != nil {
		return blobs.Info{}, err
	}
	if err := j.publish(info); err != nil {
		return blobs.Info{}, failed("joining the parts of upload "+id, err)
	}
	data, err := json.Marshal(result{info.Key, info.MD5, info.Size, listDigest(parts)})
	if err != nil {
		return blobs.Info{}, err
	}
	if err := s.writeFile(filepath.Join(upload, resultFile), data); err != nil {
		return blobs.Info{}, failed("finishing the upload "+id, err)
	}
	if err := removeParts(upload); err != nil {
		s.log.WarnContext(ctx, "files of a finished upload could not be removed", "upload", id, "error", err)
	}
	return info, nil
}

// checkParts returns a list of parts in the order of their numbers.
func checkParts(parts []blobs.Part) ([]blobs.Part, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("%w: an upload is completed with at least one part", blobs.ErrInvalid)
	}
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b blobs.Part) int { return a.Number - b.Number })
	for i, p := range parts {
		if i > 0 && parts[i-1].Number == p.Number {
			return nil, fmt.Errorf("%w: part %d is named twice", blobs.ErrInvalid, p.Number)
		}
		if p.Number < 1 || p.Number > maxPart {
			return nil, fmt.Errorf("%w: part %d: parts are numbered from 1 to %d", blobs.ErrInvalid, p.Number, maxPart)
		}
		if !lowerHex(p.MD5, md5.Size) {
			return nil, fmt.Errorf("%w: part %d: %q is not an MD5", blobs.ErrInvalid, p.Number, p.MD5)
		}
	}
	return parts, nil
}

// completed gives the result of an upload that is complete. The lock is held.
func (s *Store) completed(upload string, parts []blobs.Part, want blobs.Digests) (info blobs.Info, done bool, err error) {
	data, err := os.ReadFile(filepath.Join(upload, resultFile))
	if errors.Is(err, fs.ErrNotExist) {
		if there, err := exists(upload); err != nil || !there {
			return info, false, failed("completing the upload "+filepath.Base(upload), errors.Join(err, fs.ErrNotExist))
		}
		return info, false, nil
	}
	if err != nil {
		return info, false, failed("completing the upload "+filepath.Base(upload), err)
	}
	var r result
	if err := json.Unmarshal(data, &r); err != nil {
		return info, false, fmt.Errorf("%w: %s: %w; upload the file again", blobs.ErrCorrupt, filepath.Join(upload, resultFile), err)
	}
	if r.Parts != listDigest(parts) {
		return info, false, fmt.Errorf("%w: the upload was completed with other parts", blobs.ErrMismatch)
	}
	info = blobs.Info{Key: r.Key, MD5: r.MD5, Size: r.Size}
	path, err := s.keyPath(r.Key)
	if err != nil {
		return blobs.Info{}, false, err
	}
	if !s.present(path, r.Size) {
		return blobs.Info{}, false, fmt.Errorf("what the upload %s became has been deleted: %w", filepath.Base(upload), blobs.ErrNotFound)
	}
	return info, true, matches(info, want)
}

func listDigest(parts []blobs.Part) string {
	h := sha256.New()
	for _, p := range parts {
		io.WriteString(h, partName(p.Number, p.MD5)+"\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// reach joins what is missing until joint holds exactly the given parts.
func (j *join) reach(ctx context.Context, parts []blobs.Part) error {
	lines, ends, err := j.lines()
	if err != nil {
		return err
	}
	keep := 0
	for keep < len(lines) && keep < len(parts) && parts[keep] == (blobs.Part{Number: lines[keep].Number, MD5: lines[keep].MD5}) {
		keep++
	}
	if j.published && (keep < len(lines) || keep < len(parts)) {
		return fmt.Errorf("%w: the upload was completed with other parts", blobs.ErrMismatch)
	}
	// Everything must be there before anything is moved.
	waiting, err := waitingParts(j.upload)
	if err != nil {
		return err
	}
	for _, p := range parts[keep:] {
		inJoint := slices.ContainsFunc(lines[keep:], func(l joined) bool { return l.Number == p.Number && l.MD5 == p.MD5 })
		if !inJoint && !waiting.has(p) {
			return fmt.Errorf("%w: part %d with the MD5 %s has not been stored", blobs.ErrMismatch, p.Number, p.MD5)
		}
	}
	if keep < len(lines) {
		if err := j.unjoin(ctx, lines, ends, keep); err != nil {
			return err
		}
	}
	for _, p := range parts[keep:] {
		if err := j.append(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// publish makes joint the blob it is to be.
func (j *join) publish(info blobs.Info) error {
	if j.published {
		return nil
	}
	t := &temp{File: j.joint, s: j.s}
	j.joint = nil
	if err := j.s.publish(t, info.Key, info.Size); err != nil {
		j.joint = t.File
		return err
	}
	return nil
}
