package main

import (
	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func newKeyCommand(s *shell) *cobra.Command {
	var another bool
	c := &cobra.Command{
		Use:   "key",
		Short: "Print the API key of a registry's first user",
		Long: "Key prints the API key that a registry keeps for its first user, for use as\n\n" +
			"  export WANDB_API_KEY=$(reliquary key)",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			path, err := registryDir(s.terminal, s.dir)
			if err != nil {
				return err
			}
			d, err := directory.Open(c.Context(), path, directory.Options{MustExist: true})
			if err != nil {
				return err
			}
			defer func() {
				if cerr := d.Close(); err == nil {
					err = cerr
				}
			}()
			credentials, err := d.Credentials()
			if another {
				credentials, err = d.NewCredentials(c.Context())
			} else if metadata.IsNotFound(err) {
				s.notef("The file with the key is gone; `reliquary key --new` makes another key.\n")
			}
			if err != nil {
				return err
			}
			return s.print(map[string]string{"api_key": credentials.APIKey}, func() { s.printf("%s\n", credentials.APIKey) })
		},
	}
	c.Flags().BoolVar(&another, "new", false, "make another key and print that; earlier ones stay good")
	return c
}
