package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/reliquary/reliquary/tools/mcpserver"
)

// readConfirm reads --confirm.
func readConfirm(text string) (mcpserver.Confirm, error) {
	switch c := mcpserver.Confirm(text); c {
	case mcpserver.ConfirmPerson, mcpserver.ConfirmPlan, mcpserver.ConfirmNever:
		return c, nil
	}
	return "", fmt.Errorf("--confirm=%s is none of person, plan and never", text)
}

// readAllowed reads --allow.
func readAllowed(places []string) ([]string, error) {
	for _, p := range places {
		parts := strings.Split(p, "/")
		if len(parts) > 2 || strings.Contains("/"+p+"/", "//") || strings.ContainsAny(p, ": ") {
			return nil, fmt.Errorf("--allow=%s is neither entity nor entity/project", p)
		}
	}
	return places, nil
}

// A personOnly shows texts where the person who runs the program sees them, and
// a model that uses it does not: in a file that only the person may read, and on
// the terminal that it was started from, if there is one (whose screen a client
// may paint over, so that the file is needed too). Stderr is no such place, for
// clients keep it in logs that they may show a model.
//
// A model that may run any program as the person can read that file too; but it
// can then also use the registry without us.
type personOnly struct {
	terminal *os.File // nil: none
	dir      string   // of the file
	mu       sync.Mutex
	file     string // "" until there is one; guarded by mu
}

// newPersonOnly looks for the terminal.
func newPersonOnly(t terminal) *personOnly {
	p := &personOnly{dir: t.Env.Vars["XDG_RUNTIME_DIR"]}
	if p.dir == "" {
		p.dir = os.TempDir()
	}
	if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		p.terminal = tty
	}
	return p
}

// show shows a text, in place of the one before.
func (p *personOnly) show(text string) (where string, err error) {
	// A new file each time, whose name nobody knows before: what is there already
	// may be somebody else's.
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := os.CreateTemp(p.dir, "reliquary-confirm-*.txt") // for the owner only
	if err != nil {
		return "", err
	}
	p.remove()
	p.file = f.Name()
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	where = "in the file " + filepath.Clean(p.file) + ", which only they may read"
	if p.terminal != nil {
		if _, err := fmt.Fprint(p.terminal, "\n"+text+"\n"); err == nil {
			where = "in the terminal that reliquary mcp was started from, and " + where
		}
	}
	return where, nil
}

func (p *personOnly) remove() {
	if p.file != "" {
		_ = os.Remove(p.file) // the code in it is worth nothing any more
		p.file = ""
	}
}

// close removes what was left.
func (p *personOnly) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove()
	if p.terminal != nil {
		_ = p.terminal.Close()
	}
}
