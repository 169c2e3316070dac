package connect

import "path/filepath"

// varCacheDir says where the wandb package keeps what can be had again.
const varCacheDir = "WANDB_CACHE_DIR"

// CacheDir is where files of artifacts are cached: the folder in which the
// wandb package does it, so that each uses what the other has downloaded. It
// is "" when there is no home to have one in.
func CacheDir(env Environment) string {
	dir := env.Var(varCacheDir)
	if dir == "" {
		if dir = env.cacheDir(); dir == "" {
			return ""
		}
		dir = filepath.Join(dir, "wandb")
		if env.OS == "windows" {
			dir = filepath.Join(dir, "wandb", "Cache")
		}
	} else if !filepath.IsAbs(dir) && env.Dir != "" {
		dir = filepath.Join(env.Dir, dir) // the package does not expand ~ here
	}
	return filepath.Join(dir, "artifacts")
}

// cacheDir is where the person's programs keep what they can have again, ""
// if that cannot be known.
func (e Environment) cacheDir() string {
	switch e.OS {
	case "windows":
		return e.Vars["LOCALAPPDATA"]
	case "darwin":
		if e.Home == "" {
			return ""
		}
		return filepath.Join(e.Home, "Library", "Caches")
	}
	if dir := e.Vars["XDG_CACHE_HOME"]; dir != "" {
		return dir
	}
	if e.Home == "" {
		return ""
	}
	return filepath.Join(e.Home, ".cache")
}
