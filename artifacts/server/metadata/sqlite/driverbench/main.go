// Command driverbench compares SQLite drivers on the registry's schema and
// queries, and prints a table. It is a module of its own so that the product
// depends on one driver only. Run it from its folder, on Linux:
//
//	go run .
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "driverbench:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "driverbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	drivers := []string{"modernc", "ncruces", "mattn"}
	results := map[string]map[string]float64{}
	for _, d := range drivers {
		r, err := measure(dir, d)
		if err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
		results[d] = r
	}
	fmt.Printf("| %-42s | %10s | %10s | %10s |\n|---|---:|---:|---:|\n", "", drivers[0], drivers[1], drivers[2])
	for _, k := range slices.Sorted(maps.Keys(results[drivers[0]])) {
		fmt.Printf("| %-42s |", k)
		for _, d := range drivers {
			fmt.Printf(" %10.1f |", results[d][k])
		}
		fmt.Println()
	}
	return nil
}

func measure(dir, driver string) (map[string]float64, error) {
	bin, db := filepath.Join(dir, driver), filepath.Join(dir, driver+".db")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-tags", driver, "-o", bin, "./probe")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	info, err := os.Stat(bin)
	if err != nil {
		return nil, err
	}
	out := map[string]float64{"stripped binary, MB": float64(info.Size()) / 1e6}
	if _, _, err := probe(bin, "seed", db, filepath.Join("..", "migrations", "00001_registry.sql")); err != nil {
		return nil, err
	}
	// The best of several: what the driver can do, not what else ran.
	for range 20 {
		r, wall, err := probe(bin, "cold", db)
		if err != nil {
			return nil, err
		}
		keepLeast(out, "cold process, exec to exit, ms", float64(wall.Microseconds())/1000)
		for k, v := range r {
			keepLeast(out, "cold process, "+k, v)
		}
	}
	for range 3 {
		r, _, err := probe(bin, "work", db)
		if err != nil {
			return nil, err
		}
		for k, v := range r {
			keepLeast(out, k, v)
		}
	}
	return out, nil
}

func keepLeast(m map[string]float64, k string, v float64) {
	if old, ok := m[k]; !ok || v < old {
		m[k] = v
	}
}

func probe(bin string, args ...string) (map[string]float64, time.Duration, error) {
	var stdout bytes.Buffer
	cmd := exec.Command(bin, args...)
	cmd.Stdout, cmd.Stderr = &stdout, os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return nil, 0, err
	}
	wall := time.Since(start)
	var r map[string]float64
	return r, wall, json.Unmarshal(stdout.Bytes(), &r)
}
