package directory

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

const (
	formatName = "reliquary registry"
	// formatVersion is that of the directory's layout. The metadata has its own.
	formatVersion = 1
)

// marker is what the marker file says. Programs of the same version may add
// fields; they are to be ignored by those that do not know them.
type marker struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Complete is false until everything that a registry needs was there once.
	Complete  bool      `json:"complete"`
	FirstUser string    `json:"first_user"`
	CreatedAt time.Time `json:"created_at"`
}

// readMarker reads a marker that this program understands.
func readMarker(path string) (marker, error) {
	damaged := func(what string) error {
		return fail(metadata.KindCorrupt, ErrDamaged, "%s is damaged: %s. Nothing was changed; restore it from a backup", path, what)
	}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return marker{}, fail(metadata.KindNotFound, ErrMissing, "there is no registry at %s", path)
	case err != nil:
		return marker{}, pathError(path, err)
	}
	// The version decides first: a newer format may have other fields.
	var version struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	switch err := json.Unmarshal(data, &version); {
	case err != nil:
		return marker{}, damaged("it is not what a registry writes (" + err.Error() + ")")
	case version.Format != formatName:
		return marker{}, damaged("it does not name the format of a registry")
	case version.Version < 1:
		return marker{}, damaged("it does not name a version of the format")
	case version.Version > formatVersion:
		return marker{}, fail(metadata.KindCorrupt, ErrNewer,
			"the registry of %s has format %d, and this program knows formats up to %d. Nothing was changed; use a newer version of reliquary", path, version.Version, formatVersion)
	}
	var m marker
	if err := json.Unmarshal(data, &m); err != nil {
		return marker{}, damaged(err.Error())
	}
	if m.FirstUser == "" {
		return marker{}, damaged("it does not name the first user")
	}
	return m, nil
}

func writeMarker(path string, m marker) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(data, '\n'))
}
