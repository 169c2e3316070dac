package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/connect"
	"github.com/reliquary/reliquary/tools"
)

// completeWithin is how long a person waits for what the Tab key offers.
const completeWithin = 3 * time.Second

// A wanted says what an argument names.
type wanted int

const (
	anyPlace    wanted = iota // whatever there is
	aCollection               // a collection, of which something is to be changed
	aVersion                  // a version
	aPath                     // a collection or a version
	aFile                     // a file of the version that the first argument names
	anAlias                   // an alias of the collection that the first argument names
	aLocalFile                // a file or folder of this computer
	anOperation               // the name of an operation
	aWord                     // what nobody else knows: a new tag
)

// completing completes the arguments of a command. Where it takes any number,
// the last wanted is that of all that follow.
func (s *shell) completing(c *cobra.Command, wants ...wanted) *cobra.Command {
	c.ValidArgsFunction = func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(wants) && !strings.Contains(c.Use, "...") {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		want := wants[min(len(args), len(wants)-1)]
		switch want {
		case aWord:
			return nil, cobra.ShellCompDirectiveNoFileComp
		case aLocalFile:
			return nil, cobra.ShellCompDirectiveDefault
		case anOperation:
			return beginning(operationNames(), typed), cobra.ShellCompDirectiveNoFileComp
		}
		offered := s.offer(c.Context(), want, args, typed)
		directive := cobra.ShellCompDirectiveNoFileComp
		for _, o := range offered {
			if last := o[len(o)-1]; last == '/' || last == ':' {
				directive |= cobra.ShellCompDirectiveNoSpace // there is more to come
			}
		}
		return offered, directive
	}
	return c
}

// offer asks what there is that begins as typed. Nobody wants to read an error
// while they type, so that one offers nothing.
func (s *shell) offer(ctx context.Context, want wanted, args []string, typed string) (offered []string) {
	settings, err := s.settings()
	if err != nil {
		return nil
	}
	if _, err := os.Stat(settings.Dir); err != nil && !settings.UsesServer() {
		return nil // the Tab key makes no registry
	}
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	quiet := *s
	quiet.quiet = true
	err = quiet.withConnection(ctx, artifacts.Retry{Attempts: 1}, func(ctx context.Context, conn *connect.Connection) error {
		c := conn.Client
		switch want {
		case aFile:
			offered, err = offerFiles(ctx, c, args[0], typed)
		case anAlias:
			offered, err = offerAliases(ctx, c, args[0], typed)
		default:
			offered, err = offerPaths(ctx, c, want, typed, settings.Project != "")
		}
		return err
	})
	if err != nil {
		cobra.CompDebugln(err.Error(), false)
		return nil
	}
	return offered
}

// beginning are the words that begin as typed.
func beginning(words []string, typed string) []string {
	var out []string
	for _, w := range words {
		if strings.HasPrefix(w, typed) {
			out = append(out, w)
		}
	}
	return out
}

// mostOffered is more than anybody chooses from.
const mostOffered = 500

// offerPaths completes the part of a path that is being typed.
func offerPaths(ctx context.Context, c *artifacts.Client, want wanted, typed string, defaults bool) ([]string, error) {
	if collection, _, ok := strings.Cut(typed, ":"); ok {
		return offerVersions(ctx, c, collection, typed)
	}
	parts := strings.Split(typed, "/")
	before := strings.Join(parts[:len(parts)-1], "/")
	if before != "" {
		before += "/"
	}
	var words []string
	switch len(parts) {
	case 1:
		entities, err := listEntities(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, e := range entities {
			words = append(words, e+"/")
		}
		if defaults {
			names, err := collectionNames(ctx, c, "", "", want)
			if err != nil {
				return nil, err
			}
			words = append(words, names...)
		}
	case 2:
		projects, err := take(c.Projects(parts[0], &artifacts.ProjectsOptions{PerPage: mostOffered}).All(ctx), mostOffered)
		if err != nil {
			return nil, err
		}
		for _, p := range projects {
			words = append(words, before+p.Name+"/")
		}
	case 3:
		names, err := collectionNames(ctx, c, parts[0], parts[1], want)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			words = append(words, before+n)
		}
	}
	return beginning(words, typed), nil
}

// collectionNames are those of a project, with a colon where a version is to
// follow.
func collectionNames(ctx context.Context, c *artifacts.Client, entity, project string, want wanted) ([]string, error) {
	collections, err := take(c.ArtifactCollections(entity, project, "", &artifacts.CollectionsOptions{PerPage: mostOffered}).All(ctx), mostOffered)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(collections))
	for i, one := range collections {
		names[i] = one.Name()
		if want == aVersion {
			names[i] += ":"
		}
	}
	return names, nil
}

func offerVersions(ctx context.Context, c *artifacts.Client, collection, typed string) ([]string, error) {
	p, err := c.Resolve(ctx, pathOf(collection))
	if err != nil {
		return nil, err
	}
	versions, err := take(c.Artifacts(p.Entity, p.Project, "", p.Collection, &artifacts.ArtifactsOptions{PerPage: mostOffered}).All(ctx), mostOffered)
	if err != nil {
		return nil, err
	}
	var words []string
	for _, v := range versions {
		for _, alias := range v.Aliases {
			words = append(words, collection+":"+alias)
		}
	}
	for _, v := range versions {
		words = append(words, collection+":"+v.Version)
	}
	return beginning(words, typed), nil
}

func offerAliases(ctx context.Context, c *artifacts.Client, path, typed string) ([]string, error) {
	p, err := c.Resolve(ctx, pathOf(path))
	if err != nil {
		return nil, err
	}
	aliases, err := c.ArtifactCollection(p.Entity, p.Project, "", p.Collection).Aliases(ctx)
	return beginning(aliases, typed), err
}

// pathOf is a path as far as it can be read.
func pathOf(text string) artifacts.Path {
	p, err := artifacts.ParsePath(text)
	if err != nil {
		return artifacts.Path{Collection: text}
	}
	return p
}

// offerFiles completes a path in a version, folder by folder.
func offerFiles(ctx context.Context, c *artifacts.Client, version, typed string) ([]string, error) {
	a, err := c.Artifact(ctx, version)
	if err != nil {
		return nil, err
	}
	m, err := a.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	var words []string
	seen := map[string]bool{}
	for e := range m.All() {
		rest, ok := strings.CutPrefix(e.Path, typed)
		if !ok {
			continue
		}
		word := e.Path
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			word = typed + rest[:i+1]
		}
		if !seen[word] && len(words) < mostOffered {
			seen[word] = true
			words = append(words, word)
		}
	}
	return words, nil
}

// operationNames are those that `call` and `schema` take.
func operationNames() []string {
	var names []string
	for _, o := range tools.All() {
		names = append(names, o.Name)
	}
	return names
}
