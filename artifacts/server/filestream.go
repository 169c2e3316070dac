package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/reliquary/reliquary/artifacts/server/access"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// A fileStream is one message of a live run: lines of its streams, and how it
// is doing. An empty one says that it is alive.
type fileStream struct {
	Files map[string]struct {
		Offset  int64    `json:"offset"` // in lines
		Content []string `json:"content"`
	} `json:"files"`
	Uploaded   []string `json:"uploaded"` // recorded by the uploads themselves
	Preempting bool     `json:"preempting"`
	Complete   bool     `json:"complete"`
	ExitCode   *int     `json:"exitcode"`
}

// summaryStream holds the run's summary; its last line is the whole of it.
const summaryStream = "wandb-summary.json"

// maxStreams bounds the streams of one message; clients have four.
const maxStreams = 64

// serveFileStream stores what a live run sends.
func (s *Server) serveFileStream(w *response, r *http.Request) {
	w.log.Operation = "file_stream"
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.refuse(http.StatusMethodNotAllowed, "a run's file stream is sent by POST, not by "+r.Method)
		return
	}
	user, ok := s.authenticated(w, r)
	if !ok {
		return
	}
	// entity/project/run; names hold no slash.
	path := strings.Split(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/files/"), "/file_stream"), "/")
	if len(path) != 3 {
		w.refuse(http.StatusNotFound, "there is nothing at "+r.URL.Path)
		return
	}
	run, err := s.runToWrite(r, user, path[0], path[1], path[2])
	if err != nil {
		w.refuse(statusOf(err), err.Error())
		return
	}
	var m fileStream
	r.Body = http.MaxBytesReader(w, r.Body, s.o.MaxBody)
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			w.refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("a file stream message may have %d bytes", tooLarge.Limit))
			return
		}
		w.refuse(http.StatusBadRequest, "the file stream message cannot be read: "+err.Error())
		return
	}
	if err := s.store(r, run, m); err != nil {
		w.refuse(statusOf(err), err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write([]byte("{}\n"))
}

func (s *Server) runToWrite(r *http.Request, user metadata.User, entity, project, name string) (metadata.Run, error) {
	ctx := r.Context()
	notFound := &metadata.Error{Kind: metadata.KindNotFound, Message: fmt.Sprintf("run '%s' not found in project '%s' of entity '%s'", name, project, entity)}
	p, err := s.o.Metadata.Project(ctx, entity, project)
	if metadata.IsNotFound(err) {
		return metadata.Run{}, notFound
	}
	if err != nil {
		return metadata.Run{}, err
	}
	role, err := access.NewViewer(s.o.Metadata, user).ProjectRole(ctx, p.EntityID, p.ID)
	switch {
	case err != nil:
		return metadata.Run{}, err
	case role == "": // as if it were not there
		return metadata.Run{}, notFound
	case role.Rank() < metadata.MemberRole.Rank():
		return metadata.Run{}, &metadata.Error{Kind: metadata.KindDenied, Message: fmt.Sprintf("permission denied: '%s' may not change runs of entity '%s'", user.Username, entity)}
	}
	run, err := s.o.Metadata.Run(ctx, p.ID, name)
	if metadata.IsNotFound(err) {
		err = notFound
	}
	return run, err
}

func (s *Server) store(r *http.Request, run metadata.Run, m fileStream) error {
	ctx := r.Context()
	if len(m.Files) > maxStreams {
		return &metadata.Error{Kind: metadata.KindInvalid, Message: fmt.Sprintf("a file stream message may name %d files, not %d", maxStreams, len(m.Files))}
	}
	update := metadata.RunUpdate{ID: run.ID, UserID: run.UserID}
	for name, part := range m.Files {
		if name == "" || part.Offset < 0 {
			return &metadata.Error{Kind: metadata.KindInvalid, Message: fmt.Sprintf("the file stream message is not understood: file %q, offset %d", name, part.Offset)}
		}
		if n := len(part.Content); name == summaryStream && n > 0 && json.Valid([]byte(part.Content[n-1])) {
			update.SummaryMetrics = &part.Content[n-1]
		}
		if len(part.Content) == 0 {
			continue
		}
		if err := s.o.Metadata.AppendRunLines(ctx, run.ID, name, part.Offset, part.Content); err != nil {
			return err
		}
	}
	state := runState(m)
	update.State = &state
	_, _, err := s.o.Metadata.UpsertRun(ctx, update) // a heartbeat, if nothing else
	return err
}

// runState is how a run is doing by what it says.
func runState(m fileStream) string {
	switch {
	case m.Complete && m.ExitCode != nil && *m.ExitCode != 0:
		return "failed"
	case m.Complete:
		return "finished"
	case m.Preempting:
		return "preempting"
	default:
		return "running"
	}
}
