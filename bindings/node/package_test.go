package node

import (
	"archive/tar"
	"compress/gzip"
	"debug/elf"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestPackage looks at the packages as npm has installed them, with nothing but
// node and npm to be found.
func TestPackage(t *testing.T) {
	folder := shipped(t)
	t.Run("manifests", func(t *testing.T) { checkManifests(t, folder) })
	t.Run("sizes", checkSizes)
	t.Run("library", func(t *testing.T) { checkLibrary(t, folder) })
	t.Run("import and require", func(t *testing.T) { newProgram(t, folder).run(t, "modules.test.mjs") })
	t.Run("types", func(t *testing.T) { checkTypes(t, folder) })
	t.Run("without the library", func(t *testing.T) { checkMissing(t, folder) })
	t.Run("musl", func(t *testing.T) { checkMusl(t, folder) })
}

func checkManifests(t *testing.T, folder string) {
	var main struct {
		Name, Version        string
		Scripts              map[string]string
		Dependencies         map[string]string
		OptionalDependencies map[string]string
		DevDependencies      map[string]string
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(folder, "node_modules/reliquary/package.json"))), &main); err != nil {
		t.Fatal(err)
	}
	if main.Name != "reliquary" || len(main.Scripts)+len(main.Dependencies)+len(main.DevDependencies) > 0 {
		t.Errorf("package.json has scripts, or dependencies that are not optional: %+v", main)
	}
	if !strings.Contains(read(t, "src/version.ts"), strconv.Quote(main.Version)) {
		t.Errorf("src/version.ts does not say %s, as package.json does", main.Version)
	}
	for name, version := range main.OptionalDependencies {
		if version != main.Version {
			t.Errorf("%s is wanted as %s, and this is %s", name, version, main.Version)
		}
		machine, library := name[:strings.LastIndex(name, "-")], name[strings.LastIndex(name, "-"):]
		if known := read(t, "src/native.ts"); !strings.Contains(known, strconv.Quote(machine)) || !strings.Contains(known, "${machine}"+library) {
			t.Errorf("src/native.ts does not know %s", name)
		}
	}
	native, err := filepath.Glob(filepath.Join(folder, "node_modules/@reliquary/*/package.json"))
	if err != nil || len(native) != 1 {
		t.Fatalf("%q are installed (%v), want one package", native, err)
	}
	var library struct {
		Name, Version string
		OS, CPU, Libc []string
		Scripts       map[string]string
	}
	if err := json.Unmarshal([]byte(read(t, native[0])), &library); err != nil {
		t.Fatal(err)
	}
	if main.OptionalDependencies[library.Name] != library.Version || len(library.Scripts) > 0 ||
		!slices.Equal(library.OS, []string{"linux"}) || len(library.CPU) != 1 || !slices.Equal(library.Libc, []string{"glibc"}) {
		t.Errorf("the package of the library is %+v", library)
	}
}

// maxTarball is the budget of what is fetched at install, in bytes. That of the
// library itself is held by package capi.
const maxTarball = 10 << 20

func checkSizes(t *testing.T) {
	files, err := tarballs()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s has %.2f MiB", filepath.Base(file), float64(info.Size())/(1<<20))
		if info.Size() > maxTarball {
			t.Errorf("%s has %d bytes, more than %d", filepath.Base(file), info.Size(), maxTarball)
		}
	}
}

// checkLibrary: what Node looks for and nothing else is shown; glibc 2.17 does;
// it stays loaded when a worker ends; no path of the machine that built it is in it.
func checkLibrary(t *testing.T, folder string) {
	native, err := filepath.Glob(filepath.Join(folder, "node_modules/@reliquary/*/reliquary.node"))
	if err != nil || len(native) != 1 {
		t.Fatalf("%q (%v), want one library", native, err)
	}
	f, err := elf.Open(native[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var exported []string
	for _, s := range symbols {
		switch {
		case s.Section != elf.SHN_UNDEF:
			exported = append(exported, s.Name)
		case s.Library == "" && !strings.HasPrefix(s.Name, "napi_") && elf.ST_BIND(s.Info) != elf.STB_WEAK:
			t.Errorf("the addon needs %s of nobody", s.Name)
		}
	}
	slices.Sort(exported)
	if want := []string{"napi_register_module_v1", "node_api_module_get_api_version_v1"}; !slices.Equal(exported, want) {
		t.Errorf("the addon exports %q, want %q", exported, want)
	}
	versions, err := f.DynamicVersionNeeds()
	if err != nil || len(versions) == 0 {
		t.Fatalf("no versions of symbols were found (%v)", err)
	}
	for _, need := range versions {
		for _, v := range need.Needs {
			m := regexp.MustCompile(`^GLIBC_2\.(\d+)(\.\d+)?$`).FindStringSubmatch(v.Dep)
			if m == nil {
				t.Errorf("the addon needs %s of %s", v.Dep, need.Name)
			} else if minor, err := strconv.Atoi(m[1]); err != nil || minor > 17 {
				t.Errorf("the addon needs %s of %s; glibc 2.17 is what we promise", v.Dep, need.Name)
			}
		}
	}
	flags, err := f.DynValue(elf.DT_FLAGS_1)
	if err != nil || len(flags) != 1 || elf.DynFlag1(flags[0])&elf.DF_1_NODELETE == 0 {
		t.Errorf("DT_FLAGS_1 is %v (%v), without NODELETE", flags, err)
	}
	if f.Section(".symtab") != nil || f.Section(".debug_info") != nil {
		t.Error("the addon is not stripped")
	}
}

// checkTypes compiles programs that use the package's types, as strictly as
// can be and with the types of the package itself checked.
func checkTypes(t *testing.T, folder string) {
	tools, err := filepath.Abs("../../.venv/node-bindings/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, folder)
	tsc := func(files ...string) error {
		args := []string{
			"--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--skipLibCheck", "false",
			"--target", "ES2022", "--lib", "ES2023,ESNext.Disposable", "--module", "NodeNext", "--types", "node", "--typeRoots", filepath.Join(tools, "@types"),
		}
		return command(folder, nil, filepath.Join(tools, ".bin/tsc"), append(args, files...)...)
	}
	if err := tsc(p.copy(t, "types.mts"), p.copy(t, "types.cts")); err != nil {
		t.Error(err)
	}
	// The lines that must not compile are seen.
	wrong := strings.ReplaceAll(read(t, "test/types.mts"), "// @ts-expect-error", "//")
	file := filepath.Join(folder, "wrong.mts")
	if err := os.WriteFile(file, []byte(wrong), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := tsc(file); err == nil || strings.Count(err.Error(), "error TS") != strings.Count(read(t, "test/types.mts"), "// @ts-expect-error") {
		t.Errorf("without @ts-expect-error: %v", err)
	}
}

// checkMissing installs without optional packages: one clear error says so,
// when something is called and not before.
func checkMissing(t *testing.T, folder string) {
	bare := t.TempDir()
	if err := os.CopyFS(filepath.Join(bare, "node_modules/reliquary"), os.DirFS(filepath.Join(folder, "node_modules/reliquary"))); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err := newProgram(t, bare).output(t, "-e", `
		const { Api, ReliquaryError } = require("reliquary");
		new Api().viewer().catch((e) => console.log(e instanceof ReliquaryError, e.code, e.message, "|", e.next));`)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	want := regexp.MustCompile(`^true UNSUPPORTED the package @reliquary/linux-\w+-gnu \(with musl: @reliquary/linux-\w+-musl\), which holds the library for this machine, is not installed \| install again without --omit=optional`)
	if !want.MatchString(stdout) {
		t.Errorf("it said %q, want %s", stdout, want)
	}
}

// checkMusl installs the package for musl, as npm does where that is. What is in
// it runs everywhere.
func checkMusl(t *testing.T, folder string) {
	sources, err := filepath.Glob(filepath.Join(built, "packages/packages/linux-*-musl"))
	if err != nil || len(sources) != 1 {
		t.Fatalf("%q (%v), want one package", sources, err)
	}
	musl := t.TempDir()
	for to, from := range map[string]string{
		"reliquary": filepath.Join(folder, "node_modules/reliquary"), "@reliquary/" + filepath.Base(sources[0]): sources[0],
	} {
		if err := os.CopyFS(filepath.Join(musl, "node_modules", to), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	var manifest struct{ OS, CPU, Libc, Files []string }
	if err := json.Unmarshal([]byte(read(t, filepath.Join(sources[0], "package.json"))), &manifest); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(manifest.OS, []string{"linux"}) || len(manifest.CPU) != 1 || !slices.Equal(manifest.Libc, []string{"musl"}) {
		t.Errorf("the package for musl is %+v", manifest)
	}
	program := filepath.Join(sources[0], "reliquary-pipe")
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("%s needs %q (%v), and should need nothing", program, libraries, err)
	}
	if interpreter := f.Section(".interp"); interpreter != nil {
		t.Errorf("%s is started by another program", program)
	}
	stdout, stderr, err := newProgram(t, musl, "DIR="+t.TempDir()).output(t, "-e", `
		const { Api } = require("reliquary");
		const api = new Api({ dir: process.env.DIR });
		api.viewer().then(async ({ username }) => { console.log(username); await api.close(); });`)
	if err != nil || stdout != "local\n" {
		t.Errorf("%v: it printed %q\n%s", err, stdout, stderr)
	}
	// The file is a program still when npm has unpacked it.
	files, err := tarballs()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.Contains(filepath.Base(file), "-musl-") {
			if info := packed(t, file, "package/reliquary-pipe"); info.Mode&0o111 == 0 {
				t.Errorf("%s has reliquary-pipe with the mode %o", file, info.Mode)
			}
		}
	}
}

// packed is what a tarball says of a file.
func packed(t *testing.T, file, name string) *tar.Header {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unzipped); ; {
		header, err := r.Next()
		if err != nil {
			t.Fatalf("%s in %s: %v", name, file, err)
		}
		if header.Name == name {
			return header
		}
	}
}
