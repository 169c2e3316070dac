package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type getOptions struct {
	output         string
	link           bool
	noCache        bool
	skipReferences bool
}

func newGetCommand(s *shell) *cobra.Command {
	var o getOptions
	c := &cobra.Command{
		Use:   "get VERSION [FILE...]",
		Short: "Download a version, or files and folders of it",
		Long: "Get puts the files of a version into a folder, and checks each while it arrives. A file appears under its\n" +
			"name when it is whole. What is in place already, or in the cache that the wandb package shares, is not\n" +
			"fetched again; so a download that was interrupted goes on where it ended.\n\n" +
			"A FILE is a path in the version, of a file or of a folder. Where the server cannot be reached, what was\n" +
			"downloaded before is still there.",
		Example: "  reliquary get team/vision/flowers:v3\n" +
			"  reliquary get team/vision/flowers:latest labels/ -o data\n" +
			"  reliquary get team/vision/flowers:latest labels/train.csv -o train.csv",
		Args: wantArguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s.ifInterrupted = "what arrived is kept; the same command goes on where it ended"
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				return get(ctx, s, client, args[0], args[1:], o)
			})
		},
	}
	c.Flags().StringVarP(&o.output, "output", "o", "", "`folder` to put the files in, or name for a single one (default artifacts/COLLECTION:vN)")
	c.Flags().BoolVar(&o.link, "link", false, "make hard links to the cache instead of copies, read-only")
	c.Flags().BoolVar(&o.noCache, "no-cache", false, "neither use nor fill the cache")
	c.Flags().BoolVar(&o.skipReferences, "skip-references", false, "leave out what is not kept on the server")
	return c
}

// A gotten is what get prints as JSON.
type gotten struct {
	Artifact string `json:"artifact"`
	*artifacts.Downloaded
}

func get(ctx context.Context, s *shell, client *artifacts.Client, name string, files []string, o getOptions) error {
	a, err := findVersion(ctx, client, name)
	if errors.Is(err, artifacts.ErrUnavailable) {
		a, err = s.findKept(ctx, client, name, err)
	}
	if err != nil {
		return err
	}
	options := artifacts.DownloadOptions{Root: o.output, SkipCache: o.noCache, SkipReferences: o.skipReferences}
	if o.link {
		options.Place = artifacts.PlaceLink
	}
	if len(files) > 0 {
		m, err := a.Manifest(ctx)
		if err != nil {
			return err
		}
		if options.Paths, err = choose(a, m, files); err != nil {
			return err
		}
		if to, ok := asFile(o.output, files, options.Paths); ok {
			return getFile(ctx, s, a, options.Paths[0], to, options)
		}
	}
	bar := s.progress()
	options.Progress = bar.report
	d, err := a.Download(ctx, &options)
	bar.end()
	if err != nil {
		return err
	}
	root := nearby(s, d.Root)
	return s.print(gotten{a.QualifiedName(), d}, func() {
		if s.quiet {
			s.printf("%s\n", root)
			return
		}
		s.printf("%s is in %s: %s, %s%s\n", a.QualifiedName(), root, count(d.Files, "file"), size(d.Bytes), origins(d))
	})
}

// nearby is a path as a person in the working directory would write it.
func nearby(s *shell, path string) string {
	if rel, err := filepath.Rel(s.Env.Dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// origins says where files came from, if that is worth saying.
func origins(d *artifacts.Downloaded) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{d.Fetched, "fetched"}, {d.FromCache, "from the cache"}, {d.Unchanged, "there already"}, {d.SkippedReferences, "left out"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// findKept finds a version by what this computer knows of it.
func (s *shell) findKept(ctx context.Context, client *artifacts.Client, name string, cause error) (*artifacts.Artifact, error) {
	a, seen, err := client.KeptArtifact(ctx, name)
	if err != nil {
		return nil, cause
	}
	s.commentf("warning: the server cannot be reached; %s was %s %s\n", name, a.QualifiedName(), ago(seen, time.Now()))
	return a, nil
}

// choose finds the files that are meant by paths of files and folders.
func choose(a *artifacts.Artifact, m *artifacts.Manifest, names []string) ([]string, error) {
	var paths []string
	seen := map[string]bool{}
	for _, name := range names {
		found := false
		for e := range m.All() {
			if below(e.Path, name) {
				found = true
				if !seen[e.Path] {
					seen[e.Path] = true
					paths = append(paths, e.Path)
				}
			}
		}
		if !found {
			return nil, missingFile(a, m, name)
		}
	}
	return paths, nil
}

// missingFile says that a version has no such file, and which is nearest.
func missingFile(a *artifacts.Artifact, m *artifacts.Manifest, name string) error {
	var all []string
	for entry := range m.All() {
		all = append(all, entry.Path)
	}
	return &tools.Error{
		Code:       artifacts.KindNotFound,
		Message:    fmt.Sprintf("%s has no file and no folder %q", a.QualifiedName(), name),
		Argument:   "FILE",
		Candidates: tools.Nearest(name, all),
		Next:       "see `reliquary ls " + a.QualifiedName() + "`",
	}
}

// asFile is where a single file goes that was given a name of its own.
func asFile(output string, names, paths []string) (string, bool) {
	if output == "" || len(paths) != 1 || len(names) != 1 || filepath.ToSlash(filepath.Clean(names[0])) != paths[0] || os.IsPathSeparator(output[len(output)-1]) {
		return "", false
	}
	if info, err := os.Stat(output); err == nil && info.IsDir() {
		return "", false
	}
	return output, true
}

// getFile downloads one file under another name: into a folder beside it, from
// which it is renamed when it is whole and right.
func getFile(ctx context.Context, s *shell, a *artifacts.Artifact, name, to string, options artifacts.DownloadOptions) error {
	options.Root = filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".part")
	bar := s.progress()
	options.Progress = bar.report
	d, err := a.Download(ctx, &options)
	bar.end()
	if err == nil && d.Files == 1 {
		err = os.Rename(filepath.Join(options.Root, filepath.FromSlash(name)), to)
	}
	// What an interrupted download brought without a cache is in that folder.
	if ctx.Err() == nil || !options.SkipCache {
		err = errors.Join(err, os.RemoveAll(options.Root))
	}
	if err != nil {
		return err
	}
	d.Root = filepath.Dir(to)
	return s.print(gotten{a.QualifiedName(), d}, func() {
		if s.quiet {
			s.printf("%s\n", to)
			return
		}
		s.printf("%s of %s is in %s: %s%s\n", name, a.QualifiedName(), to, size(d.Bytes), origins(d))
	})
}
