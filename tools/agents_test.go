package tools_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// log logs a version of a collection with some files.
func (s *shop) log(t *testing.T, c *artifacts.Client, name, typeName string, files map[string]string) *artifacts.Artifact {
	t.Helper()
	d, err := artifacts.NewArtifact(typeName, name)
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range files {
		if err := d.AddBytes(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	a, err := c.LogArtifact(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a.Artifact
}

// TestForAgents uses the operations that answer an agent's whole question, on a
// registry that the wandb package has filled.
func TestForAgents(t *testing.T) {
	s := openShop(t)
	c := s.client(t, nil)
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *shop, *artifacts.Client)
	}{
		{"previews", previewsOfFiles},
		{"contents", contentsCompared},
		{"storage", storageOfProject},
		{"lineage of a run", lineageOfRun},
		{"tagging", taggingAsPlanned},
		{"deleting versions", deletingAsPlanned},
		{"deleting a collection", deletingCollectionAsPlanned},
		{"refused plans", plansRefused},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, s, c) })
	}
}

const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

func previewsOfFiles(t *testing.T, s *shop, c *artifacts.Client) {
	type row struct {
		ID    int64  `parquet:"id"`
		Label string `parquet:"label"`
	}
	var table bytes.Buffer
	w := parquet.NewGenericWriter[row](&table)
	for i := range 1000 {
		if _, err := w.Write([]row{{int64(i), fmt.Sprint("label ", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	header := `{"w":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}`
	picture, err := base64.StdEncoding.DecodeString(onePixel)
	if err != nil {
		t.Fatal(err)
	}
	s.log(t, c, "previews", "mixed", map[string]string{
		"config.yaml":        "lr: 0.1\n",
		"long.txt":           strings.Repeat("é", 20_000),
		"data/table.csv":     "id,name\n1,a\n2,b\n3,c\n",
		"rows.jsonl":         "{\"q\": \"why\"}\n{\"q\": \"what\"}\n",
		"t.parquet":          table.String(),
		"results.table.json": `{"_type":"table","columns":["acc","n"],"data":[[0.5,1],[0.7,2]],"ncols":2,"nrows":2}`,
		"m.safetensors":      string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + strings.Repeat("\x00", 12),
		"p.png":              string(picture),
		"w.bin":              "\x00\x01\x02",
		"liar.parquet":       "not at all",
	})
	see := func(path string) tools.PreviewArtifactFileOutput {
		t.Helper()
		return call[tools.PreviewArtifactFileOutput](t, c, "preview_artifact_file", args{"artifact": "previews", "path": path, "rows": 2})
	}
	columns := func(o tools.PreviewArtifactFileOutput) string {
		var names []string
		for _, c := range o.Columns {
			names = append(names, c.Name)
		}
		return strings.Join(names, " ")
	}
	for _, tt := range []struct {
		path, format, columns string
		rows                  int64
		complete              bool
	}{
		{"data/table.csv", "csv", "id name", 3, false},
		{"rows.jsonl", "jsonl", "q", 2, true},
		{"t.parquet", "parquet", "id label", 1000, false},
		{"results.table.json", "table", "acc n", 2, true},
	} {
		o := see(tt.path)
		if o.Format != tt.format || columns(o) != tt.columns || o.Rows == nil || *o.Rows != tt.rows || len(o.FirstRows) != 2 || o.Complete != tt.complete {
			t.Errorf("%s: %+v", tt.path, o)
		}
	}
	if o := see("config.yaml"); o.Format != "text" || o.Text != "lr: 0.1\n" || !o.Complete {
		t.Errorf("config.yaml: %+v", o)
	}
	if o := see("long.txt"); len(o.Text) != 6000 || o.Complete || o.Hint == "" || o.SizeBytes != 40_000 {
		t.Errorf("long.txt: %d bytes, %v, %q", len(o.Text), o.Complete, o.Hint)
	}
	if o := see("m.safetensors"); o.TensorCount != 1 || len(o.Tensors) != 1 || o.Tensors[0].Name != "w" {
		t.Errorf("m.safetensors: %+v", o)
	}
	if o := see("p.png"); o.Format != "image" || o.Width != 1 || o.Height != 1 || !o.Complete {
		t.Errorf("p.png: %+v", o)
	}
	if o := see("w.bin"); o.Format != "binary" || o.Hint == "" {
		t.Errorf("w.bin: %+v", o)
	}
	if o := see("liar.parquet"); o.Format != "text" || !strings.Contains(o.Hint, "not what its name says") {
		t.Errorf("liar.parquet: %+v", o)
	}
	if e := refuse(t, c, "preview_artifact_file", args{"artifact": "previews", "path": "confg.yaml"}); e.Code != artifacts.KindNotFound || !slices.Contains(e.Candidates, "config.yaml") {
		t.Errorf("a misspelt path: %+v", e)
	}
	if e := refuse(t, c, "preview_artifact_file", args{"artifact": "resnet-weights", "path": "paper.pdf"}); e.Code != artifacts.KindDenied {
		t.Errorf("a reference: %+v", e)
	}
}

func contentsCompared(t *testing.T, s *shop, c *artifacts.Client) {
	header := func(tensors string) string {
		return string(binary.LittleEndian.AppendUint64(nil, uint64(len(tensors)))) + tensors + strings.Repeat("\x00", 64)
	}
	s.log(t, c, "compared", "mixed", map[string]string{
		"a.csv": "id,name\n1,a\n", "m.safetensors": header(`{"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"old":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}}`),
		"liar.parquet": "one", "same.csv": "a\n1\n",
	})
	s.log(t, c, "compared", "mixed", map[string]string{
		"a.csv": "id,score\n1,2\n2,3\n", "m.safetensors": header(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`),
		"liar.parquet": "two", "same.csv": "a\n1\n",
	})
	out := call[tools.CompareArtifactsOutput](t, c, "compare_artifacts", args{"from": "compared:v0", "to": "compared:v1"})
	if len(out.Contents) != 3 {
		t.Fatalf("looked into %+v", out.Contents)
	}
	table, liar, tensors := out.Contents[0], out.Contents[1], out.Contents[2]
	if *table.RowsFrom != 1 || *table.RowsTo != 2 || !slices.Equal(table.ColumnsAdded, []string{"score"}) || !slices.Equal(table.ColumnsRemoved, []string{"name"}) {
		t.Errorf("the table: %+v", table)
	}
	if !slices.Equal(tensors.TensorsChanged, []string{"w"}) || !slices.Equal(tensors.TensorsRemoved, []string{"old"}) {
		t.Errorf("the tensors: %+v", tensors)
	}
	if liar.Failed == "" {
		t.Errorf("the file that is no Parquet: %+v", liar)
	}
	if none := call[tools.CompareArtifactsOutput](t, c, "compare_artifacts", args{"from": "compared:v0", "to": "compared:v1", "skip_contents": true}); none.Contents != nil {
		t.Errorf("looked into %+v", none.Contents)
	}
}

func storageOfProject(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.GetStorageUsageOutput](t, c, "get_storage_usage", args{"limit": 50})
	var sum tools.Bytes
	for _, a := range out.LargestCollections {
		sum += a.SizeBytes
	}
	if sum != out.SizeBytes || !out.Complete || out.Collections != len(out.LargestCollections) {
		t.Errorf("sums %d and %d of %d collections: %+v", sum, out.SizeBytes, out.Collections, out)
	}
	if !slices.IsSortedFunc(out.LargestVersions, func(a, b tools.StorageVersion) int { return int(b.SizeBytes - a.SizeBytes) }) {
		t.Error("not the largest first")
	}
	unused := call[tools.GetStorageUsageOutput](t, c, "get_storage_usage", args{"limit": 50, "unused_only": true, "type": "model"})
	// 44 checkpoints, without the latest, and resnet-weights:v0.
	if unused.UnusedVersions != 45 || len(unused.LargestVersions) != 45 {
		t.Errorf("%d unused, %d shown", unused.UnusedVersions, len(unused.LargestVersions))
	}
	if v := unused.LargestVersions[0]; v.Artifact != s.path("resnet-weights:v0") || !v.Unused {
		t.Errorf("the largest is %+v", v)
	}
	if e := refuse(t, c, "get_storage_usage", args{"type": "modle"}); !slices.Contains(e.Candidates, "model") {
		t.Errorf("a misspelt type: %+v", e)
	}
}

func lineageOfRun(t *testing.T, s *shop, c *artifacts.Client) {
	out := call[tools.GetLineageOutput](t, c, "get_lineage", args{"run": s.runs["train"], "depth": 1})
	var mine tools.LineageRun
	users := map[string][]string{}
	for _, r := range out.Runs {
		if strings.HasSuffix(r.Run, s.runs["train"]) {
			mine = r
		}
		for _, a := range r.Used {
			users[a] = append(users[a], r.Run)
		}
	}
	slices.Sort(mine.Logged)
	if !out.Complete || !slices.Equal(mine.Used, []string{s.path("imagenet-mini:v1")}) ||
		!slices.Equal(mine.Logged, []string{s.path("odd-texts:v0"), s.path("resnet-weights:v0"), s.path("resnet-weights:v1")}) {
		t.Errorf("the run: %+v", mine)
	}
	if u := users[s.path("resnet-weights:v1")]; len(u) != 1 || !strings.HasSuffix(u[0], s.runs["evaluate"]) {
		t.Errorf("who used the model: %v", u)
	}
	for _, bad := range []args{{}, {"run": "x", "artifact": "y"}} {
		refuse(t, c, "get_lineage", bad)
	}
}

func plan(t *testing.T, c *artifacts.Client, a args) tools.PlanChangeOutput {
	t.Helper()
	return call[tools.PlanChangeOutput](t, c, "plan_change", a)
}

func apply(t *testing.T, c *artifacts.Client, p tools.PlanChangeOutput) tools.ApplyPlanOutput {
	t.Helper()
	return call[tools.ApplyPlanOutput](t, c, "apply_plan", args{"plan_id": p.PlanID})
}

func taggingAsPlanned(t *testing.T, s *shop, c *artifacts.Client) {
	which := args{"action": "tag_collections", "name_contains": "EVAL", "add_tags": []string{"evaluation"}}
	p := plan(t, c, which)
	var names []string
	for _, i := range p.Items {
		names = append(names, i.Name)
	}
	if want := []string{s.path("Eval-old"), s.path("eval-results")}; !slices.Equal(names, want) || p.PlanID == "" {
		t.Fatalf("planned %+v", p)
	}
	if out := apply(t, c, p); out.Done != 2 || !out.Complete {
		t.Errorf("did %+v", out)
	}
	for _, name := range names {
		a := call[tools.GetArtifactCollectionOutput](t, c, "get_artifact_collection", args{"collection": name})
		if !slices.Contains(a.Tags, "evaluation") {
			t.Errorf("%s has tags %v", name, a.Tags)
		}
	}
	if again := plan(t, c, which); again.PlanID != "" || len(again.Kept) != 2 {
		t.Errorf("planned again: %+v", again)
	}
	// The plan saw them without the tag.
	if e := refuse(t, c, "apply_plan", args{"plan_id": p.PlanID}); e.Code != artifacts.KindConflict {
		t.Errorf("applied twice: %+v", e)
	}
}

func deletingAsPlanned(t *testing.T, s *shop, c *artifacts.Client) {
	const shared = "these bytes are in all of them"
	for n := range 3 {
		s.log(t, c, "drafts", "model", map[string]string{"shared": shared, "own": strings.Repeat("x", 100+n)})
	}
	p := plan(t, c, args{"action": "delete_artifacts", "collection": "drafts"})
	if len(p.Items) != 2 || len(p.Kept) != 1 || !strings.Contains(p.Kept[0].Why, "latest") || p.Items[0].Why == "" {
		t.Errorf("planned %+v", p)
	}
	if p.SizeBytes == nil || *p.SizeBytes != tools.Bytes(201+2*len(shared)) || p.FreedBytes == nil || *p.FreedBytes != 201 {
		t.Errorf("sizes: %v, of which %v would be freed", p.SizeBytes, p.FreedBytes)
	}
	if out := apply(t, c, p); out.Done != 2 || !out.Complete {
		t.Errorf("did %+v", out)
	}
	used := plan(t, c, args{"action": "delete_artifacts", "artifacts": []string{"imagenet-mini:v1"}})
	if len(used.UsedBy) != 1 || !slices.Contains(used.Indirect, s.path("eval-results:v0")) || len(used.Warnings) == 0 || !used.UsesComplete {
		t.Errorf("consumers: %+v", used)
	}
}

func deletingCollectionAsPlanned(t *testing.T, s *shop, c *artifacts.Client) {
	p := plan(t, c, args{"action": "delete_collection", "collection": "scratch"})
	if len(p.Items) != 1 || p.PlanID == "" {
		t.Errorf("planned %+v", p)
	}
	if out := apply(t, c, p); !out.Complete {
		t.Errorf("did %+v", out)
	}
	if e := refuse(t, c, "get_artifact_collection", args{"collection": "scratch"}); e.Code != artifacts.KindNotFound {
		t.Errorf("it is still there: %+v", e)
	}
}

func plansRefused(t *testing.T, s *shop, c *artifacts.Client) {
	p := plan(t, c, args{"action": "delete_artifacts", "artifacts": []string{"resnet-weights:v0"}})
	call[tools.UpdateArtifactOutput](t, c, "update_artifact", args{"artifact": "resnet-weights:v0", "add_aliases": []string{"kept"}})
	if e := refuse(t, c, "apply_plan", args{"plan_id": p.PlanID}); e.Code != artifacts.KindConflict || !strings.Contains(e.Message, "nothing was changed") {
		t.Errorf("the state moved: %+v", e)
	}
	for _, id := range []string{"", "change_", "change_AAAA", p.PlanID[:len(p.PlanID)-2], strings.Replace(p.PlanID, "change_", "plan_", 1)} {
		if e := refuse(t, c, "apply_plan", args{"plan_id": id}); e.Code != artifacts.KindInvalid {
			t.Errorf("%q: %+v", id, e)
		}
	}
	for _, bad := range []args{
		{"action": "delete_artifacts"},
		{"action": "delete_artifacts", "artifacts": []string{"a"}, "collection": "b"},
		{"action": "delete_artifacts", "artifacts": []string{"a"}, "add_tags": []string{"b"}},
		{"action": "delete_collection"},
		{"action": "tag_collections", "add_tags": []string{"a"}},
		{"action": "tag_collections", "name_contains": "a"},
		{"action": "tag_collections", "name_contains": "a", "add_tags": []string{"b"}, "remove_tags": []string{"b"}},
	} {
		if e := refuse(t, c, "plan_change", bad); e.Code != artifacts.KindInvalid || e.Next == "" {
			t.Errorf("%v: %+v", bad, e)
		}
	}
}
