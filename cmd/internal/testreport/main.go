// Command testreport turns the output of `go test -json` into what a person
// wants to read (one line per package, everything about what failed) and
// counts the tests. The last line that it prints is "N passed, N failed, N
// skipped"; it exits with 1 when something failed or nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	counts := flag.String("counts", "", "also write the three numbers to this `file`")
	flag.Parse()
	r, err := report(os.Stdin, os.Stdout)
	if err == nil && *counts != "" {
		err = r.save(*counts)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	fmt.Println(r)
	if !r.good() {
		os.Exit(1)
	}
}

// An event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
	// ImportPath and FailedBuild speak of packages that did not compile.
	ImportPath  string
	FailedBuild string
}

// A result counts tests, subtests among them. A package that fails for a
// reason that is no test's (it does not compile, it times out) counts as one
// failed test.
type result struct{ passed, failed, skipped int }

func (r result) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", r.passed, r.failed, r.skipped)
}

func (r result) good() bool { return r.failed == 0 && r.passed > 0 }

func (r result) save(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return os.WriteFile(file, fmt.Appendf(nil, "%d %d %d\n", r.passed, r.failed, r.skipped), 0o666)
}

// report reads events, writes the report, and returns the counts.
func report(in io.Reader, out io.Writer) (result, error) {
	var r result
	output := make(map[string]*strings.Builder) // by package and test
	failures := make(map[string]int)            // failed tests, by package
	w := bufio.NewWriter(out)
	buffer := func(e event) *strings.Builder {
		key := e.Package + "\x00" + e.Test
		if output[key] == nil {
			output[key] = new(strings.Builder)
		}
		return output[key]
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return r, err
		}
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				// Not an event: the go command itself has something to say.
				fmt.Fprint(w, line)
			} else {
				r.take(e, buffer(e), failures, w)
				if e.Action == "pass" || e.Action == "fail" || e.Action == "skip" {
					delete(output, e.Package+"\x00"+e.Test)
				}
			}
		}
		// A long run should show where it is.
		if ferr := w.Flush(); ferr != nil {
			return r, ferr
		}
		if err != nil {
			return r, nil
		}
	}
}

// take counts one event and writes what should be seen of it. text is what the
// event's test, or its package, has printed so far.
func (r *result) take(e event, text *strings.Builder, failures map[string]int, w io.Writer) {
	test := e.Test != ""
	switch e.Action {
	case "output":
		text.WriteString(e.Output)
	case "build-output":
		fmt.Fprint(w, e.Output)
	case "pass":
		if test {
			r.passed++
		} else {
			fmt.Fprintf(w, "ok    %s %.1fs\n", e.Package, e.Elapsed)
		}
	case "skip":
		if test {
			r.skipped++
			fmt.Fprintf(w, "skip  %s %s\n%s", e.Package, e.Test, text)
		} else {
			fmt.Fprintf(w, "      %s has no tests\n", e.Package)
		}
	case "fail":
		if test {
			r.failed++
			failures[e.Package]++
			fmt.Fprintf(w, "FAIL  %s %s\n%s", e.Package, e.Test, text)
			return
		}
		if failures[e.Package] == 0 {
			r.failed++
		}
		// What is left was printed outside of tests: a panic, a timeout, a race.
		fmt.Fprintf(w, "FAIL  %s %.1fs\n%s", e.Package, e.Elapsed, text)
		if e.FailedBuild != "" {
			fmt.Fprintf(w, "      %s does not build\n", e.FailedBuild)
		}
	}
}
