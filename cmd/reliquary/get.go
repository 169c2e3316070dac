package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type getOptions struct {
	output         string
	link           bool
	noCache        bool
	skipReferences bool
	offline        bool
}

func newGetCommand(s *shell) *cobra.Command {
	var o getOptions
	c := &cobra.Command{
		Use:   "get VERSION [FILE...]",
		Short: "Download a version, or files and folders of it",
		Long: "Get puts the files of a version into a folder, and checks each while it arrives. A file appears under its\n" +
			"name when it is whole. What is in place already, or in the cache that the wandb package shares, is not\n" +
			"fetched again; so a download that was interrupted goes on where it ended.\n\n" +
			"A FILE is a path in the version, of a file or of a folder, or a pattern such as '**/*.csv'. Where the server cannot be reached, what was\n" +
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
	c.Flags().BoolVar(&o.offline, "offline", false, "ask no server: use what this computer has of the version")
	return c
}

func get(ctx context.Context, s *shell, client *artifacts.Client, name string, files []string, o getOptions) error {
	in := tools.DownloadArtifactInput{
		UsableArtifact: tools.UsableArtifact{Artifact: name, Offline: o.offline},
		To:             o.output, Link: o.link, SkipCache: o.noCache, SkipReferences: o.skipReferences,
	}
	if len(files) > 0 {
		single, err := choose(ctx, s, client, &in, files)
		if err != nil {
			return err
		}
		if single != "" && isFileName(o.output) {
			return getFile(ctx, s, client, in, single, o.output)
		}
	}
	out, err := download(ctx, s, client, in)
	if err != nil {
		return err
	}
	return s.print(out, func() {
		to := nearby(s, out.To)
		if s.quiet {
			s.printf("%s\n", clean(to))
			return
		}
		s.printf("%s is in %s: %s, %s%s\n", clean(out.Artifact), clean(to), count(out.Files, "file"), size(int64(out.SizeBytes)), origins(out))
	})
}

// download calls the operation, and says so where the server was not asked.
func download(ctx context.Context, s *shell, client *artifacts.Client, in tools.DownloadArtifactInput) (tools.DownloadArtifactOutput, error) {
	out, err := operateWatched[tools.DownloadArtifactOutput](ctx, s, client, "download_artifact", in)
	if err == nil && out.KnownSince != nil && !in.Offline {
		s.commentf("warning: the server cannot be reached; %s was %s %s\n", in.Artifact, out.Artifact, ago(out.KnownSince.Time, time.Now()))
	}
	return out, err
}

// nearby is a path as a person in the working directory would write it.
func nearby(s *shell, path string) string {
	if rel, err := filepath.Rel(s.Env.Dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// origins says where files came from, if that is worth saying.
func origins(d tools.DownloadArtifactOutput) string {
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

// choose has the operation download the files that are meant by paths of files
// and folders, and by patterns. single is the path of the file, if it is one.
func choose(ctx context.Context, s *shell, client *artifacts.Client, in *tools.DownloadArtifactInput, names []string) (single string, err error) {
	a, err := findVersion(ctx, client, in.Artifact)
	if errors.Is(err, artifacts.ErrUnavailable) {
		a, err = s.findKept(ctx, client, in.Artifact, err)
	}
	if err != nil {
		return "", err
	}
	// The version, in case that the alias moves meanwhile.
	in.Artifact = a.QualifiedName()
	m, err := a.Manifest(ctx)
	if err != nil {
		return "", err
	}
	var patterns []string
	for _, name := range names {
		cleaned := path.Clean(filepath.ToSlash(name))
		_, isFile := m.Entry(cleaned)
		switch {
		case isFile && len(names) == 1:
			in.Paths = []string{cleaned}
			return cleaned, nil
		case isFile:
			patterns = append(patterns, literally(cleaned))
		case holds(m, func(p string) bool { return below(p, cleaned) }):
			if len(names) == 1 && cleaned != "." {
				in.Prefix = cleaned + "/"
			}
			patterns = append(patterns, literally(cleaned)+"/**")
		case strings.ContainsAny(name, "*?[{") && doublestar.ValidatePattern(name) &&
			holds(m, func(p string) bool { return doublestar.MatchUnvalidated(name, p) }):
			patterns = append(patterns, name)
		default:
			return "", missingFile(a, m, name)
		}
	}
	if in.Prefix == "" && !slices.Contains(patterns, "./**") {
		in.Glob = oneOf(patterns)
	}
	return "", nil
}

// holds reports whether a version has a file that is meant.
func holds(m *artifacts.Manifest, meant func(string) bool) bool {
	for e := range m.All() {
		if meant(e.Path) {
			return true
		}
	}
	return false
}

// literally is the pattern that a path alone fits.
func literally(path string) string {
	var b strings.Builder
	for _, r := range path {
		if strings.ContainsRune(`*?[]{},\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// oneOf is the pattern that fits what one of several does.
func oneOf(patterns []string) string {
	if len(patterns) == 1 {
		return patterns[0]
	}
	return "{" + strings.Join(patterns, ",") + "}"
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

// isFileName reports whether a single file is to have the name, rather than to
// go into a folder of that name.
func isFileName(output string) bool {
	if output == "" || os.IsPathSeparator(output[len(output)-1]) {
		return false
	}
	info, err := os.Stat(output)
	return err != nil || !info.IsDir()
}

// getFile downloads one file under another name: into a folder beside it, from
// which it is renamed when it is whole and right.
func getFile(ctx context.Context, s *shell, client *artifacts.Client, in tools.DownloadArtifactInput, name, to string) error {
	in.To = filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".part")
	out, err := download(ctx, s, client, in)
	if err == nil && out.Files == 1 {
		err = os.Rename(filepath.Join(in.To, filepath.FromSlash(name)), to)
	}
	// What an interrupted download brought without a cache is in that folder.
	if ctx.Err() == nil || !in.SkipCache {
		err = errors.Join(err, os.RemoveAll(in.To))
	}
	if err != nil {
		return err
	}
	out.To = filepath.Dir(to)
	return s.print(out, func() {
		if s.quiet {
			s.printf("%s\n", clean(to))
			return
		}
		s.printf("%s of %s is in %s: %s%s\n", clean(name), clean(out.Artifact), clean(to), size(int64(out.SizeBytes)), origins(out))
	})
}
