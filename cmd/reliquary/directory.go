package main

import (
	"path/filepath"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/connect"
)

// registryDir is the directory that a command works on: the one of its flag,
// else the person's.
func registryDir(t terminal, flag string) (string, error) {
	if flag != "" {
		if filepath.IsAbs(flag) || t.Env.Dir == "" {
			return flag, nil
		}
		return filepath.Join(t.Env.Dir, flag), nil
	}
	dir, _ := connect.RegistryDir(t.Env)
	if dir == "" {
		return "", &artifacts.Error{
			Kind:    artifacts.KindInvalid,
			Op:      "find your registry",
			Message: "there is no home directory to keep one in",
			Next:    "name a directory with --dir or RELIQUARY_DIR",
		}
	}
	return dir, nil
}
