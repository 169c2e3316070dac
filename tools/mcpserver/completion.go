package mcpserver

import (
	"context"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// mostCompletions is what the protocol allows.
const mostCompletions = 100

// CompleteResourceArgument completes a part of a resource's address.
func (s *Server) CompleteResourceArgument(ctx context.Context, _ string, argument mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	return s.complete(ctx, argument, given.Arguments)
}

// CompletePromptArgument completes an argument of a prompt.
func (s *Server) CompletePromptArgument(ctx context.Context, _ string, argument mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	return s.complete(ctx, argument, given.Arguments)
}

// complete offers what begins as the value does. Where nothing can be found out,
// it offers nothing: completion is a help and no place for errors.
func (s *Server) complete(ctx context.Context, argument mcp.CompleteArgument, given map[string]string) (*mcp.Completion, error) {
	out := &mcp.Completion{Values: []string{}}
	client, done, err := s.clientOf(ctx)
	if err != nil {
		s.log.Debug("nothing can be completed", "error", err)
		return out, nil
	}
	defer done()
	c := completer{client: client, value: argument.Value, given: given, out: out}
	switch argument.Name {
	case "entity":
		err = c.entities(ctx)
	case "project":
		err = c.projects(ctx)
	case "collection":
		err = c.collections(ctx)
	case "alias":
		err = c.aliases(ctx, given["collection"])
	case "artifact", "from", "to":
		err = c.versions(ctx)
	case "path":
		err = c.paths(ctx)
	}
	if err != nil {
		s.log.Debug("completion ended early", "error", err)
	}
	if s.allowed != nil && argument.Name == "entity" {
		out.Values, out.HasMore = []string{}, false
		for _, place := range s.allowed {
			entity, _, _ := strings.Cut(place, "/")
			c.offer(entity)
		}
	}
	if s.allowed != nil && argument.Name != "entity" && !tools.IsAllowed(s.limited(ctx), c.place(ctx).Entity, c.place(ctx).Project) {
		out.Values = []string{}
	}
	for i, v := range out.Values {
		out.Values[i] = cleanText(v)
	}
	return out, nil
}

type completer struct {
	client *artifacts.Client
	value  string
	given  map[string]string
	out    *mcp.Completion
}

// offer adds a value that fits, each once. It returns false when there is room
// for no more.
func (c *completer) offer(value string) bool {
	if !strings.HasPrefix(strings.ToLower(value), strings.ToLower(c.value)) {
		return true
	}
	for _, v := range c.out.Values {
		if v == value {
			return true
		}
	}
	if len(c.out.Values) == mostCompletions {
		c.out.HasMore = true
		return false
	}
	c.out.Values = append(c.out.Values, value)
	return true
}

// place is the project that has been given, or the default one.
func (c *completer) place(ctx context.Context) artifacts.Path {
	p, err := c.client.Resolve(ctx, artifacts.Path{Entity: c.given["entity"], Project: c.given["project"]})
	if err != nil {
		return artifacts.Path{Entity: c.given["entity"], Project: c.given["project"]}
	}
	return p
}

func (c *completer) entities(ctx context.Context) error {
	p, err := c.client.Resolve(ctx, artifacts.Path{})
	if err == nil {
		c.offer(p.Entity)
	}
	return err
}

func (c *completer) projects(ctx context.Context) error {
	for p, err := range c.client.Projects(c.place(ctx).Entity, nil).All(ctx) {
		if err != nil || !c.offer(p.Name) {
			return err
		}
	}
	return nil
}

func (c *completer) collections(ctx context.Context) error {
	at := c.place(ctx)
	for a, err := range c.client.ArtifactCollections(at.Entity, at.Project, "", nil).All(ctx) {
		if err != nil || !c.offer(a.Name()) {
			return err
		}
	}
	return nil
}

func (c *completer) aliases(ctx context.Context, collection string) error {
	at := c.place(ctx)
	names, err := c.client.ArtifactCollection(at.Entity, at.Project, "", collection).Aliases(ctx)
	for _, a := range names {
		c.offer(a)
	}
	return err
}

// versions completes collection:alias, as prompts take it.
func (c *completer) versions(ctx context.Context) error {
	collection, alias, has := strings.Cut(c.value, ":")
	if !has {
		return c.collections(ctx)
	}
	whole := *c
	whole.value = alias
	err := whole.aliases(ctx, collection)
	for i, a := range c.out.Values {
		c.out.Values[i] = collection + ":" + a
	}
	return err
}

func (c *completer) paths(ctx context.Context) error {
	at := c.place(ctx)
	a, err := c.client.Artifact(ctx, artifacts.Path{Entity: at.Entity, Project: at.Project, Collection: c.given["collection"], Alias: c.given["alias"]}.String())
	if err != nil {
		return err
	}
	m, err := a.Manifest(ctx)
	if err != nil {
		return err
	}
	for e := range m.All() {
		if !c.offer(e.Path) {
			break
		}
	}
	return nil
}
