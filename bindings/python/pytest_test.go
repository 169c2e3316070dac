package python

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// faultsLibrary is a library with operations that take their time and go
// wrong, built once.
var faultsLibrary = sync.OnceValues(func() (string, error) {
	folder := filepath.Join(root, "build", "python", "faults")
	_, err := run(nil, filepath.Join(root, "capi", "build"), "-tags", "faults", folder)
	return filepath.Join(folder, "libreliquary.so"), err
})

// pipe is the program that calls go to where a library cannot be loaded, as it is
// shipped and with operations that go wrong. Each is built once.
var (
	pipe       = builtPipe("pipe")
	pipeFaults = builtPipe("pipe-faults", "-tags", "faults")
)

func builtPipe(name string, flags ...string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		folder := filepath.Join(root, "build", "python", name)
		_, err := run(nil, filepath.Join(root, "capi", "build"), append(flags, "-pipe", folder)...)
		return filepath.Join(folder, "reliquary-pipe"), err
	})
}

// A suite is what pytest writes about its tests.
type suite struct {
	Cases []struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *problem `xml:"failure"`
		Error   *problem `xml:"error"`
		Skipped *problem `xml:"skipped"`
		Out     string   `xml:"system-out"`
	} `xml:"testsuite>testcase"`
}

type problem struct {
	Text string `xml:",chardata"`
}

// TestPytest runs the files of tests by pytest, with the package as the wheel
// installs it. Each of their tests is one here, and none may be skipped.
func TestPytest(t *testing.T) { runPytest(t) }

// TestPytest_Pipe does so with calls that go to a process, as they do on musl.
func TestPytest_Pipe(t *testing.T) {
	program, err := pipe()
	if err != nil {
		t.Fatal(err)
	}
	runPytest(t, "RELIQUARY_PIPE="+program)
}

func runPytest(t *testing.T, more ...string) {
	faults, err := faultsLibrary()
	if err != nil {
		t.Fatal(err)
	}
	program, err := pipeFaults()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("tests/test_*.py")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no tests: %v", err)
	}
	site := installed(t)
	for _, file := range files {
		if file == "tests/test_pipe.py" && len(more) == 0 {
			continue // goes to a process by itself
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			report := filepath.Join(t.TempDir(), "report.xml")
			env := append(clean(t, "PYTHONPATH="+site, "RELIQUARY_FAULTS="+faults, "RELIQUARY_FAULTS_PIPE="+program), more...)
			_, ran := runIn("tests", env, python("bindings"), "-m", "pytest", "-q", "-p", "no:cacheprovider",
				"-o", "junit_logging=system-out", "-o", "junit_log_passing_tests=true", "--junitxml", report, filepath.Base(file))
			text, err := os.ReadFile(report)
			if err != nil {
				t.Fatalf("%v\n%v", ran, err)
			}
			var s suite
			if err := xml.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			failed := false
			for _, c := range s.Cases {
				t.Run(c.Name, func(t *testing.T) {
					for line := range strings.Lines(c.Out) {
						if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "---") {
							t.Log(line)
						}
					}
					for _, p := range []*problem{c.Failure, c.Error, c.Skipped} {
						if p != nil {
							failed = true
							t.Error(p.Text)
						}
					}
				})
			}
			if len(s.Cases) == 0 || ran != nil && !failed {
				t.Errorf("%d tests: %v", len(s.Cases), ran)
			}
		})
	}
}
