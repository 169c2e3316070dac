package mcpserver_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"
)

// BenchmarkStart measures what a client waits for when it starts the program:
// from exec to the answer to tools/list. It reports medians, what the process
// holds in memory then (and of that, what no file holds), and the size of the
// answer; and the same of
// github-mcp-server, a widely used MCP server in Go, in turns with ours, if
// GITHUB_MCP_SERVER names its program.
func BenchmarkStart(b *testing.B) {
	home := b.TempDir()
	var peer *starting
	if path := os.Getenv("GITHUB_MCP_SERVER"); path != "" {
		peer = &starting{binary: path, args: []string{"stdio"}, env: []string{"HOME=" + home, "GITHUB_PERSONAL_ACCESS_TOKEN=none", "GITHUB_HOST=http://127.0.0.1:1"}}
	}
	for _, place := range []struct{ name, setting string }{
		{"registry", "RELIQUARY_DIR=" + filepath.Join(home, "registry")},
		{"unreachable_server", "WANDB_BASE_URL=http://127.0.0.1:1"},
	} {
		b.Run(place.name, func(b *testing.B) {
			ours := &starting{binary: binary, args: []string{"mcp"}, env: []string{"HOME=" + home, place.setting}}
			unread(b, ours)
			ours.once(b) // makes the registry
			*ours = starting{binary: ours.binary, args: ours.args, env: ours.env}
			if peer != nil {
				unread(b, peer)
			}
			for range b.N {
				ours.once(b)
				if peer != nil {
					peer.once(b)
				}
			}
			b.ReportMetric(0, "ns/op")
			ours.report(b, "")
			if peer != nil {
				peer.report(b, "github-mcp-server-")
				b.ReportMetric(float64(median(ours.took))/float64(median(peer.took)), "times-the-time")
				b.ReportMetric(median(ours.resident)/median(peer.resident), "times-the-memory")
			}
		})
	}
}

func median[T time.Duration | float64](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// A starting is a program that is started again and again, and what was measured.
type starting struct {
	binary    string
	args, env []string

	took      []time.Duration
	resident  []float64 // KiB
	anonymous []float64 // of it
	listBytes int
}

func (s *starting) report(b *testing.B, prefix string) {
	b.ReportMetric(float64(median(s.took))/float64(time.Millisecond), prefix+"ms")
	b.ReportMetric(median(s.resident)*1024/1e6, prefix+"MB-resident")
	b.ReportMetric(median(s.anonymous)*1024/1e6, prefix+"MB-anonymous")
	b.ReportMetric(float64(s.listBytes), prefix+"bytes-of-tools/list")
}

// once starts the program, asks for its tools, and ends it.
func (s *starting) once(b *testing.B) {
	b.Helper()
	const requests = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":` + hello + `}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/list"}
`
	began := time.Now()
	cmd := exec.Command(s.binary, s.args...)
	cmd.Env = s.env
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if _, err := io.WriteString(stdin, requests); err != nil {
		b.Fatal(err)
	}
	for lines := bufio.NewReader(stdout); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			b.Fatalf("%s ended: %v", s.binary, err)
		}
		if bytes.Contains(line, []byte(`"id":2`)) {
			s.listBytes = len(line)
			break
		}
	}
	s.took = append(s.took, time.Since(began))
	var of struct{ resident, anonymous float64 }
	if runtime.GOOS == "linux" {
		of.resident, of.anonymous = memory(b, cmd.Process.Pid, "VmRSS:"), memory(b, cmd.Process.Pid, "RssAnon:")
	}
	s.resident, s.anonymous = append(s.resident, of.resident), append(s.anonymous, of.anonymous)
	_ = stdin.Close()
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

// memory is a figure of /proc/PID/status, in KiB.
func memory(b *testing.B, pid int, name string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte(name)); ok {
			n, err := strconv.ParseFloat(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 64)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("the kernel does not say %s", name)
	return 0
}

// unread has the kernel forget the program's file, so that what is resident of
// it is what starting it has read. A file that was just written, or read from
// end to end, lies in memory in large pieces, and touching one byte makes all of
// its piece resident: that would say how it came onto the disk.
func unread(b *testing.B, s *starting) {
	b.Helper()
	if err := forget(s.binary); err != nil {
		b.Fatal(err)
	}
}
