package directory

import (
	"path/filepath"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Default is where a user's own registry lies: $XDG_DATA_HOME/reliquary, or
// ~/.local/share/reliquary. It reads the environment through getenv and
// touches nothing.
func Default(getenv func(string) string) (string, error) {
	// The XDG specification has relative paths ignored.
	if data := getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "reliquary"), nil
	}
	home := getenv("HOME")
	if !filepath.IsAbs(home) {
		return "", &metadata.Error{
			Kind:    metadata.KindInvalid,
			Message: "cannot tell where your registry is: neither XDG_DATA_HOME nor HOME is set; name the directory with --dir",
		}
	}
	return filepath.Join(home, ".local", "share", "reliquary"), nil
}
