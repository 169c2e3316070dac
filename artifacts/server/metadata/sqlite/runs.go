package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"unicode/utf8"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const (
	runColumns = "r.id, r.project_id, p.name, p.entity_id, e.name, r.user_id, u.username, r.name, r.display_name, r.description, r.notes, r.run_group, r.job_type, r.sweep, r.state, " +
		"r.host, r.program, r.repo, r.commit_hash, r.tags, r.config, r.summary_metrics, r.created_at, r.updated_at, r.heartbeat_at"
	runJoins = " JOIN projects p ON p.id = r.project_id JOIN entities e ON e.id = p.entity_id LEFT JOIN users u ON u.id = r.user_id"
	runFrom  = "runs r" + runJoins
)

func scanRun(row scanner, more ...any) (metadata.Run, error) {
	var r metadata.Run
	var user sql.NullInt64
	var username sql.NullString
	var tags string
	var created, updated, heartbeat int64
	if err := row.Scan(append([]any{&r.ID, &r.ProjectID, &r.Project, &r.EntityID, &r.Entity, &user, &username, &r.Name, &r.DisplayName, &r.Description, &r.Notes,
		&r.Group, &r.JobType, &r.Sweep, &r.State, &r.Host, &r.Program, &r.Repo, &r.Commit, &tags, &r.Config, &r.SummaryMetrics,
		&created, &updated, &heartbeat}, more...)...); err != nil {
		return r, err
	}
	r.UserID, r.Username = user.Int64, username.String
	r.CreatedAt, r.UpdatedAt, r.HeartbeatAt = fromMicro(created), fromMicro(updated), fromMicro(heartbeat)
	if err := json.Unmarshal([]byte(tags), &r.Tags); err != nil {
		return r, corrupt(err, "the tags of run %s are damaged: %v; run `reliquary doctor`", r.Name, err)
	}
	return r, nil
}

// optional is NULL for the id 0.
func optional(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// checkJSON refuses text that is not JSON of the wanted kind ('{' for objects).
func checkJSON(what string, text *string) error {
	if text == nil {
		return nil
	}
	var o map[string]json.RawMessage
	if !utf8.ValidString(*text) {
		return invalid("the %s is not valid UTF-8", what)
	}
	if err := json.Unmarshal([]byte(*text), &o); err != nil || o == nil {
		return invalid("the %s is not a JSON object; send one such as {\"key\": 1}", what)
	}
	return nil
}

func marshalTags(tags []string) (string, error) {
	if tags == nil {
		tags = []string{}
	}
	for _, t := range tags {
		if t == "" || len(t) > 4*metadata.MaxName || !utf8.ValidString(t) {
			return "", invalid("the run tag %.60q is not valid: use 1 to %d characters", t, metadata.MaxName)
		}
	}
	b, err := json.Marshal(tags)
	return string(b), err
}

// UpsertRun creates or updates a run.
func (s *Store) UpsertRun(ctx context.Context, u metadata.RunUpdate) (metadata.Run, bool, error) {
	if err := checkJSON("run's config", u.Config); err != nil {
		return metadata.Run{}, false, err
	}
	if err := checkJSON("run's summary", u.SummaryMetrics); err != nil {
		return metadata.Run{}, false, err
	}
	ctx = acting(ctx, "upsertBucket")
	var r metadata.Run
	var created bool
	err := s.write(ctx, func(q session) error {
		now := s.now()
		id := u.ID
		if id == 0 {
			p, _, err := ensureProject(ctx, q, u.Entity, u.Project, now)
			if err != nil {
				return err
			}
			if err := metadata.CheckRunName(u.Name); err != nil {
				return err
			}
			err = one(ctx, q, "SELECT id FROM runs WHERE project_id = ? AND name = ?", []any{p.ID, u.Name}, &id)
			if missing(err) {
				created = true
				err = one(ctx, q, `INSERT INTO runs (project_id, user_id, name, display_name, description, notes, run_group, job_type, sweep, state, host, program, repo, commit_hash,
					tags, config, summary_metrics, created_at, updated_at, heartbeat_at)
					VALUES (?, ?, ?, '', '', '', '', '', '', 'running', '', '', '', '', '[]', '{}', '{}', ?, ?, ?) RETURNING id`,
					[]any{p.ID, optional(u.UserID), u.Name, now, now, now}, &id)
			}
			if err != nil {
				return err
			}
		}
		if err := updateRun(ctx, q, id, u, now); err != nil {
			return err
		}
		var err error
		r, err = runByID(ctx, q, id)
		return err
	})
	return r, created, err
}

func updateRun(ctx context.Context, q session, id int64, u metadata.RunUpdate, now int64) error {
	var tags any
	if u.Tags != nil {
		text, err := marshalTags(u.Tags)
		if err != nil {
			return err
		}
		tags = text
	}
	return run(ctx, q, `UPDATE runs SET display_name = coalesce(?2, display_name), description = coalesce(?3, description), notes = coalesce(?4, notes),
		run_group = coalesce(?5, run_group), job_type = coalesce(?6, job_type), sweep = coalesce(?7, sweep), state = coalesce(?8, state), host = coalesce(?9, host),
		program = coalesce(?10, program), repo = coalesce(?11, repo), commit_hash = coalesce(?12, commit_hash), config = coalesce(?13, config),
		summary_metrics = coalesce(?14, summary_metrics), tags = coalesce(?15, tags), user_id = coalesce(user_id, ?16), updated_at = ?17, heartbeat_at = ?17 WHERE id = ?1`,
		id, u.DisplayName, u.Description, u.Notes, u.Group, u.JobType, u.Sweep, u.State, u.Host, u.Program, u.Repo, u.Commit, u.Config, u.SummaryMetrics,
		tags, optional(u.UserID), now)
}

func runByID(ctx context.Context, q session, id int64) (metadata.Run, error) {
	r, err := first(ctx, q, plainly(scanRun), "SELECT "+runColumns+" FROM "+runFrom+" WHERE r.id = ?", id)
	if missing(err) {
		return r, notFound("run %d not found", id)
	}
	return r, err
}

// Run finds a run by project and name.
func (s *Store) Run(ctx context.Context, projectID int64, name string) (metadata.Run, error) {
	var r metadata.Run
	err := s.read(ctx, func(q session) (err error) {
		r, err = first(ctx, q, plainly(scanRun), "SELECT "+runColumns+" FROM "+runFrom+" WHERE r.project_id = ? AND r.name = ?", projectID, name)
		if missing(err) {
			return notFound("run %q not found", name)
		}
		return err
	})
	return r, err
}

// RunByID finds a run.
func (s *Store) RunByID(ctx context.Context, id int64) (metadata.Run, error) {
	var r metadata.Run
	err := s.read(ctx, func(q session) (err error) {
		r, err = runByID(ctx, q, id)
		return err
	})
	return r, err
}

// idList is a list of ids as one argument, for "IN (SELECT value FROM json_each(?))".
func idList(ids []int64) (string, error) {
	b, err := json.Marshal(ids)
	if ids == nil {
		b = []byte("[]")
	}
	return string(b), err
}

// byIDs reads everything that a query with one list of ids finds. As with first,
// the query runs to its end; lists are no longer than a page.
func byIDs[T any](ctx context.Context, s *Store, ids []int64, scan func(scanner) (T, error), query string) ([]T, error) {
	text, err := idList(ids)
	if err != nil {
		return nil, err
	}
	var found []T
	err = s.read(ctx, func(q session) (err error) {
		if err := ctx.Err(); err != nil {
			return err
		}
		found, err = all(context.WithoutCancel(ctx), q, scan, query, text)
		return err
	})
	return found, err
}

// RunsByID returns the runs found.
func (s *Store) RunsByID(ctx context.Context, ids []int64) ([]metadata.Run, error) {
	return byIDs(ctx, s, ids, plainly(scanRun), "SELECT "+runColumns+" FROM "+runFrom+" WHERE r.id IN (SELECT value FROM json_each(?))")
}

func runColumnsByField() columns {
	return columns{
		"id": {expr: "r.id"}, "name": {expr: "r.name"}, "display_name": {expr: "r.display_name"}, "description": {expr: "r.description"}, "notes": {expr: "r.notes"},
		"state": {expr: "r.state"}, "group": {expr: "r.run_group"}, "job_type": {expr: "r.job_type"}, "sweep": {expr: "r.sweep"}, "host": {expr: "r.host"},
		"program": {expr: "r.program"}, "repo": {expr: "r.repo"}, "commit": {expr: "r.commit_hash"}, "username": {expr: "u.username", nullable: true},
		"tags":   {words: "SELECT 1 FROM json_each(r.tags) w WHERE", word: "w.value"},
		"config": {expr: "r.config", nullable: true, wrapped: "value"}, "summary_metrics": {expr: "r.summary_metrics", nullable: true},
		"created_at": {expr: "r.created_at"}, "updated_at": {expr: "r.updated_at"}, "heartbeat_at": {expr: "r.heartbeat_at"},
	}
}

func runList(projectID int64) list[metadata.Run] {
	return list[metadata.Run]{
		subject: metadata.RunSubject, owner: []any{"project", projectID},
		sel: runColumns, from: runFrom, where: "r.project_id = ?", args: []any{projectID},
		id: "r.id", order: []key{{expr: "r.created_at"}}, scan: scanRun, columns: runColumnsByField(),
	}
}

// ListRuns lists the runs of a project, oldest first.
func (s *Store) ListRuns(ctx context.Context, projectID int64, p metadata.Page) (metadata.Connection[metadata.Run], error) {
	return paged(ctx, s, runList(projectID), p)
}

// CountRuns counts the runs of a project that fit a filter.
func (s *Store) CountRuns(ctx context.Context, projectID int64, f *metadata.Filter) (int, error) {
	return counted(ctx, s, runList(projectID), f)
}
