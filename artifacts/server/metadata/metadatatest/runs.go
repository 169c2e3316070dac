package metadatatest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func runTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"upsert creates run and project": func(t *testing.T, r *registry) {
			run, made, err := r.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "ann", Project: "new", Name: "r9", UserID: r.user.ID, DisplayName: ptr("sunny"), Tags: []string{"b", "a"}, Config: ptr(`{"lr":{"value":0.1}}`)})
			r.ok(err)
			if !made || run.Entity != "ann" || run.EntityID != r.user.EntityID || run.Project != "new" || run.Name != "r9" || run.DisplayName != "sunny" || run.Username != "ann" || run.State != "running" {
				t.Errorf("made %v: %+v", made, run)
			}
			same(t, "tags", run.Tags, []string{"b", "a"})
			same(t, "documents", run.Config+run.SummaryMetrics, `{"lr":{"value":0.1}}{}`)
		},
		"nil leaves fields as they are": func(t *testing.T, r *registry) {
			id := metadata.RunUpdate{Entity: "ann", Project: "vision", Name: "run1"}
			full := id
			full.DisplayName, full.Description, full.Notes, full.Group, full.JobType, full.Sweep = ptr("d"), ptr("e"), ptr("n"), ptr("g"), ptr("j"), ptr("s")
			full.State, full.Host, full.Program, full.Repo, full.Commit = ptr("finished"), ptr("h"), ptr("p"), ptr("r"), ptr("c")
			full.Config, full.SummaryMetrics, full.Tags = ptr(`{"a":1}`), ptr(`{"b":2}`), []string{"x"}
			before, made, err := r.UpsertRun(r.ctx, full)
			r.ok(err)
			if made {
				t.Error("the run was made again")
			}
			got := fmt.Sprint(before.DisplayName, before.Description, before.Notes, before.Group, before.JobType, before.Sweep, before.State, before.Host, before.Program, before.Repo, before.Commit, before.Config, before.SummaryMetrics, before.Tags)
			same(t, "fields", got, `dengjsfinishedhprc{"a":1}{"b":2}[x]`)
			after, _, err := r.UpsertRun(r.ctx, id)
			r.ok(err)
			before.UpdatedAt, before.HeartbeatAt = after.UpdatedAt, after.HeartbeatAt
			same(t, "after an empty update", after, before)
			byID, _, err := r.UpsertRun(r.ctx, metadata.RunUpdate{ID: after.ID, Notes: ptr(""), Tags: []string{}})
			r.ok(err)
			if byID.Notes != "" || len(byID.Tags) != 0 || byID.Group != "g" {
				t.Errorf("after clearing: %+v", byID)
			}
		},
		"look up": func(t *testing.T, r *registry) {
			byName, err := r.Run(r.ctx, r.project.ID, "run1")
			r.ok(err)
			same(t, "by name", byName, r.run)
			byID, err := r.RunByID(r.ctx, r.run.ID)
			r.ok(err)
			same(t, "by id", byID, r.run)
			several, err := r.RunsByID(r.ctx, []int64{r.run.ID, 999})
			r.ok(err)
			same(t, "by ids", several, []metadata.Run{r.run})
			_, err = r.Run(r.ctx, r.project.ID, "nope")
			r.fails(err, metadata.KindNotFound, "nope")
			_, err = r.RunByID(r.ctx, 999)
			r.fails(err, metadata.KindNotFound, "999")
			_, _, err = r.UpsertRun(r.ctx, metadata.RunUpdate{ID: 999})
			r.fails(err, metadata.KindNotFound, "999")
		},
		"bad documents are refused": func(t *testing.T, r *registry) {
			for _, text := range []string{"", "[1]", "null", "{", "\"x\"", "{\"a\":\xff}"} {
				_, _, err := r.UpsertRun(r.ctx, metadata.RunUpdate{ID: r.run.ID, Config: &text})
				r.fails(err, metadata.KindInvalid, "config")
				_, _, err = r.UpsertRun(r.ctx, metadata.RunUpdate{ID: r.run.ID, SummaryMetrics: &text})
				r.fails(err, metadata.KindInvalid, "summary")
			}
			_, made, err := r.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "nobody", Project: "p", Name: "r"})
			r.fails(err, metadata.KindNotFound, "nobody")
			if made {
				t.Error("made")
			}
			_, _, err = r.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "ann", Project: "late", Name: "a/b"})
			r.fails(err, metadata.KindInvalid, "a/b")
			_, err = r.Project(r.ctx, "ann", "late")
			r.fails(err, metadata.KindNotFound)
		},
		"list, filter and count": func(t *testing.T, r *registry) {
			for i, state := range []string{"finished", "failed", "finished"} {
				_, _, err := r.UpsertRun(r.ctx, metadata.RunUpdate{Entity: "ann", Project: "vision", Name: fmt.Sprint("n", i), State: &state, Tags: []string{"all", fmt.Sprint("t", i)},
					Config: ptr(fmt.Sprintf(`{"batch":{"value":%d},"deep":{"value":{"er":"x%d"}}}`, 16<<i, i)), SummaryMetrics: ptr(fmt.Sprintf(`{"loss":%d.5}`, i))})
				r.ok(err)
			}
			for filter, want := range map[string]string{
				``:                                      "run1 n0 n1 n2",
				`{"state":"finished"}`:                  "n0 n2",
				`{"config.batch":32}`:                   "n1",
				`{"config.batch.value":{"$gte":32}}`:    "n1 n2",
				`{"config.deep.er":"x2"}`:               "n2",
				`{"summary_metrics.loss":{"$lt":1}}`:    "n0",
				`{"summaryMetrics.loss":{"$gt":0.7}}`:   "n1 n2",
				`{"tags":"t1"}`:                         "n1",
				`{"tags":{"$in":["t0","t2"]}}`:          "n0 n2",
				`{"tags":{"$ne":"all"}}`:                "run1",
				`{"$or":[{"name":"n0"},{"name":"n2"}]}`: "n0 n2",
				`{"displayName":""}`:                    "run1 n0 n1 n2",
				`{"username":"ann"}`:                    "run1",
				`{"username":null}`:                     "n0 n1 n2",
				`{"username":{"$ne":"ann"}}`:            "n0 n1 n2",
				`{"created_at":{"$gt":"2001-01-01"}}`:   "run1 n0 n1 n2",
				`{"createdAt":{"$lt":"2001-01-01"}}`:    "",
			} {
				f, err := metadata.ParseFilter(filter)
				r.ok(err)
				list := walk(t, 2, func(p metadata.Page) (metadata.Connection[metadata.Run], error) {
					return r.ListRuns(r.ctx, r.project.ID, p)
				}, metadata.Page{Filter: f})
				same(t, "runs with "+filter, texts(list, func(r metadata.Run) string { return r.Name }), want)
				n, err := r.CountRuns(r.ctx, r.project.ID, f)
				r.ok(err)
				if n != len(list) {
					t.Errorf("%s: counted %d, listed %d", filter, n, len(list))
				}
			}
			for order, want := range map[string]string{
				"-created_at":           "n2 n1 n0 run1",
				"+createdAt":            "run1 n0 n1 n2",
				"-name":                 "run1 n2 n1 n0",
				"state,-name":           "n1 n2 n0 run1",
				"-summary_metrics.loss": "n2 n1 n0 run1",
				"+summary_metrics.loss": "run1 n0 n1 n2",
			} {
				o, err := metadata.ParseOrder(order)
				r.ok(err)
				for size := 1; size <= 5; size++ {
					list := walk(t, size, func(p metadata.Page) (metadata.Connection[metadata.Run], error) {
						return r.ListRuns(r.ctx, r.project.ID, p)
					}, metadata.Page{Order: o})
					same(t, fmt.Sprint("runs by ", order, " in pages of ", size), texts(list, func(r metadata.Run) string { return r.Name }), want)
				}
			}
		},
	}
}

func streamTests() map[string]func(*testing.T, *registry) {
	return map[string]func(*testing.T, *registry){
		"lines are kept by offset": func(t *testing.T, r *registry) {
			r.ok(r.AppendRunLines(r.ctx, r.run.ID, "history", 0, []string{"a", "b"}))
			r.ok(r.AppendRunLines(r.ctx, r.run.ID, "history", 2, []string{"c"}))
			r.ok(r.AppendRunLines(r.ctx, r.run.ID, "history", 1, []string{"B", "C"})) // tried again
			r.ok(r.AppendRunLines(r.ctx, r.run.ID, "events", 0, []string{"e"}))
			r.ok(r.AppendRunLines(r.ctx, r.run.ID, "empty", 7, nil))
			counts, err := r.RunLineCounts(r.ctx, r.run.ID)
			r.ok(err)
			if counts["history"] != 3 || counts["events"] != 1 || counts["empty"] != 0 {
				t.Errorf("counts %v", counts)
			}
			for n, want := range map[int]string{0: "", 1: "C", 2: "B C", 99: "a B C"} {
				lines, err := r.RunTail(r.ctx, r.run.ID, "history", n)
				r.ok(err)
				same(t, fmt.Sprint("the last ", n), strings.Join(lines, " "), want)
			}
			lines, err := r.RunTail(r.ctx, r.run.ID, "unknown", 3)
			r.ok(err)
			if len(lines) != 0 {
				t.Errorf("an unknown stream has %v", lines)
			}
		},
		"bad lines are refused": func(t *testing.T, r *registry) {
			r.fails(r.AppendRunLines(r.ctx, 999, "history", 0, []string{"a"}), metadata.KindNotFound, "999")
			r.fails(r.AppendRunLines(r.ctx, r.run.ID, "history", -1, []string{"a"}), metadata.KindInvalid, "-1")
			r.fails(r.AppendRunLines(r.ctx, r.run.ID, "", 0, []string{"a"}), metadata.KindInvalid)
			_, err := r.RunTail(r.ctx, r.run.ID, "history", -1)
			r.fails(err, metadata.KindInvalid)
		},
		"lines move the heartbeat": func(t *testing.T, r *registry) {
			r.ok(r.AppendRunLines(r.ctx, r.run.ID, "history", 0, []string{"a"}))
			run, err := r.RunByID(r.ctx, r.run.ID)
			r.ok(err)
			if run.HeartbeatAt.Before(r.run.HeartbeatAt) {
				t.Errorf("heartbeat %v before %v", run.HeartbeatAt, r.run.HeartbeatAt)
			}
		},
		"files of a run": func(t *testing.T, r *registry) {
			for _, name := range []string{"b.txt", "media/a.png", "B.txt"} {
				r.ok(r.PutRunFile(r.ctx, r.run.ID, metadata.RunFile{Name: name, Key: keyOf(name), MD5: "m", Size: 3}))
			}
			r.ok(r.PutRunFile(r.ctx, r.run.ID, metadata.RunFile{Name: "b.txt", Key: keyOf("new"), MD5: "n", Size: 4}))
			f, err := r.RunFile(r.ctx, r.run.ID, "b.txt")
			r.ok(err)
			if f.Key != keyOf("new") || f.MD5 != "n" || f.Size != 4 || f.UpdatedAt.IsZero() {
				t.Errorf("file %+v", f)
			}
			_, err = r.RunFile(r.ctx, r.run.ID, "nope")
			r.fails(err, metadata.KindNotFound, "nope")
			list := walk(t, 2, func(p metadata.Page) (metadata.Connection[metadata.RunFile], error) {
				return r.ListRunFiles(r.ctx, r.run.ID, p)
			}, metadata.Page{})
			same(t, "files", texts(list, func(f metadata.RunFile) string { return f.Name }), "B.txt b.txt media/a.png")
			n, err := r.CountRunFiles(r.ctx, r.run.ID)
			r.ok(err)
			if n != 3 {
				t.Errorf("%d files, want 3", n)
			}
			r.fails(r.PutRunFile(r.ctx, 999, metadata.RunFile{Name: "x", Key: keyOf("x")}), metadata.KindNotFound)
			r.fails(r.PutRunFile(r.ctx, r.run.ID, metadata.RunFile{Name: "x", Key: "short"}), metadata.KindInvalid, "SHA-256")
			r.fails(r.PutRunFile(r.ctx, r.run.ID, metadata.RunFile{Name: "", Key: keyOf("x")}), metadata.KindInvalid)
			r.fails(r.PutRunFile(r.ctx, r.run.ID, metadata.RunFile{Name: "x", Key: keyOf("x"), Size: -1}), metadata.KindInvalid)
		},
	}
}
