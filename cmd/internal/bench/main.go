// Command bench runs the measurements that are worth comparing over time, one
// after the other on an otherwise quiet machine, and judges them by the
// project's goals. Each row is one benchmark, which can be run alone; what it
// gave is kept in a file per row in artifacts/testdata/bench, and the README
// there is made of all of them.
//
// With several runs, rows are run in turns, and medians are kept.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	out := flag.String("out", "artifacts/testdata/bench", "`folder` for the results")
	only := flag.String("row", "", "measure only rows whose names match this `regexp`")
	runs := flag.Int("runs", 1, "how many times to measure each row")
	long := flag.Bool("long", false, "measure for longer where that tells more")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *only, *runs, *long); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, only string, runs int, long bool) error {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	where, err := describeMachine(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	measured := make([][][]line, len(chosen))
	for n := range runs {
		for i, r := range chosen {
			fmt.Fprintf(os.Stderr, "%s (%d of %d): %s\n", r.name, n+1, runs, r.title)
			lines, err := r.measure(ctx, long)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			measured[i] = append(measured[i], lines)
			got := result{Row: r.name, Machine: where, Day: time.Now().UTC().Format("2 January 2006"), Runs: n + 1, Long: long && r.long != "", Lines: medians(measured[i])}
			if err := got.save(out); err != nil {
				return err
			}
			os.Stderr.Write(got.table(r))
		}
	}
	return renderAll(out)
}

// choose returns the rows whose names match.
func choose(only string) ([]row, error) {
	re, err := regexp.Compile("^(" + cmp.Or(only, ".*") + ")$")
	if err != nil {
		return nil, err
	}
	chosen := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !re.MatchString(r.name) })
	if len(chosen) == 0 {
		var names []string
		for _, r := range rows {
			names = append(names, r.name)
		}
		return nil, fmt.Errorf("no row is called %s; there are %s", only, strings.Join(names, ", "))
	}
	return chosen, nil
}

// command is what measures the row.
func (r row) command() []string {
	return []string{"go", "test", "-run", "^$", "-timeout", "1h", "-bench", r.benchmark, "-benchtime", r.times, r.folder}
}

// measure runs the benchmark. One that prints no results has been renamed or
// has failed to say so, and is an error.
func (r row) measure(ctx context.Context, long bool) ([]line, error) {
	args := r.command()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = os.Environ()
	if long && r.long != "" {
		cmd.Env = append(cmd.Env, r.long)
	}
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(stdout)
	if werr := cmd.Wait(); werr != nil {
		_, _ = os.Stderr.Write(text)
		return nil, werr
	}
	if err != nil {
		return nil, err
	}
	lines, err := parse(string(text))
	if err == nil && len(lines) == 0 {
		err = fmt.Errorf("%s has no benchmark %s", r.folder, r.benchmark)
	}
	return lines, err
}

// medians joins the lines of several runs, and keeps how far apart they were.
func medians(runs [][]line) []line {
	var out []line
	for _, first := range runs[0] {
		l := line{Case: first.Case}
		for _, m := range first.Metrics {
			var values []float64
			for _, lines := range runs {
				for _, other := range lines {
					for _, o := range other.Metrics {
						if other.Case == l.Case && o.Unit == m.Unit {
							values = append(values, o.Value)
						}
					}
				}
			}
			slices.Sort(values)
			joined := metric{Value: values[len(values)/2], Unit: m.Unit}
			if low, high := values[0], values[len(values)-1]; low < high {
				joined.Low, joined.High = low, high
			}
			l.Metrics = append(l.Metrics, joined)
		}
		out = append(out, l)
	}
	return out
}

// A result is what a row gave, as it is kept.
type result struct {
	Row     string `json:"row"`
	Machine string `json:"machine"`
	Day     string `json:"day"`
	Runs    int    `json:"runs"`
	Long    bool   `json:"long,omitempty"`
	Lines   []line `json:"lines"`
}

func (r result) save(folder string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, r.Row+".json"), append(text, '\n'), 0o666)
}

// load reads what is kept of a row, false if there is nothing.
func load(folder, name string) (result, bool, error) {
	var r result
	text, err := os.ReadFile(filepath.Join(folder, name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err == nil, err
}

// renderAll writes the README of the folder from everything that is kept.
func renderAll(folder string) error {
	var kept []result
	for _, r := range rows {
		got, ok, err := load(folder, r.name)
		if err != nil {
			return err
		}
		if ok {
			kept = append(kept, got)
		}
	}
	return os.WriteFile(filepath.Join(folder, "README.md"), render(kept), 0o666)
}
