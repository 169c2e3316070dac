package python

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// figures are what a script measured, by their units.
type figures map[string]float64

func parsedFigures(b *testing.B, text string) figures {
	b.Helper()
	var f figures
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		b.Fatalf("%q: %v", text, err)
	}
	return f
}

// measure runs a script of testdata/bench with the installed package.
func measure(b *testing.B, env []string, script string, args ...string) figures {
	b.Helper()
	out, err := run(env, python("bindings"), append([]string{filepath.Join("testdata", "bench", script)}, args...)...)
	if err != nil {
		b.Fatal(err)
	}
	return parsedFigures(b, out)
}

func median(runs []figures, unit string) float64 {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = r[unit]
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// BenchmarkCalls reports what a call costs a Python program: beside an empty
// function by the same mechanism, one after the other and 1,000 at
// once, and 1,000 at once that wait 10 ms each.
func BenchmarkCalls(b *testing.B) {
	faults, err := faultsLibrary()
	if err != nil {
		b.Fatal(err)
	}
	env := clean(b, "PYTHONPATH="+installed(b), "RELIQUARY_LIBRARY="+faults)
	var runs []figures
	for b.Loop() {
		runs = append(runs, measure(b, env, "calls.py"))
	}
	b.ReportMetric(0, "ns/op") // all of them together mean nothing
	for unit := range runs[0] {
		b.ReportMetric(median(runs, unit), unit)
	}
}

// The same with wandb.Api(): firstPage in a new process, list in one where
// everything has been imported.
const (
	firstPage = `
import resource, sys, time, json
def rss():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize() / 1e6
before, start = rss(), time.perf_counter()
import wandb
versions = iter(wandb.Api().artifacts("model", sys.argv[1] + "/many/net", per_page=50))
assert next(versions).version == "v9999"
print(json.dumps({"ms": (time.perf_counter() - start) * 1000, "MB": rss() - before}))`

	list = `
import json, sys, time, wandb
api = wandb.Api()
api.default_entity
def listed(per_page):
    start = time.perf_counter()
    versions = api.artifacts("model", sys.argv[1] + "/many/net", per_page=per_page)
    assert sum(v.size > 0 and v.name != "" for v in versions) == 10_000
    return (time.perf_counter() - start) * 1000
listed(1000)
print(json.dumps({"ms": listed(1000)}))`
)

// many is a registry with a collection of 10,000 versions, the first of which
// the wandb package has logged, and the environment of a program that uses it.
func many(b *testing.B) (*servertest.Registry, []string) {
	b.Helper()
	r := servertest.Start(b)
	r.Wandb(b, wandbVersion, `
import wandb
with wandb.init(project="many", settings=wandb.Settings(silent=True, console="off")) as run:
    net = wandb.Artifact("net", type="model", metadata={"epoch": 12, "loss": 0.25, "note": "nightly"})
    with net.new_file("weights.bin") as f:
        f.write("weights")
    run.log_artifact(net, tags=["nightly"]).wait()`)
	ctx := context.Background()
	project, err := r.Metadata.Project(ctx, r.Username, "many")
	if err != nil {
		b.Fatal(err)
	}
	c, err := r.Metadata.Collection(ctx, project.ID, "", "net")
	if err != nil {
		b.Fatal(err)
	}
	first, err := r.Metadata.Membership(ctx, c.ID, "latest")
	if err != nil {
		b.Fatal(err)
	}
	r.Repeat(b, first.Artifact.ID, 9_999)
	return r, append(clean(b), "PYTHONPATH="+installed(b), "WANDB_BASE_URL="+r.URL, "WANDB_API_KEY="+r.Key, "PYTHONDONTWRITEBYTECODE=")
}

// BenchmarkFirstPage reports, for a new process, the time from before the import
// to the first page of 50 versions from a server, and the memory that this adds;
// and both up to a first call, which is what the package alone takes, and what it
// takes with the registry in a folder.
func BenchmarkFirstPage(b *testing.B) {
	r, env := many(b)
	theirPython := r.Python(b, wandbVersion)
	registry := filepath.Join(b.TempDir(), "registry")
	measure(b, env, "first.py", r.Username) // brings files into memory
	measure(b, env, "first.py", "--dir", registry)
	var ours, embedded, theirs []figures
	for b.Loop() {
		ours = append(ours, measure(b, env, "first.py", r.Username))
		embedded = append(embedded, measure(b, env, "first.py", "--dir", registry))
		theirs = append(theirs, parsedFigures(b, theirPython.Run(b, firstPage, r.Username).Stdout))
	}
	reportBeside(b, ours, theirs)
	b.ReportMetric(median(ours, "MB"), "MB-resident")
	b.ReportMetric(median(theirs, "MB"), "MB-resident-of-wandb")
	b.ReportMetric(median(ours, "MB")/median(theirs, "MB"), "times-the-memory")
	b.ReportMetric(median(ours, "ms-to-the-first-call"), "ms-to-the-first-call")
	b.ReportMetric(median(ours, "MB-to-the-first-call"), "MB-to-the-first-call")
	b.ReportMetric(median(ours, "private-MB-to-the-first-call"), "private-MB-to-the-first-call")
	for _, unit := range []string{"ms-to-the-first-call", "MB-to-the-first-call", "private-MB-to-the-first-call"} {
		b.ReportMetric(median(embedded, unit), "registry-"+unit)
	}
}

// BenchmarkList reports how long 10,000 versions of a server take, as objects and
// as a data frame, beside objects of wandb.Api(), all by pages of 1,000.
func BenchmarkList(b *testing.B) {
	r, env := many(b)
	theirPython := r.Python(b, wandbVersion)
	for _, as := range []string{"objects", "dataframe"} {
		b.Run(as, func(b *testing.B) {
			var ours, theirs []figures
			for b.Loop() {
				ours = append(ours, measure(b, env, "list.py", r.Username, as))
				theirs = append(theirs, parsedFigures(b, theirPython.Run(b, list, r.Username).Stdout))
			}
			reportBeside(b, ours, theirs)
		})
	}
}

// reportBeside reports medians and how many times ours is faster.
func reportBeside(b *testing.B, ours, theirs []figures) {
	b.Helper()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ours, "ms"), "reliquary-ms")
	b.ReportMetric(median(theirs, "ms"), "wandb-ms")
	b.ReportMetric(median(theirs, "ms")/median(ours, "ms"), "times-faster")
}
