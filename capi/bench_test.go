package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkLoad reports what a new process pays for the library: from dlopen
// to the answer of a first call, and the memory that it adds. A client of a
// server touches nothing but code; a registry opens a database as well.
func BenchmarkLoad(b *testing.B) {
	needLinux(b)
	lib := filepath.Join(library(b, shippedBuild), "libreliquary.so")
	program := plain.compileC(b, "load")
	for name, config := range map[string]string{
		"client":   `{"base_url":"http://127.0.0.1:9","api_key":"0123456789012345678901234567890123456789"}`,
		"registry": fmt.Sprintf(`{"dir":%q}`, filepath.Join(b.TempDir(), "registry")),
	} {
		b.Run(name, func(b *testing.B) {
			figures := make(map[string][]float64)
			load := func() {
				out, err := plain.output(b, program, lib, config)
				if err != nil {
					b.Fatalf("%v: %s", err, out)
				}
				fields := strings.Fields(out)
				for i := 0; i+1 < len(fields); i += 2 {
					v, err := strconv.ParseFloat(fields[i+1], 64)
					if err != nil {
						b.Fatal(err)
					}
					figures[fields[i]] = append(figures[fields[i]], v)
				}
			}
			load() // makes the registry, and brings the file into memory
			clear(figures)
			for b.Loop() {
				load()
			}
			b.ReportMetric(0, "ns/op") // most of it is the C program's own
			for unit, values := range figures {
				slices.Sort(values)
				b.ReportMetric(values[len(values)/2], unit)
			}
		})
	}
}

// BenchmarkCalls reports what a call costs a C program: an empty call of the
// library's mechanism, sync and by the queue.
func BenchmarkCalls(b *testing.B) {
	needLinux(b)
	program := plain.compileC(b, "cost")
	figures := make(map[string][]float64)
	for b.Loop() {
		out, err := plain.output(b, program)
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		fields := strings.Fields(out)
		for i := 0; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i+1], 64)
			if err != nil {
				b.Fatal(err)
			}
			figures[fields[i]] = append(figures[fields[i]], v)
		}
	}
	b.ReportMetric(0, "ns/op") // all of them together mean nothing
	for unit, values := range figures {
		slices.Sort(values)
		b.ReportMetric(values[len(values)/2], unit)
	}
}
