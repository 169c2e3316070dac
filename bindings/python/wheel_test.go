package python

import (
	"archive/zip"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mostWheelBytes is what a wheel may have: people download it.
const mostWheelBytes = 8 << 20

func TestWheel(t *testing.T) {
	z := openWheel(t, wheel(t), "manylinux_2_17", "reliquary/reliquary.h", "reliquary/libreliquary.so", "reliquary/_native.abi3.so")
	for _, name := range []string{"libreliquary.so", "_native.abi3.so"} {
		checkLibrary(t, z, name)
	}
}

// TestWheel_Musl: the wheel for musl has a program in place of a library, which
// needs nothing of the system that it runs on, so that it is tried here too.
func TestWheel_Musl(t *testing.T) {
	out, err := run(nil, "./build", "-musl", filepath.Join(root, "build", "python", "musl"))
	if err != nil {
		t.Fatal(err)
	}
	file := strings.TrimSpace(out)
	z := openWheel(t, file, "musllinux_1_2", "reliquary/reliquary-pipe")
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, ".so") {
			t.Errorf("the wheel has %s", f.Name)
		}
		if f.Name == "reliquary/reliquary-pipe" && f.Mode()&0o111 == 0 {
			t.Errorf("%s has the mode %v", f.Name, f.Mode())
		}
	}
	// pip refuses it on this system, when it is not told that it is for another.
	site := t.TempDir()
	machine := strings.TrimSuffix(file[strings.LastIndex(file, "musllinux"):], ".whl")
	if _, err := run(nil, python("bindings"), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check",
		"--only-binary=:all:", "--platform", machine, "--target", site, file); err != nil {
		t.Fatal(err)
	}
	program, err := elf.Open(filepath.Join(site, "reliquary", "reliquary-pipe"))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 || program.Section(".interp") != nil {
		t.Errorf("the program needs %q (%v), or another to start it", libraries, err)
	}
	const script = `
import os, reliquary
with reliquary.Api(dir="registry") as api:
    print(api.default_entity, "libreliquary" in open("/proc/self/maps").read(), len(os.listdir("/proc/self/task")))`
	out, err = runIn(t.TempDir(), clean(t, "PYTHONPATH="+site), python("bindings"), "-c", script)
	if err != nil || out != "local False 1\n" {
		t.Errorf("%v: it printed %q", err, out)
	}
}

// openWheel holds a wheel to its name, its size, and what has to be in it.
func openWheel(t *testing.T, file, platform string, wanted ...string) *zip.ReadCloser {
	t.Helper()
	if !regexp.MustCompile(`^reliquary-[0-9.]+-py3-none-` + platform + `_(x86_64|aarch64)\.whl$`).MatchString(filepath.Base(file)) {
		t.Errorf("the wheel is called %s", filepath.Base(file))
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.2f MB", float64(info.Size())/1e6)
	if info.Size() > mostWheelBytes {
		t.Errorf("the wheel has %d bytes, and may have %d", info.Size(), mostWheelBytes)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = z.Close() })
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	for _, want := range append(wanted, "reliquary/py.typed", "reliquary/LICENSE") {
		if !slices.Contains(names, want) {
			t.Errorf("the wheel has no %s", want)
		}
	}
	return z
}

// checkLibrary holds a library in the wheel to what the wheel's name says:
// glibc 2.17. Package capi holds ours to its header and its symbols.
func checkLibrary(t *testing.T, z *zip.ReadCloser, name string) {
	f, err := z.Open("reliquary/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	path := filepath.Join(t.TempDir(), name)
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = io.Copy(out, f); err == nil {
		err = out.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	lib, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer lib.Close()
	needed, err := lib.DynamicVersionNeeds()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, n := range needed {
		for _, v := range n.Needs {
			if number, ok := strings.CutPrefix(v.Dep, "GLIBC_"); ok {
				checked++
				if parts := strings.Split(number, "."); parts[0] != "2" || len(parts[1]) > 2 || len(parts[1]) == 2 && parts[1] > "17" {
					t.Errorf("%s needs %s", n.Name, v.Dep)
				}
			}
		}
	}
	if checked == 0 {
		t.Errorf("%s needs no version of glibc at all", name)
	}
}

// TestWheel_NeedsNoCompiler installs the wheel as a person would who has
// nothing but Python, and runs the README's examples in that environment.
func TestWheel_NeedsNoCompiler(t *testing.T) {
	file := wheel(t)
	home := t.TempDir()
	venv := filepath.Join(home, "venv")
	base, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(nil, base, "-m", "venv", venv); err != nil {
		t.Fatal(err)
	}
	// Nothing but the environment's own programs can be found.
	env := []string{"PATH=" + filepath.Join(venv, "bin"), "HOME=" + home, "TMPDIR=" + t.TempDir(), "LANG=C.UTF-8"}
	if _, err := run(env, filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "--quiet",
		"--disable-pip-version-check", "--no-index", file); err != nil {
		t.Fatal(err)
	}
	examples := examples(t, "README.md")
	if len(examples) < 5 {
		t.Fatalf("the README has %d examples", len(examples))
	}
	work := t.TempDir()
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			program := filepath.Join(work, "example.py")
			if err := os.WriteFile(program, []byte(e.program), 0o644); err != nil {
				t.Fatal(err)
			}
			python, env := filepath.Join(venv, "bin", "python"), env
			if e.name == "Tables" { // needs what the heading says is installed for it
				python, env = filepath.Join(root, ".venv", "bindings", "bin", "python"), append(env, "PYTHONPATH="+installed(t))
			}
			out, err := runIn(work, env, python, program)
			if err != nil {
				t.Fatal(err)
			}
			if out != e.prints {
				t.Errorf("it printed\n%s\nand the README says\n%s", out, e.prints)
			}
		})
	}
}

// An exampleProgram is a program of the README, and what it says that it prints.
type exampleProgram struct{ name, program, prints string }

// heading, block and output find programs in a README: a block of Python, and
// the block without a language that follows it if it prints something.
var exampleBlocks = regexp.MustCompile("(?ms)^## ([^\n]+)$|^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?")

func examples(t *testing.T, file string) []exampleProgram {
	t.Helper()
	var out []exampleProgram
	heading := ""
	for _, m := range exampleBlocks.FindAllStringSubmatch(read(t, file), -1) {
		if m[1] != "" {
			heading = m[1]
			continue
		}
		out = append(out, exampleProgram{heading, m[2], m[3]})
	}
	return out
}
