package server

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/access"
	"github.com/reliquary/reliquary/artifacts/server/graph"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// A fileAddress is what the older download addresses say. Clients fall back to
// them when a signed one fails, and use them where they never asked for one.
type fileAddress struct {
	entity   string
	artifact int64 // the version that the client wants the file of; 0 if not said
	birth    int64 // the version that brought the bytes; 0 if not said
	digest   string
	name     string
}

// parseAddress reads /artifactsV2/... and /artifacts/.... Old manifests leave
// the birth artifact empty, and only newer clients name the artifact, so the
// path is read from its end.
func parseAddress(escaped string) (fileAddress, bool) {
	parts := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	for i := range parts {
		part, err := url.PathUnescape(parts[i])
		if err != nil {
			return fileAddress{}, false
		}
		parts[i] = part
	}
	var a fileAddress
	var digest string
	switch n := len(parts); {
	case parts[0] == "artifacts" && n == 3:
		a.entity, digest = parts[1], parts[2]
		a.name = digest
	case parts[0] == "artifactsV2" && (n == 8 || n == 9):
		a.entity, a.name, digest = parts[2], parts[n-1], parts[n-2]
		a.birth, _ = graph.ParseArtifactID(parts[n-3])
		if n == 9 {
			a.artifact, _ = graph.ParseArtifactID(parts[5])
		}
	default:
		return fileAddress{}, false
	}
	sum, err := hex.DecodeString(digest)
	if err != nil || len(sum) == 0 {
		return fileAddress{}, false
	}
	a.digest = base64.StdEncoding.EncodeToString(sum)
	return a, true
}

// serveDownload answers the older download addresses, which need a key.
func (s *Server) serveDownload(w *response, r *http.Request) {
	w.log.Operation = "download"
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.refuse(http.StatusMethodNotAllowed, "files are fetched with GET, not with "+r.Method)
		return
	}
	user, ok := s.authenticated(w, r)
	if !ok {
		return
	}
	a, ok := parseAddress(r.URL.EscapedPath())
	if !ok {
		w.refuse(http.StatusNotFound, "there is nothing at "+r.URL.Path)
		return
	}
	f, err := s.findFile(r.Context(), access.NewViewer(s.o.Metadata, user), a)
	if err != nil {
		w.refuse(statusOf(err), err.Error())
		return
	}
	s.transfer.ServeBlob(w, r, transfer.Download{Key: f.Key, Size: f.Size, Name: a.name})
}

// findFile finds the bytes that an address means, if the viewer may see them:
// what the birth artifact brought, what the version that was named lists, or
// what the entity has under the digest.
func (s *Server) findFile(ctx context.Context, v *access.Viewer, a fileAddress) (metadata.StoredFile, error) {
	notFound := &metadata.Error{Kind: metadata.KindNotFound, Message: "there is no such file: " + a.name}
	if a.birth != 0 {
		birth, err := s.o.Metadata.ArtifactByID(ctx, a.birth)
		if err == nil {
			var ok bool
			if ok, err = v.MayFetch(ctx, birth.EntityID, birth.ProjectID); ok {
				if f, err := s.o.Metadata.StoredFile(ctx, a.birth, a.digest); !metadata.IsNotFound(err) {
					return f, err
				}
			}
		}
		if err != nil && !metadata.IsNotFound(err) {
			return metadata.StoredFile{}, err
		}
	}
	var denied error
	if a.artifact != 0 {
		f, err := s.listedFile(ctx, v, a)
		switch metadata.KindOf(err) {
		case metadata.KindNotFound:
		case metadata.KindDenied:
			denied = err
		default:
			return f, err
		}
	}
	e, err := s.o.Metadata.Entity(ctx, a.entity)
	switch {
	case denied != nil:
		return metadata.StoredFile{}, denied
	case metadata.IsNotFound(err):
		return metadata.StoredFile{}, notFound
	case err != nil:
		return metadata.StoredFile{}, err
	}
	if ok, err := v.MayFetch(ctx, e.ID, 0); err != nil {
		return metadata.StoredFile{}, err
	} else if !ok {
		return metadata.StoredFile{}, notFound
	}
	found, err := s.o.Metadata.StoredFiles(ctx, e.ID, []string{a.digest})
	if err != nil {
		return metadata.StoredFile{}, err
	}
	f, ok := found[a.digest]
	if !ok {
		return f, notFound
	}
	// The entity may have projects that are for some of its members only.
	birth, err := s.o.Metadata.ArtifactByID(ctx, f.ArtifactID)
	if err != nil {
		return metadata.StoredFile{}, err
	}
	if ok, err = v.MayFetch(ctx, birth.EntityID, birth.ProjectID); err == nil && !ok {
		err = notFound
	}
	return f, err
}

// listedFile finds a file in the version that an address names, which may be
// visible through a portfolio only.
func (s *Server) listedFile(ctx context.Context, v *access.Viewer, a fileAddress) (metadata.StoredFile, error) {
	notFound := &metadata.Error{Kind: metadata.KindNotFound, Message: "there is no such file: " + a.name}
	members, err := s.o.Metadata.MembershipsOf(ctx, []int64{a.artifact})
	if err != nil {
		return metadata.StoredFile{}, err
	}
	var visible, fetchable bool
	for _, m := range members[a.artifact] {
		role, err := v.ProjectRole(ctx, m.EntityID, m.ProjectID)
		if err != nil {
			return metadata.StoredFile{}, err
		}
		visible = visible || role != ""
		fetchable = fetchable || role.Rank() >= metadata.ViewerRole.Rank()
	}
	switch {
	case !visible:
		return metadata.StoredFile{}, notFound
	case !fetchable:
		return metadata.StoredFile{}, &metadata.Error{Kind: metadata.KindDenied, Message: fmt.Sprintf("permission denied: '%s' may see this artifact, but not fetch its files", v.User.Username)}
	}
	files, err := s.o.Metadata.ListFiles(ctx, a.artifact, metadata.FileOptions{Page: metadata.Page{
		First: 1, Filter: &metadata.Filter{Field: "digest", Op: metadata.Eq, Value: a.digest},
	}})
	if err != nil {
		return metadata.StoredFile{}, err
	}
	if len(files.Edges) == 0 || files.Edges[0].Node.Key == "" {
		return metadata.StoredFile{}, notFound
	}
	f := files.Edges[0].Node
	return metadata.StoredFile{ArtifactID: f.BirthArtifactID, Digest: f.Digest, Key: f.Key, Size: f.Size}, nil
}
