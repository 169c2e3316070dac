// Command bench runs the measurements that are worth comparing over time, one
// after the other on an otherwise quiet machine, prints them as a table, and
// writes the table with a description of the machine into
// artifacts/testdata/bench/README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"
)

// A measurement is one Go benchmark and what it tells.
type measurement struct {
	title string
	// How it is run, as one would by hand.
	folder, benchmark, times string
}

// measurements are in the order of the table.
var measurements = []measurement{
	{"Listing 10,000 versions: ours over HTTP, ours in process, wandb.Api()", "./artifacts", "^BenchmarkListVersions$", "3x"},
	{"`reliquary mcp`: from exec to the answer to tools/list", "./tools/mcpserver", "^BenchmarkStart$", "20x"},
	{"One page of versions from the server", "./artifacts/server", "^BenchmarkPage$", "200x"},
	{"Storing a blob durably", "./artifacts/server/blobs/dir", "^BenchmarkPut$", "50x"},
}

func main() {
	out := flag.String("out", "artifacts/testdata/bench/README.md", "`file` to write the results to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string) error {
	var results []result
	for _, m := range measurements {
		fmt.Fprintf(os.Stderr, "measuring: %s\n", m.title)
		lines, err := m.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", m.title, err)
		}
		results = append(results, result{m, lines})
	}
	where, err := describeMachine(ctx)
	if err != nil {
		return err
	}
	text := render(results, where, time.Now())
	if _, err := os.Stdout.Write(text); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o666)
}

// command is the go command that runs the measurement.
func (m measurement) command() []string {
	return []string{"go", "test", "-run", "^$", "-bench", m.benchmark, "-benchtime", m.times, m.folder}
}

// run runs the benchmark. One that prints no results has been renamed or has
// failed to say so, and is an error.
func (m measurement) run(ctx context.Context) ([]line, error) {
	args := m.command()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
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
		err = fmt.Errorf("%s has no benchmark %s", m.folder, m.benchmark)
	}
	return lines, err
}
