package artifacts_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// A contest is one registry that our client and the newest wandb package work
// on in turns. The package runs in a process that has been started before
// anything is timed, and with the settings that make it fastest: neither its
// import nor its console, system statistics or code saving are counted.
type contest struct {
	*servertest.Registry
	b  *testing.B
	py *session
}

// contestProject holds what contests log.
const contestProject = "contest"

func newContest(b *testing.B) *contest {
	b.Helper()
	c := &contest{Registry: servertest.Start(b), b: b}
	releases := servertest.Versions()
	newest := releases[len(releases)-1]
	c.py = startPython(b, c.Python(b, newest), newest)
	b.Cleanup(c.py.close)
	c.wandb(`
import gc, os, shutil, time, wandb
settings = wandb.Settings(silent=True, console="off", save_code=False, disable_git=True, x_disable_stats=True, x_disable_meta=True)
run = wandb.init(project=project, job_type="contest", settings=settings)
api = wandb.Api()
result = {}
def timed(work):
    start = time.perf_counter()
    got = work()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "got": got}
`, map[string]any{"project": contestProject})
	b.Cleanup(func() { _ = c.py.python("run.finish()", nil, nil) })
	return c
}

// wandb runs code with the wandb package. Code that sets result to what timed
// gives says how long the work took.
func (c *contest) wandb(code string, args map[string]any) time.Duration {
	c.b.Helper()
	var out struct{ Seconds float64 }
	if err := c.py.python(code, args, &out); err != nil {
		c.b.Fatal(err)
	}
	return time.Duration(out.Seconds * float64(time.Second))
}

// client makes a client with a cache, as connect does, and nothing learnt yet.
func (c *contest) client(cache string) *artifacts.Client {
	c.b.Helper()
	client, err := artifacts.New(artifacts.Config{
		BaseURL: c.URL, APIKey: c.Key, Project: contestProject, Files: artifacts.FileConfig{CacheDir: cache},
	})
	if err != nil {
		c.b.Fatal(err)
	}
	c.b.Cleanup(func() { client.Close() })
	return client
}

// timed says how long work takes that must not fail.
func (c *contest) timed(work func() error) time.Duration {
	c.b.Helper()
	start := time.Now()
	if err := work(); err != nil {
		c.b.Fatal(err)
	}
	return time.Since(start)
}

// A round runs our work and that of the wandb package once each.
type round struct {
	name         string
	ours, theirs func() time.Duration
	writes       int64 // bytes that each of the two leaves on the disk, if they are many
}

// play runs the rounds one after the other, each as a benchmark of its own whose
// times are of one pass: later rounds work on what earlier ones left. Ours and
// theirs take turns in beginning.
func (c *contest) play(rounds ...round) {
	for i, r := range rounds {
		c.b.Run(r.name, func(b *testing.B) {
			if b.N != 1 {
				b.Fatal("a contest is played once: -benchtime 1x")
			}
			defer func(outer *testing.B) { c.b = outer }(c.b)
			c.b = b
			var took, cpu [2]time.Duration
			for j := range 2 {
				who := (i + j) % 2
				// Nobody pays for what was written before, nor for memory.
				syscall.Sync()
				haveMemory(b, r.writes)
				before := c.cpu()
				took[who] = []func() time.Duration{r.ours, r.theirs}[who]()
				cpu[who] = c.cpu() - before
			}
			report(b, took[0], took[1])
			// On a machine with other work to do this says more than the time.
			b.ReportMetric(cpu[0].Seconds()*1000, "reliquary-cpu-ms")
			b.ReportMetric(cpu[1].Seconds()*1000, "wandb-cpu-ms")
		})
	}
}

// haveMemory makes the system have so many bytes of memory at hand to keep
// written files in. A virtual machine gives free memory back to its host, and
// getting it again takes up to ten times as long as writing to it: whoever
// happened to be first would pay for that.
func haveMemory(b *testing.B, bytes int64) {
	b.Helper()
	if bytes == 0 {
		return
	}
	f, err := os.CreateTemp(b.TempDir(), "")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for buf := make([]byte, 1<<20); bytes > 0; bytes -= int64(len(buf)) {
		if _, err := f.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.Remove(f.Name()); err != nil {
		b.Fatal(err)
	}
}

// cpu is the processor time that the registry, our client and the wandb package
// with its helpers have taken so far. It is 0 where there is no /proc.
func (c *contest) cpu() time.Duration {
	c.b.Helper()
	type process struct {
		parent int
		ticks  int64
	}
	all := map[int]process{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// The name in parentheses may hold anything. The parent is field 4,
		// utime and stime are 14 and 15.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		var n [3]int64
		for i, at := range []int{1, 11, 12} {
			if n[i], err = strconv.ParseInt(fields[at], 10, 64); err != nil {
				c.b.Fatal(err)
			}
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			c.b.Fatal(err)
		}
		all[pid] = process{int(n[0]), n[1] + n[2]}
	}
	var ticks int64
	for pid, p := range all {
		for at := pid; at > 1; at = all[at].parent {
			if at == os.Getpid() {
				ticks += p.ticks
				break
			}
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 everywhere
}

// report gives both times and how many times faster ours is.
func report(b *testing.B, ours, theirs time.Duration) {
	b.ReportMetric(0, "ns/op") // the two together mean nothing
	b.ReportMetric(ours.Seconds()*1000, "reliquary-ms")
	b.ReportMetric(theirs.Seconds()*1000, "wandb-ms")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times-faster")
}

// middle is the median.
func middle(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}
