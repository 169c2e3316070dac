package directory

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// Credentials are a user's API key, as kept in the credentials file.
type Credentials struct {
	Username string `json:"username"`
	APIKey   string `json:"api_key"`
}

// minKey is the fewest characters that clients of W&B accept as a key.
const minKey = 40

// CredentialsPath is the file that holds the first user's key, mode 0600.
func (d *Directory) CredentialsPath() string { return d.file(credentialsFile) }

// Credentials returns the key that the directory keeps for its first user.
// Use CredentialsPath to tell a person where it is. KindNotFound when the file
// has been removed; NewCredentials makes another key.
func (d *Directory) Credentials() (Credentials, error) {
	path := d.CredentialsPath()
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Credentials{}, fail(metadata.KindNotFound, err,
			"the registry keeps no key: %s is gone. Use the key that you have, or make another with `reliquary key --new --dir %s`", path, d.Path)
	case err != nil:
		return Credentials{}, pathError(path, err)
	}
	var c Credentials
	if err := json.Unmarshal(data, &c); err != nil || c.Username == "" || len(c.APIKey) < minKey {
		return Credentials{}, fail(metadata.KindCorrupt, errors.Join(ErrDamaged, err),
			"%s is damaged: it should hold a username and an api_key of %d characters or more. Make another key with `reliquary key --new --dir %s`", path, minKey, d.Path)
	}
	return c, nil
}

// NewCredentials makes a further key for the first user and keeps it in the
// credentials file in place of the one there. Earlier keys stay good.
func (d *Directory) NewCredentials(ctx context.Context) (Credentials, error) {
	u, err := d.Metadata.UserByName(ctx, d.firstUser)
	if err != nil {
		return Credentials{}, err
	}
	c := Credentials{Username: u.Username, APIKey: newKey()}
	if err := d.Metadata.AddKey(ctx, u.ID, sha256.Sum256([]byte(c.APIKey))); err != nil {
		return Credentials{}, err
	}
	return c, writeCredentials(d.CredentialsPath(), c)
}

func writeCredentials(path string, c Credentials) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(data, '\n'))
}
