package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// A result is a measurement and what it gave.
type result struct {
	measurement
	lines []line
}

// render writes the results as Markdown, for the terminal and the file alike.
func render(results []result, where string, when time.Time) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Measurements\n\nWritten by `make bench` on %s, on %s.\n"+
		"Compare them with others of the same machine only.\n",
		when.UTC().Format("2 January 2006"), where)
	for _, r := range results {
		fmt.Fprintf(&b, "\n## %s\n\n`%s`\n\n| case | result |\n|---|---|\n", r.title, strings.Join(quoted(r.command()), " "))
		for _, l := range r.lines {
			var shown []string
			for _, m := range l.metrics {
				shown = append(shown, m.String())
			}
			fmt.Fprintf(&b, "| %s | %s |\n", l.name, strings.Join(shown, ", "))
		}
	}
	return b.Bytes()
}

// String shows three figures: no measurement here is better than that.
func (m metric) String() string {
	// Go wants a unit to be one word: "wandb-ms", "times-faster".
	what, unit := "", strings.ReplaceAll(m.unit, "-", " ")
	if name, ok := strings.CutSuffix(unit, " ms"); ok {
		what, unit = name+" ", "ms"
	}
	value := m.value
	// Nanoseconds of whole requests are hard to read.
	if unit == "ns/op" {
		switch {
		case value >= 1e9:
			value, unit = value/1e9, "s"
		case value >= 1e6:
			value, unit = value/1e6, "ms"
		case value >= 1e3:
			value, unit = value/1e3, "µs"
		default:
			unit = "ns"
		}
	}
	if value >= 100 || value == math.Trunc(value) {
		return fmt.Sprintf("%s%.0f %s", what, value, unit)
	}
	return fmt.Sprintf("%s%.3g %s", what, value, unit)
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
