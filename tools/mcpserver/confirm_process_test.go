package mcpserver_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// TestProcess_ShowsCodesToThePersonOnly: a program without a terminal writes the
// code into a file that only its owner may read, and removes it at its end.
func TestProcess_ShowsCodesToThePersonOnly(t *testing.T) {
	dir, place := t.TempDir(), t.TempDir()
	p := startIn(t, &syscall.SysProcAttr{Setsid: true}, []string{"RELIQUARY_DIR=" + filepath.Join(dir, "registry"), "XDG_RUNTIME_DIR=" + place}, "--toolsets=all")
	p.handshake()
	e := p.fail("delete_artifact_collection", `{"collection":"local/p/c","plan_id":"x"}`, 20*time.Second)
	files, err := filepath.Glob(filepath.Join(place, "reliquary-confirm-*.txt"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %q, %v; the model was told %+v", files, err, e)
	}
	info, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	code := codeForm.FindString(string(text))
	if info.Mode().Perm() != 0o600 || code == "" || e.Code != artifacts.KindDenied || !strings.Contains(e.Next, files[0]) {
		t.Errorf("mode %v, %q, and the model was told %+v", info.Mode(), text, e)
	}
	if strings.Contains(p.stderr.String(), code) {
		t.Error("the code is on stderr, which clients log")
	}
	// With the code the operation itself is called, which knows no such plan.
	if e := p.fail("delete_artifact_collection", `{"collection":"local/p/c","plan_id":"x","confirmation":"`+code+`"}`, 20*time.Second); e.Code != artifacts.KindInvalid || e.Argument != "plan_id" {
		t.Errorf("with the code: %+v", e)
	}
	_ = p.stdin.Close()
	p.wait()
	if _, err := os.Stat(files[0]); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}
