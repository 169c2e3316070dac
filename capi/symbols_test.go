package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSymbols looks at the library that is shipped, and at the one that the
// system's own compiler makes: what they show, and what they need.
func TestSymbols(t *testing.T) {
	needLinux(t)
	t.Parallel()
	for name, b := range map[string]*build{"shipped": shippedBuild, "with faults": withFaultsBuild} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(library(t, b), "libreliquary.so")
			f, err := elf.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			checkExports(t, f)
			checkDynamic(t, f)
			if b == shippedBuild {
				checkNeeds(t, f)
				checkSize(t, file)
			}
		})
	}
}

// checkExports: the functions of the header, and nothing else.
func checkExports(t *testing.T, f *elf.File) {
	t.Helper()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var exported []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && s.Name != "RELIQUARY_1" {
			exported = append(exported, s.Name)
		}
	}
	want := declared(t)
	slices.Sort(exported)
	slices.Sort(want)
	if !slices.Equal(exported, want) {
		t.Errorf("the library exports %q\nthe header declares %q", exported, want)
	}
	if s := f.Section(".symtab"); s != nil {
		t.Error("the library is not stripped")
	}
	for _, s := range f.Sections {
		if strings.HasPrefix(s.Name, ".debug") || strings.HasPrefix(s.Name, ".zdebug") {
			t.Errorf("the library has the section %s", s.Name)
		}
	}
}

// checkDynamic: its name, that it stays loaded, that nothing is left to be
// resolved later, and that its code is never written to.
func checkDynamic(t *testing.T, f *elf.File) {
	t.Helper()
	if names, err := f.DynString(elf.DT_SONAME); err != nil || !slices.Equal(names, []string{"libreliquary.so"}) {
		t.Errorf("soname %q (%v)", names, err)
	}
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		if names, err := f.DynString(tag); err != nil || len(names) > 0 {
			t.Errorf("%v is %q (%v): a path of the machine that built it", tag, names, err)
		}
	}
	flags, err := f.DynValue(elf.DT_FLAGS_1)
	if err != nil || len(flags) != 1 {
		t.Fatalf("DT_FLAGS_1 is %v (%v)", flags, err)
	}
	for _, want := range []elf.DynFlag1{elf.DF_1_NODELETE, elf.DF_1_NOW} {
		if elf.DynFlag1(flags[0])&want == 0 {
			t.Errorf("DT_FLAGS_1 is %v, without %v", elf.DynFlag1(flags[0]), want)
		}
	}
	if text, err := f.DynValue(elf.DT_TEXTREL); err != nil || len(text) > 0 {
		t.Errorf("DT_TEXTREL is there (%v)", err)
	}
	for _, p := range f.Progs {
		if p.Flags&elf.PF_W != 0 && p.Flags&elf.PF_X != 0 {
			t.Errorf("a segment (%v) can be written and run", p.Type)
		}
	}
}

// checkNeeds: glibc 2.17 or older, and libraries that every system with it has.
func checkNeeds(t *testing.T, f *elf.File) {
	t.Helper()
	libraries, err := f.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range libraries {
		if !slices.Contains([]string{"libc.so.6", "libpthread.so.0", "libdl.so.2", "libresolv.so.2", "libm.so.6", "librt.so.1"}, l) {
			t.Errorf("the library needs %s", l)
		}
	}
	versions, err := f.DynamicVersionNeeds()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, need := range versions {
		for _, v := range need.Needs {
			seen++
			m := regexp.MustCompile(`^GLIBC_2\.(\d+)(\.\d+)?$`).FindStringSubmatch(v.Dep)
			if m == nil {
				t.Errorf("the library needs %s of %s", v.Dep, need.Name)
				continue
			}
			if minor, err := strconv.Atoi(m[1]); err != nil || minor > 17 {
				t.Errorf("the library needs %s of %s; glibc 2.17 is what we promise", v.Dep, need.Name)
			}
		}
	}
	if seen == 0 {
		t.Error("no versions of symbols were found")
	}
}

// maxSize is the budget of the library with the embedded registry, in bytes.
const maxSize = 25 << 20

func checkSize(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the shipped library has %.1f MiB", float64(info.Size())/(1<<20))
	if info.Size() > maxSize {
		t.Errorf("the shipped library has %d bytes, more than %d", info.Size(), maxSize)
	}
}

// TestMap: the version script names what the header declares, one by one.
func TestMap(t *testing.T) {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^    (\w+);$`).FindAllStringSubmatch(read(t, "reliquary.map"), -1) {
		names = append(names, m[1])
	}
	if want := declared(t); !slices.Equal(names, want) {
		t.Errorf("reliquary.map names %q\nreliquary.h declares %q", names, want)
	}
}
