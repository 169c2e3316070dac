package connect

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// An Environment is what a process was given by the one who started it. The
// zero value is an empty one, in which nothing is configured and relative
// paths stay relative.
type Environment struct {
	// Vars are the environment variables.
	Vars map[string]string
	// Home is the person's home directory, "" if there is none.
	Home string
	// Dir is the working directory, in which wandb/settings is looked for.
	Dir string
	// OS is the operating system, as runtime.GOOS names it; "" means Linux.
	OS string
}

// Process is the environment of the running process. Programs call it once,
// at their front door.
func Process() Environment {
	vars := make(map[string]string)
	for _, pair := range os.Environ() {
		if name, value, ok := strings.Cut(pair, "="); ok {
			vars[name] = value
		}
	}
	// Without a home or a working directory the files in them are not looked
	// for; what then needs one says so.
	home, _ := os.UserHomeDir()
	dir, _ := os.Getwd()
	return Environment{Vars: vars, Home: home, Dir: dir, OS: runtime.GOOS}
}

// Var is the value of an environment variable, "" if it is not set.
func (e Environment) Var(name string) string { return e.Vars[name] }

// expand replaces a leading ~ by the home directory, and takes relative paths
// from the working directory.
func (e Environment) expand(path string) string {
	if path == "~" {
		path = e.Home
	} else if rest, ok := strings.CutPrefix(path, "~/"); ok && e.Home != "" {
		path = filepath.Join(e.Home, rest)
	}
	if path != "" && !filepath.IsAbs(path) && e.Dir != "" {
		path = filepath.Join(e.Dir, path)
	}
	return path
}

// dataDir is where the person's programs keep their data, "" if that cannot
// be known.
func (e Environment) dataDir() string {
	switch e.OS {
	case "windows":
		return e.Vars["LOCALAPPDATA"]
	case "darwin":
		if e.Home == "" {
			return ""
		}
		return filepath.Join(e.Home, "Library", "Application Support")
	}
	// The specification wants relative values of XDG_DATA_HOME ignored.
	if dir := e.Vars["XDG_DATA_HOME"]; filepath.IsAbs(dir) {
		return dir
	}
	if e.Home == "" {
		return ""
	}
	return filepath.Join(e.Home, ".local", "share")
}
