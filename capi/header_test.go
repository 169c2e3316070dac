package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
)

// declared are the functions that reliquary.h declares, in its order.
func declared(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^RELIQUARY_API [a-z0-9_ ]+[ *](reliquary_\w+)\(`).FindAllStringSubmatch(read(t, "reliquary.h"), -1) {
		names = append(names, m[1])
	}
	if n := strings.Count(read(t, "reliquary.h"), "\nRELIQUARY_API "); n != len(names) || n < 10 {
		t.Fatalf("reliquary.h has %d declarations, %d were understood: %q", n, len(names), names)
	}
	return names
}

// TestHeader_Compiles: the header stands alone in C99 and later, and in C++.
func TestHeader_Compiles(t *testing.T) {
	zig, err := filepath.Abs("../.venv/zig/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(zig); err != nil {
		t.Fatalf("%v; run make test-env", err)
	}
	source := filepath.Join(t.TempDir(), "include.c")
	// Twice, as happens in programs of many files.
	if err := os.WriteFile(source, []byte("#include \"reliquary.h\"\n#include \"reliquary.h\"\nint main(void) { return reliquary_abi_version() != RELIQUARY_ABI_VERSION; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	object := filepath.Join(t.TempDir(), "include.o")
	strict := []string{"-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", ".", "-c", source, "-o", object}
	for name, command := range map[string][]string{
		"gcc c99":     append([]string{"gcc", "-std=c99", "-Wstrict-prototypes"}, strict...),
		"gcc c17":     append([]string{"gcc", "-std=c17", "-Wstrict-prototypes"}, strict...),
		"clang c99":   append([]string{zig, "-m", "ziglang", "cc", "-std=c99"}, strict...),
		"clang c++11": append([]string{zig, "-m", "ziglang", "c++", "-x", "c++", "-std=c++11"}, strict...),
		"clang c++20": append([]string{zig, "-m", "ziglang", "c++", "-x", "c++", "-std=c++20"}, strict...),
		"clang arm64": append([]string{zig, "-m", "ziglang", "cc", "-target", "aarch64-linux-gnu", "-std=c99"}, strict...),
		"clang win64": append([]string{zig, "-m", "ziglang", "cc", "-target", "x86_64-windows-gnu", "-std=c99"}, strict...),
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(command[0], command[1:]...); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestHeader_Example: what the header begins with runs, as it stands there.
func TestHeader_Example(t *testing.T) {
	needLinux(t)
	m := regexp.MustCompile(`(?s)\n \*   (reliquary_session session;\n.*?\n \*   \}\n)`).FindStringSubmatch(read(t, "reliquary.h"))
	if m == nil {
		t.Fatal("reliquary.h does not begin with an example")
	}
	const config = `"{\"dir\":\"/data\"}", 15`
	folder := t.TempDir()
	ours := fmt.Sprintf(`{"dir":%q,"entity":"local","project":"p"}`, filepath.Join(folder, "d"))
	body := strings.Replace(strings.ReplaceAll(m[1], "\n *", "\n"), config, fmt.Sprintf("%q, %d", ours, len(ours)), 1)
	if !strings.Contains(body, `local`) {
		t.Fatalf("the example does not open %s: %s", config, body)
	}
	lib := library(t, withFaultsBuild)
	source, program := filepath.Join(folder, "example.c"), filepath.Join(folder, "example")
	if err := os.WriteFile(source, []byte("#include <stdio.h>\n#include \"reliquary.h\"\nint main(void) {\n"+body+"return status == RELIQUARY_ERR_NOT_FOUND ? 0 : 1;\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run("gcc", "-std=c99", "-Wall", "-Werror", "-I", lib, source, "-o", program, "-L", lib, "-lreliquary", "-Wl,-rpath,"+lib); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	// There is nothing in a new registry, which the answer tells.
	if out, err := plain.output(t, program); err != nil || !strings.Contains(out, `"code":"NOT_FOUND"`) {
		t.Errorf("%v: %s", err, out)
	}
}

// TestHeader_Documents: every function says what it does before it is declared.
func TestHeader_Documents(t *testing.T) {
	text := read(t, "reliquary.h")
	for _, name := range declared(t) {
		doc := regexp.MustCompile(`(?s)\n/\*\n \* ` + name + ` .*?\*/\nRELIQUARY_API [^;]*\b` + name + `\(`).FindString(text)
		if doc == "" || strings.Count(doc, "/*") != 1 {
			t.Errorf("no comment that begins with %q stands before its declaration", name)
			continue
		}
		if !regexp.MustCompile(`(?i)block`).MatchString(doc) && !strings.Contains(doc, "As\n * reliquary_free otherwise") && !strings.Contains(doc, "timeout_ms") {
			t.Errorf("the comment of %s does not say whether it blocks", name)
		}
	}
}

// TestStatuses: every kind of failure has a number of its own, a name in the
// header that is its code, and words for when there are no others.
func TestStatuses(t *testing.T) {
	header := make(map[string]int)
	for _, m := range regexp.MustCompile(`(?m)^    RELIQUARY_(?:ERR_)?([A-Z_]+) = (\d+),?$`).FindAllStringSubmatch(statusEnum(t), -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		header[m[1]] = n
	}
	seen := make(map[int]bool)
	for name, n := range header {
		if seen[n] {
			t.Errorf("two statuses are %d", n)
		}
		seen[n] = true
		if text := statusText(n); !strings.Contains(text, `"code":"`+name+`"`) {
			t.Errorf("reliquary_status_error(%d) is %s, want code %s", n, text, name)
		}
	}
	for kind, status := range statuses {
		if n, ok := header[string(kind)]; !ok || n != int(status) {
			t.Errorf("kind %s has status %d; reliquary.h says %d (%v)", kind, status, n, ok)
		}
	}
	// Those that no kind stands for are made in C alone.
	want := []string{"FORKED", "NO_MEMORY", "OK"}
	var rest []string
	for name := range header {
		if _, ok := statuses[artifacts.Kind(name)]; !ok {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	if !slices.Equal(rest, want) {
		t.Errorf("statuses without a kind are %q, want %q", rest, want)
	}
	// Kinds of package artifacts that are added later need a number too.
	source := read(t, "../artifacts/errors.go")
	kinds := regexp.MustCompile(`(?m)^\tKind\w+ +Kind = "([A-Z_]+)"`).FindAllStringSubmatch(source, -1)
	if len(kinds) < 9 {
		t.Errorf("only %d kinds were found in package artifacts", len(kinds))
	}
	for _, m := range kinds {
		if _, ok := header[m[1]]; !ok {
			t.Errorf("artifacts.Kind %s has no RELIQUARY_ERR_%s", m[1], m[1])
		}
	}
}

// statusEnum is the part of the header that numbers statuses.
func statusEnum(t *testing.T) string {
	t.Helper()
	_, rest, found := strings.Cut(read(t, "reliquary.h"), "enum {\n    RELIQUARY_OK = 0,")
	enum, _, closed := strings.Cut(rest, "\n};")
	if !found || !closed {
		t.Fatal("reliquary.h has no enum of statuses")
	}
	return "    RELIQUARY_OK = 0,\n" + enum
}
