package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A desk is a person's: a home with a registry in it, and a few files.
type desk struct {
	t   *testing.T
	dir string
	env []string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir()}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); name == "PATH" || name == "GOCOVERDIR" {
			d.env = append(d.env, v)
		}
	}
	d.env = append(d.env, "HOME="+d.dir, "TERM=xterm-256color", "LC_ALL=C.UTF-8")
	return d
}

// write makes a file.
func (d *desk) write(name, text string) {
	d.t.Helper()
	file := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		d.t.Fatal(err)
	}
}

// command is a program that is run at the desk.
func (d *desk) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(program, args...)
	c.Dir, c.Env = d.dir, d.env
	return c
}

// run runs a program and returns what it wrote.
func (d *desk) run(program string, args ...string) string {
	d.t.Helper()
	var stderr strings.Builder
	c := d.command(program, args...)
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		d.t.Fatalf("%s %q: %v\n%s", program, args, err, stderr.String())
	}
	return string(out)
}

// TestCompletion has the shells themselves complete command lines.
func TestCompletion(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	// Where there is no registry, the Tab key makes none.
	if out := d.run("reliquary", "__complete", "ls", ""); strings.Contains(out, "local") {
		t.Errorf("without a registry it offers %q", out)
	}
	if _, err := os.Stat(filepath.Join(d.dir, ".local")); err == nil {
		t.Error("the Tab key made a registry")
	}
	d.write("pictures/a.txt", "pears\n")
	d.write("pictures/labels/train.csv", "a,b\n")
	d.run("reliquary", "put", "-q", "local/vision/flowers", "pictures", "--type", "dataset", "--alias", "candidate")
	d.run("reliquary", "put", "-q", "local/vision/flowers", "pictures/a.txt")
	d.run("reliquary", "put", "-q", "local/vision/classifier", "pictures/a.txt", "--type", "model")

	for _, tt := range []struct {
		line string
		want string
	}{
		{"reliquary ls ", "local/"},
		{"reliquary ls local/", "local/vision/"},
		{"reliquary ls local/vision/", "local/vision/classifier local/vision/flowers"},
		{"reliquary get local/vision/fl", "local/vision/flowers:"},
		{"reliquary get local/vision/flowers:", "local/vision/flowers:candidate local/vision/flowers:latest local/vision/flowers:v0 local/vision/flowers:v1"},
		{"reliquary rm local/vision/flowers:l", "local/vision/flowers:latest"},
		{"reliquary get local/vision/flowers:v0 ", "a.txt labels/"},
		{"reliquary cat local/vision/flowers:v0 labels/", "labels/train.csv"},
		{"reliquary alias local/vision/flowers:v1 c", "candidate"},
		{"reliquary mv local/vision/c", "local/vision/classifier"},
		{"reliquary schema list_artifact_t", "list_artifact_types"},
		{"reliquary ve", "verify version"},
		{"reliquary ls local/nowhere/", ""},
	} {
		t.Run(tt.line, func(t *testing.T) {
			want := strings.Fields(tt.want)
			// What is asked is the same for all shells; what differs is the colon.
			if strings.Contains(tt.line, ":") {
				if got := fish(d, tt.line); !sameWords(got, want) {
					t.Errorf("fish offers %q, want %q", got, want)
				}
			}
			// Bash takes a colon for the end of a word, and offers what follows it.
			before := tt.line[strings.LastIndexByte(tt.line, ' ')+1:]
			if at := strings.LastIndexByte(before, ':'); at >= 0 {
				for i := range want {
					want[i] = strings.TrimPrefix(want[i], before[:at+1])
				}
			}
			if got := bash(d, tt.line); !sameWords(got, want) {
				t.Errorf("bash offers %q, want %q", got, want)
			}
		})
	}
	if got := d.run("zsh", "-f", "-c", "autoload -U compinit; compinit -u -D; source <(reliquary completion zsh); print $_comps[reliquary]"); got != "_reliquary\n" {
		t.Errorf("zsh completes reliquary by %q", got)
	}
}

func sameWords(got, want []string) bool {
	seen := map[string]int{}
	for _, w := range got {
		seen[w]++
	}
	for _, w := range want {
		seen[w]--
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return true
}

// fish is what fish offers at the end of a line. It puts a description behind
// a tab.
func fish(d *desk, line string) []string {
	var words []string
	for _, l := range strings.Split(strings.TrimSpace(d.run("fish", "--no-config", "-c", "reliquary completion fish | source; complete -C $argv[1]", "--", line)), "\n") {
		if word, _, _ := strings.Cut(l, "\t"); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// bash is what bash offers: it is asked as it asks itself at the Tab key, with
// the line cut into words where it cuts it.
func bash(d *desk, line string) []string {
	const script = `source /usr/share/bash-completion/bash_completion
source <(reliquary completion bash)
compopt() { :; } # it is for the real Tab key only
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
__start_reliquary
for word in "${COMPREPLY[@]}"; do echo "${word%% *}"; done`
	var words []string
	for _, w := range strings.Split(line, " ") {
		before, after, colon := strings.Cut(w, ":")
		words = append(words, before)
		if colon {
			words = append(words, ":")
			if after != "" {
				words = append(words, after)
			}
		}
	}
	return strings.Fields(d.run("bash", append([]string{"--norc", "-c", script, "bash", line}, words...)...))
}
