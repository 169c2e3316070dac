// Command quickstart shows the whole journey on one machine: it starts a
// registry in a folder of its own, has the real wandb package log real files
// to it, lets the official MCP client walk them through `reliquary mcp`, checks
// the registry, and cleans up. Whatever is not as it should be ends it with an
// error, so it is a test as well.
package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The Python programs that use the registry: wandb's, the agent's, wandb's again.
var (
	//go:embed log.py
	logScript string
	//go:embed walk.py
	walkScript string
	//go:embed readback.py
	readBackScript string
)

func main() {
	var j journey
	flag.StringVar(&j.binary, "binary", "build/reliquary", "the reliquary `program`")
	flag.StringVar(&j.wandb, "wandb", ".venv/wandb-0.31.0", "virtual `environment` with the wandb package")
	flag.StringVar(&j.mcp, "mcp", ".venv/mcp", "virtual `environment` with the MCP client")
	limit := flag.Duration("limit", 5*time.Minute, "give up after this long")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	if err := j.run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "\nquickstart: %v\n", err)
		os.Exit(1)
	}
}

// A journey is one run of the quickstart.
type journey struct {
	binary, wandb, mcp string

	home string // everything is below it, and it is removed at the end
	url  string
	key  string
}

func (j *journey) run(ctx context.Context) (err error) {
	started := time.Now()
	for _, path := range []*string{&j.binary, &j.wandb, &j.mcp} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if j.home, err = os.MkdirTemp("", "reliquary-quickstart-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(j.home)) }()

	step("A registry of your own", "reliquary serve --listen 127.0.0.1:0 --dir ...")
	end, err := j.serve(ctx)
	if err != nil {
		return err
	}
	stopped := false
	defer func() {
		if !stopped {
			err = errors.Join(err, end())
		}
	}()

	step("The wandb package logs real files to it", "WANDB_BASE_URL and WANDB_API_KEY are all it is told")
	if err := j.python(ctx, j.wandb, logScript); err != nil {
		return fmt.Errorf("logging with the wandb package: %w", err)
	}

	step("An agent's client walks them", "the official MCP client for Python, over stdio, with `reliquary mcp`")
	if err := j.python(ctx, j.mcp, walkScript, j.binary); err != nil {
		return fmt.Errorf("walking with the MCP client: %w", err)
	}

	step("The wandb package sees what the agent did", "and downloads what was logged, from an empty cache")
	if err := os.RemoveAll(filepath.Join(j.home, ".cache")); err != nil {
		return err
	}
	if err := j.python(ctx, j.wandb, readBackScript); err != nil {
		return fmt.Errorf("reading back with the wandb package: %w", err)
	}

	stopped = true
	if err := end(); err != nil {
		return err
	}
	step("Nothing was lost", "reliquary doctor --deep")
	if err := j.command(ctx, j.binary, "doctor", "--deep", "--dir", j.registry()).Run(); err != nil {
		return fmt.Errorf("checking the registry: %w", err)
	}
	fmt.Printf("\nAll of it took %.1f s. `build/reliquary serve` starts a registry that stays.\n", time.Since(started).Seconds())
	return nil
}

func (j *journey) registry() string { return filepath.Join(j.home, "registry") }

// serve starts the registry and waits until it listens. end stops it, and
// fails if it does not end cleanly.
func (j *journey) serve(ctx context.Context) (end func() error, err error) {
	cmd := j.command(ctx, j.binary, "serve", "--listen", "127.0.0.1:0", "--dir", j.registry())
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	// A warning of the server is something that the packages asked and it did
	// not understand: the journey must have none.
	var warnings strings.Builder
	cmd.Stderr = io.MultiWriter(os.Stderr, &warnings)
	cmd.Stdout = nil
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the registry: %w", err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "export WANDB_BASE_URL="); ok {
			j.url = v
		}
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "export WANDB_API_KEY="); ok {
			j.key = v
			// Keys are secrets even here, where this one opens nothing for long.
			line = strings.Replace(line, v[6:], strings.Repeat("*", 8), 1)
		}
		fmt.Println("  " + line)
		if strings.HasPrefix(line, "Ctrl-C ends it") {
			break
		}
	}
	end = func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return fmt.Errorf("ending the registry: %w", err)
		}
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("the registry did not end cleanly: %w", err)
		}
		if strings.Contains(warnings.String(), "level=WARN") || strings.Contains(warnings.String(), "level=ERROR") {
			return errors.New("the registry had something to complain about, see above")
		}
		return nil
	}
	if j.url == "" || j.key == "" {
		return nil, errors.Join(errors.New("the registry did not say where it is"), end())
	}
	return end, nil
}

// python runs a script in a virtual environment.
func (j *journey) python(ctx context.Context, venv, script string, args ...string) error {
	file := filepath.Join(j.home, "script.py")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return err
	}
	return j.command(ctx, filepath.Join(venv, "bin", "python"), append([]string{file}, args...)...).Run()
}

// command is a program in the journey's own world: a home directory that
// nobody has configured anything in, and only this registry to talk to.
func (j *journey) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = j.home
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + j.home,
		"LANG=C.UTF-8",
		"PYTHONUNBUFFERED=1",
		"WANDB_BASE_URL=" + j.url,
		"WANDB_API_KEY=" + j.key,
		"WANDB_SILENT=true",
		"WANDB_ERROR_REPORTING=false",
	}
	if tmp := os.Getenv("TMPDIR"); tmp != "" {
		cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	}
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	return cmd
}

func step(title, how string) {
	fmt.Printf("\n== %s\n   %s\n\n", title, how)
}
