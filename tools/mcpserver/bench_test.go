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
// holds in memory then, and the size of the answer.
func BenchmarkStart(b *testing.B) {
	home := b.TempDir()
	for _, place := range []struct{ name, setting string }{
		{"registry", "RELIQUARY_DIR=" + filepath.Join(home, "registry")},
		{"unreachable_server", "WANDB_BASE_URL=http://127.0.0.1:1"},
	} {
		b.Run(place.name, func(b *testing.B) {
			var took []time.Duration
			var resident []float64
			size := 0
			for range b.N {
				d, kB, n := startOnce(b, []string{"HOME=" + home, place.setting})
				took, resident, size = append(took, d), append(resident, kB), n
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(median(took))/float64(time.Millisecond), "ms")
			if kB := median(resident); kB > 0 {
				b.ReportMetric(kB/1024, "MiB-resident")
			}
			b.ReportMetric(float64(size), "bytes-of-tools/list")
		})
	}
}

func median[T time.Duration | float64](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// startOnce starts the program, asks for its tools, and ends it.
func startOnce(b *testing.B, env []string) (took time.Duration, residentKB float64, listBytes int) {
	b.Helper()
	const requests = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":` + hello + `}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/list"}
`
	began := time.Now()
	cmd := exec.Command(binary, "mcp")
	cmd.Env = env
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
			b.Fatalf("the program ended: %v", err)
		}
		if bytes.Contains(line, []byte(`"id":2`)) {
			listBytes = len(line)
			break
		}
	}
	took = time.Since(began)
	if runtime.GOOS == "linux" {
		residentKB = resident(b, cmd.Process.Pid)
	}
	_ = stdin.Close()
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return took, residentKB, listBytes
}

// resident is the memory that a process holds, in KiB.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			n, err := strconv.ParseFloat(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 64)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatal("the kernel does not say VmRSS")
	return 0
}
