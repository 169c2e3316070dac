package main

import (
	"fmt"
	"strconv"
	"strings"
)

// A line is one result line of `go test -bench`.
type line struct {
	Case    string   `json:"case"`
	Metrics []metric `json:"metrics"`
}

// A metric is a number and its unit: 12.3 ms. Of several runs it is the
// median, with the lowest and the highest where they differ.
type metric struct {
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Low   float64 `json:"low,omitempty"`
	High  float64 `json:"high,omitempty"`
}

// parse reads the result lines, which are
//
//	BenchmarkName/case-2   3   12.5 unit   0.5 other
//
// and leaves out everything else. A metric of 0 ns/op is left out as well: a
// benchmark sets it when its own metrics say what there is to say.
func parse(text string) ([]line, error) {
	var lines []line
	for row := range strings.Lines(text) {
		fields := strings.Fields(row)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		l := line{Case: shortName(fields[0])}
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("in %q: %w", row, err)
			}
			if v == 0 && fields[i+1] == "ns/op" {
				continue
			}
			l.Metrics = append(l.Metrics, metric{Value: v, Unit: fields[i+1]})
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// shortName is a benchmark's name without its prefix and number of processors.
func shortName(name string) string {
	name = strings.TrimPrefix(name, "Benchmark")
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		if _, err := strconv.Atoi(name[i+1:]); err == nil {
			name = name[:i]
		}
	}
	return name
}
