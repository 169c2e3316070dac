package artifacts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// This file is the one place where answers of the server become public types.

func toViewer(u *wire.User) Viewer {
	v := Viewer{ID: string(u.ID), Username: text(u.Username), Email: text(u.Email), Entity: text(u.Entity)}
	if u.Teams != nil {
		for _, e := range u.Teams.Edges {
			if e.Node != nil {
				v.Teams = append(v.Teams, e.Node.Name)
			}
		}
	}
	return v
}

func toTypeAttrs(t *wire.ArtifactType) (ArtifactTypeAttrs, error) {
	created, err := moment("createdAt", t.CreatedAt)
	return ArtifactTypeAttrs{ID: string(t.ID), Name: t.Name, Description: t.Description, CreatedAt: created}, err
}

func toCollectionAttrs(c *wire.ArtifactCollection) (ArtifactCollectionAttrs, error) {
	a := ArtifactCollectionAttrs{
		ID:          string(c.ID),
		Name:        c.Name,
		Type:        c.DefaultArtifactType.Name,
		Description: c.Description,
		Tags:        []string{},
	}
	switch c.Typename {
	case wire.SequenceTypename:
		a.Kind = Sequence
	case wire.PortfolioTypename:
		a.Kind = Portfolio
	default:
		return a, corrupt("a collection is a %q, neither sequence nor portfolio", c.Typename)
	}
	if c.Project == nil {
		return a, corrupt("collection %q is in no project", c.Name)
	}
	a.Entity, a.Project = c.Project.Entity.Name, c.Project.Name
	if c.Tags != nil {
		for _, e := range c.Tags.Edges {
			if e.Node != nil {
				a.Tags = append(a.Tags, e.Node.Name)
			}
		}
	}
	var err error
	if a.CreatedAt, err = moment("createdAt", c.CreatedAt); err != nil {
		return a, err
	}
	a.UpdatedAt, err = maybeMoment("updatedAt", c.UpdatedAt)
	return a, err
}

// A seat is the collection in which a version is seen.
type seat struct {
	entity, project, collection string
	version                     string // "v<N>"
	index                       int
}

// number is the seat with the version "v<N>" of its collection.
func (s seat) number(version string) (seat, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(version, "v"))
	if err != nil || n < 0 || !strings.HasPrefix(version, "v") {
		return seat{}, corrupt("a version of collection %q is called %q, which is not v<N>", s.collection, version)
	}
	s.version, s.index = version, n
	return s, nil
}

// ownSeat is a version's place in the sequence that it was logged to.
func ownSeat(w *wire.Artifact) (seat, error) {
	entity, project := within(&w.ArtifactSequence)
	if w.VersionIndex == nil {
		return seat{}, corrupt("a version of collection %q has no number", w.ArtifactSequence.Name)
	}
	return seat{entity, project, w.ArtifactSequence.Name, "v" + strconv.Itoa(*w.VersionIndex), *w.VersionIndex}, nil
}

// within says where a collection lies; both are "" if the viewer may not see that.
func within(p *wire.Place) (entity, project string) {
	if p.Project == nil {
		return "", ""
	}
	return p.Project.Entity.Name, p.Project.Name
}

// toArtifact makes a version that was logged at own and is seen at at. aliases
// are those that count there.
func (c *Client) toArtifact(w *wire.Facts, typeName string, own, at seat, aliases []string) (*Artifact, error) {
	a := &Artifact{
		ID:               string(w.ID),
		Entity:           at.entity,
		Project:          at.project,
		Collection:       at.collection,
		Version:          at.version,
		VersionIndex:     at.index,
		Aliases:          aliases,
		SourceEntity:     own.entity,
		SourceProject:    own.project,
		SourceCollection: own.collection,
		SourceVersion:    own.version,
		Type:             typeName,
		State:            State(w.State),
		Tags:             make([]string, len(w.Tags)),
		Description:      w.Description,
		Digest:           w.Digest,
		CommitHash:       text(w.CommitHash),
		Size:             w.Size,
		FileCount:        w.FileCount,
		TTLIsInherited:   w.TTLIsInherited != nil && *w.TTLIsInherited,
		HistoryStep:      w.HistoryStep,
		client:           c,
	}
	for i, t := range w.Tags {
		a.Tags[i] = t.Name
	}
	// Zero and below say "none" in several ways.
	if s := w.TTLDurationSeconds; s != nil && *s > 0 {
		ttl := time.Duration(*s) * time.Second
		a.TTL = &ttl
	}
	var err error
	if a.Metadata, err = metadata(w.Metadata); err != nil {
		return nil, err
	}
	if a.CreatedAt, err = moment("createdAt", w.CreatedAt); err != nil {
		return nil, err
	}
	if a.UpdatedAt, err = maybeMoment("updatedAt", w.UpdatedAt); err != nil {
		return nil, err
	}
	return a, nil
}

// withOrigin adds who logged a version and how many runs used it, as far as that
// was asked for.
func withOrigin(a *Artifact, o *wire.Origin) *Artifact {
	if a == nil {
		return nil
	}
	a.CreatedBy = toCreator(o.CreatedBy)
	if o.UsedBy != nil {
		a.UseCount = o.UsedBy.TotalCount
	}
	return a
}

func toCreator(w *wire.Creator) *Creator {
	switch {
	case w == nil:
		return nil
	case w.Typename == wire.UserTypename:
		return &Creator{Username: text(w.Username)}
	case w.Typename != wire.RunTypename || w.Project == nil:
		return nil
	}
	run := toRunPath(&w.RunPlace)
	c := &Creator{Run: &run, RunName: text(w.DisplayName)}
	if w.User != nil {
		c.Username = text(w.User.Username)
	}
	return c
}

// metadata reads JSON text that came inside a JSON string.
func metadata(s *string) (json.RawMessage, error) {
	if s == nil || *s == "" || *s == "null" {
		return nil, nil
	}
	raw := json.RawMessage(*s)
	if !json.Valid(raw) || bytes.TrimLeft(raw, " \t\r\n")[0] != '{' {
		return nil, corrupt("a version's metadata is not a JSON object")
	}
	return raw, nil
}

// aliasesIn are the aliases that count in one collection. Which version an
// alias of the form v<N> means is said by the version's number, not here.
func aliasesIn(collection wire.ID, all []wire.Alias) []string {
	out := make([]string, 0, len(all))
	for _, a := range all {
		if a.ArtifactCollection != nil && a.ArtifactCollection.ID == collection && !isVersion(a.Alias) {
			out = append(out, a.Alias)
		}
	}
	return out
}

// isVersion reports whether an alias has the form v<N>.
func isVersion(alias string) bool {
	digits, ok := strings.CutPrefix(alias, "v")
	if !ok || digits == "" {
		return false
	}
	return strings.Trim(digits, "0123456789") == ""
}

func toFile(w *wire.File) (*File, error) {
	f := &File{
		ID:          string(w.ID),
		Name:        w.DisplayName,
		Size:        w.SizeBytes,
		Mimetype:    text(w.Mimetype),
		Digest:      text(w.Digest),
		MD5:         text(w.MD5),
		StoragePath: text(w.StoragePath),
		DirectURL:   text(w.DirectURL),
		URL:         text(w.URL),
	}
	var err error
	f.UpdatedAt, err = maybeMoment("updatedAt", w.UpdatedAt)
	return f, err
}

func toPageInfo(p wire.PageInfo, total *int) PageInfo {
	return PageInfo{EndCursor: text(p.EndCursor), HasNextPage: p.HasNextPage, TotalCount: total}
}

// text is the string that p points to, or "".
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// moment reads a time. W&B's servers write RFC 3339, older ones without a zone,
// which means UTC.
func moment(field, s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, corrupt("%s is %q, which is not a time", field, s)
}

func maybeMoment(field string, s *string) (*time.Time, error) {
	if s == nil || *s == "" {
		return nil, nil
	}
	t, err := moment(field, *s)
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// corrupt is an answer that cannot be understood.
func corrupt(format string, args ...any) *Error {
	return &Error{
		Kind:    KindCorrupt,
		Message: "the server's answer makes no sense: " + fmt.Sprintf(format, args...),
		Next:    "report it to whoever runs the server",
	}
}
