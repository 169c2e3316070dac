package sqlite

import (
	"context"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func directionName(d metadata.Direction) string {
	if d == metadata.Input {
		return "INPUT"
	}
	return "OUTPUT"
}

// recordRunArtifact records that a run wrote or read a version, once.
func recordRunArtifact(ctx context.Context, q session, runID int64, d metadata.Direction, artifactID int64, usedAs string, now int64) error {
	return run(ctx, q, "INSERT INTO run_artifacts (run_id, direction, artifact_id, used_as, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", runID, directionName(d), artifactID, usedAs, now)
}

// UseArtifact records that a run read a committed artifact. What is recorded
// already costs no transaction: programs use the same versions again and again.
func (s *Store) UseArtifact(ctx context.Context, runID, artifactID int64, usedAs string) error {
	known := false
	err := s.read(ctx, func(q session) (err error) {
		known, err = first(ctx, q, scanBool, "SELECT EXISTS (SELECT 1 FROM run_artifacts x JOIN artifacts a ON a.id = x.artifact_id WHERE x.run_id = ? AND x.direction = 'INPUT' AND x.artifact_id = ? AND a.state = 'COMMITTED')", runID, artifactID)
		return err
	})
	if err != nil || known {
		return err
	}
	return s.write(ctx, func(q session) error {
		if err := mustExist(ctx, q, "runs", runID, "run"); err != nil {
			return err
		}
		if _, err := committedArtifact(ctx, q, artifactID); err != nil {
			return err
		}
		return recordRunArtifact(ctx, q, runID, metadata.Input, artifactID, usedAs, s.now())
	})
}

func runArtifactList(runID int64, d metadata.Direction) list[metadata.Artifact] {
	return list[metadata.Artifact]{
		subject: metadata.VersionSubject, owner: []any{"run", runID, d},
		sel: artifactColumns, from: "run_artifacts x JOIN artifacts a ON a.id = x.artifact_id" + artifactJoins,
		where: "x.run_id = ? AND x.direction = ? AND a.state = 'COMMITTED'", args: []any{runID, directionName(d)},
		id: "x.id", order: []key{{expr: "x.id"}}, scan: scanArtifact, columns: artifactColumnsByField(),
	}
}

// RunArtifacts lists the committed artifacts that a run logged or used.
func (s *Store) RunArtifacts(ctx context.Context, runID int64, d metadata.Direction, p metadata.Page) (metadata.Connection[metadata.Artifact], error) {
	return paged(ctx, s, runArtifactList(runID, d), p)
}

// CountRunArtifacts counts the committed artifacts that a run logged or used.
func (s *Store) CountRunArtifacts(ctx context.Context, runID int64, d metadata.Direction) ([]metadata.Tally, error) {
	return tallied(ctx, s, runArtifactList(runID, d), "sp.entity_id, sp.id")
}

// tallied counts what is in a list by the entity and the project of it.
func tallied[T any](ctx context.Context, s *Store, l list[T], place string) ([]metadata.Tally, error) {
	var out []metadata.Tally
	err := s.read(ctx, func(q session) (err error) {
		out, err = all(ctx, q, func(r scanner) (t metadata.Tally, err error) {
			err = r.Scan(&t.EntityID, &t.ProjectID, &t.Count)
			return t, err
		}, "SELECT "+place+", count(*) FROM "+l.from+" WHERE "+l.where+" GROUP BY "+place, l.args...)
		return err
	})
	return out, err
}

func usedByList(artifactID int64) list[metadata.Run] {
	return list[metadata.Run]{
		subject: metadata.RunSubject, owner: []any{"users of", artifactID},
		sel: runColumns, from: "run_artifacts x JOIN runs r ON r.id = x.run_id" + runJoins,
		where: "x.artifact_id = ? AND x.direction = 'INPUT'", args: []any{artifactID},
		id: "x.id", order: []key{{expr: "x.id"}}, scan: scanRun, columns: runColumnsByField(),
	}
}

// UsedBy lists the runs that used an artifact, in the order in which they did.
func (s *Store) UsedBy(ctx context.Context, artifactID int64, p metadata.Page) (metadata.Connection[metadata.Run], error) {
	return paged(ctx, s, usedByList(artifactID), p)
}

// CountUsedBy counts the runs that used artifacts.
func (s *Store) CountUsedBy(ctx context.Context, artifactIDs []int64) (map[int64][]metadata.Tally, error) {
	type owned struct {
		owner int64
		tally metadata.Tally
	}
	rows, err := byIDs(ctx, s, artifactIDs, func(r scanner) (o owned, err error) {
		err = r.Scan(&o.owner, &o.tally.EntityID, &o.tally.ProjectID, &o.tally.Count)
		return o, err
	}, countUsedBy)
	tallies := map[int64][]metadata.Tally{}
	for _, o := range rows {
		tallies[o.owner] = append(tallies[o.owner], o.tally)
	}
	return tallies, err
}

const countUsedBy = `SELECT x.artifact_id, p.entity_id, p.id, count(*)
	FROM run_artifacts x JOIN runs r ON r.id = x.run_id JOIN projects p ON p.id = r.project_id
	WHERE x.artifact_id IN (SELECT value FROM json_each(?)) AND x.direction = 'INPUT' GROUP BY x.artifact_id, p.id ORDER BY x.artifact_id, p.id`
