package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// render writes everything that is kept as Markdown: first the goals, then
// every row with all its figures.
func render(kept []result) []byte {
	var b bytes.Buffer
	b.WriteString("# Measurements\n\nWritten by `make bench`; `make bench ROW=name` measures one row, `RUNS=3` gives medians of three, `LONG=1` takes longer where\n" +
		"that tells more. Times are compared within one run only: what counts are the ratios.\n\n" +
		"Rows about files want a quiet file system: for a minute after thousands of files were deleted, ext4 takes thirty times as long to make\n" +
		"a file, for everybody. A sparse image of one is slow where it is written first. TMPDIR says where files are made.\n\n")
	b.Write(goalTable(kept))
	for _, r := range kept {
		b.WriteString("\n")
		b.Write(r.table(rowNamed(r.Row)))
	}
	return b.Bytes()
}

func rowNamed(name string) row {
	return rows[slices.IndexFunc(rows, func(r row) bool { return r.name == name })]
}

// goalTable says of every goal whether it is reached.
func goalTable(kept []result) []byte {
	var b bytes.Buffer
	b.WriteString("| row | case | goal | measured | |\n|---|---|---|---|---|\n")
	for _, r := range kept {
		for _, g := range rowNamed(r.Row).goals {
			for _, l := range r.Lines {
				if _, name, ok := strings.Cut("/"+l.Case, "/"); !ok || !strings.HasSuffix("/"+name, g.of) {
					continue
				}
				for _, m := range l.Metrics {
					if m.Unit != g.unit {
						continue
					}
					verdict := "missed"
					if g.reached(m.Value) {
						verdict = "reached"
					}
					_, what, _ := strings.Cut(l.Case, "/")
					fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.Row, strings.ReplaceAll(what, "_", " "), g, m, verdict)
				}
			}
		}
	}
	return b.Bytes()
}

// table writes one row with all its figures.
func (r result) table(of row) []byte {
	var b bytes.Buffer
	times := "once"
	if r.Runs > 1 {
		times = fmt.Sprintf("%d times (medians; in brackets the lowest and the highest)", r.Runs)
	}
	command := strings.Join(quoted(of.command()), " ")
	if r.Long {
		command = of.long + " " + command
	}
	fmt.Fprintf(&b, "## %s: %s\n\n`%s`\n\nRun %s, on %s, on %s.\n\n| case | result |\n|---|---|\n", r.Row, of.title, command, times, r.Day, r.Machine)
	for _, l := range r.Lines {
		var shown []string
		for _, m := range l.Metrics {
			shown = append(shown, m.String())
		}
		fmt.Fprintf(&b, "| %s | %s |\n", l.Case, strings.Join(shown, ", "))
	}
	if of.profile != "" {
		fmt.Fprintf(&b, "\n%s\n", of.profile)
	}
	return b.Bytes()
}

// String shows three figures: no measurement here is better than that.
func (m metric) String() string {
	// Go wants a unit to be one word: "wandb-ms", "times-faster".
	what, unit := "", strings.ReplaceAll(m.Unit, "-", " ")
	if name, ok := strings.CutSuffix(unit, " ms"); ok {
		what, unit = name+" ", "ms"
	}
	scale := 1.0
	// Nanoseconds of whole requests are hard to read.
	if unit == "ns/op" {
		switch {
		case m.Value >= 1e9:
			scale, unit = 1e9, "s"
		case m.Value >= 1e6:
			scale, unit = 1e6, "ms"
		case m.Value >= 1e3:
			scale, unit = 1e3, "µs"
		default:
			unit = "ns"
		}
	}
	value := figure(m.Value / scale)
	if low, high := figure(m.Low/scale), figure(m.High/scale); m.Low < m.High && low != high {
		value += fmt.Sprintf(" (%s to %s)", low, high)
	}
	return what + value + " " + unit
}

func figure(value float64) string {
	if value >= 100 || value == math.Trunc(value) {
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.3g", value)
}

// quoted is a command as a shell reads it.
func quoted(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if out[i] = a; strings.ContainsAny(a, "^$ *") {
			out[i] = "'" + a + "'"
		}
	}
	return out
}

// describeMachine says what the numbers were measured on, without saying
// whose machine it is.
func describeMachine(ctx context.Context) (string, error) {
	version, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return "", err
	}
	where := fmt.Sprintf("%s/%s with %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if cpu := procField("/proc/cpuinfo", "model name"); cpu != "" {
		where += " (" + cpu + ")"
	}
	if memory := procField("/proc/meminfo", "MemTotal"); memory != "" {
		var kB float64
		if _, err := fmt.Sscan(memory, &kB); err == nil {
			where += fmt.Sprintf(" and %.0f GiB", kB/(1<<20))
		}
	}
	return where + ", " + strings.TrimSpace(string(version)), nil
}

// procField is the first value of a name in a file of Linux's /proc, "" where
// there is none.
func procField(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for row := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(row, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
