package node

import (
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// checkedOnce is a folder whose addon has every access to memory checked, by gcc's
// AddressSanitizer. The Go library in it is as always.
var checkedOnce = sync.OnceValues(func() (string, error) {
	folder, err := install("asan")
	if err != nil {
		return "", err
	}
	native, err := filepath.Glob(filepath.Join(folder, "node_modules", "@reliquary", "*"))
	if err != nil || len(native) != 1 {
		return "", err
	}
	return folder, command("", nil, "./build", "-asan", "-tags", "faults", native[0])
})

// TestASan makes calls, cancels and closes meanwhile, has workers come and go,
// and passes what is wrong.
func TestASan(t *testing.T) {
	folder := installed(t, checkedOnce)
	runtime, err := exec.Command("gcc", "-print-file-name=libasan.so").Output()
	if err != nil {
		t.Fatal(err)
	}
	// Node itself leaks what lives as long as the process. A second stack, which
	// detect_stack_use_after_return makes, is one that Go cannot know of.
	p := newProgram(t, folder, "LD_PRELOAD="+strings.TrimSpace(string(runtime)),
		"ASAN_OPTIONS=exitcode=99:detect_leaks=0:detect_stack_use_after_return=0:allocator_may_return_null=1")
	for _, file := range []string{"native.test.mjs", "session.test.mjs", "workers.test.mjs"} {
		t.Run(file, func(t *testing.T) { p.run(t, file, "--expose-gc") })
	}
	// That there is something that checks: it wants to be loaded first.
	_, stderr, err := newProgram(t, folder).output(t, "-e", `new (require("reliquary").Api)({ dir: process.env.HOME }).destination()`)
	if err == nil || !strings.Contains(stderr, "ASan runtime does not come first") {
		t.Errorf("the addon runs without what checks it: %v\n%s", err, stderr)
	}
}
