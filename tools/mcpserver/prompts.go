package mcpserver

import (
	"context"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// A job is something that people ask for often, as a prompt that a client offers
// them.
type job struct {
	name, title, description string
	arguments                []jobArgument
	// text says what to do; {name} stands for an argument.
	text string
}

type jobArgument struct {
	name, description string
	required          bool
}

func jobs() []job {
	version := func(name, description string) jobArgument { return jobArgument{name, description, true} }
	project := jobArgument{"project", "entity/project; left out: the default one", false}
	return []job{
		{
			"describe_project", "What is in this project?", "An overview of the artifacts of a project.", []jobArgument{project},
			"Give me an overview of the artifacts in {project}: which types and how many collections of each (list_artifact_types), the collections " +
				"(list_artifact_collections), and what takes the most space (get_storage_usage). Keep it to one screen.",
		},
		{
			"promote_version", "Promote a version", "Move an alias to a version, after looking at what has it now.",
			[]jobArgument{version("artifact", "collection:version to promote"), {"alias", "such as production", true}, {"reason", "why, for the description", false}},
			"Promote {artifact}: see what has the alias {alias} now, and what changed since (compare_artifacts). Tell me, and if I agree move the alias " +
				"with update_artifact, giving expected so that it moves only from where you saw it, and write the reason into the description: {reason}",
		},
		{
			"clean_up", "Free space", "Find versions that nobody would miss, and delete them after asking.", []jobArgument{project},
			"Find out what takes the space in {project} and what of it is unused (get_storage_usage with unused_only). Propose what to delete. For what I agree to, " +
				"call plan_change, show me its whole answer with what stays and why, and call apply_plan only when I have said yes to that plan.",
		},
		{
			"compare_versions", "What changed?", "What changed between two versions of a collection.",
			[]jobArgument{version("from", "collection:version, the older one"), version("to", "collection:version, the newer one")},
			"Tell me what changed between {from} and {to}: files added, removed and changed, how much it grew, and of tables the columns and row counts " +
				"(compare_artifacts). Say so if the answer was not complete.",
		},
		{
			"trace_lineage", "Where does this come from?", "What a version was made from, and what was made from it.",
			[]jobArgument{version("artifact", "collection:alias")},
			"Trace {artifact} (get_lineage): which data and models it was made from, by which runs, and what has used it or was made from it since. " +
				"Name versions exactly, and say so if something was left out.",
		},
	}
}

// addPrompts adds the common jobs.
func (s *Server) addPrompts() {
	for _, j := range jobs() {
		options := []mcp.PromptOption{mcp.WithPromptTitle(j.title), mcp.WithPromptDescription(j.description)}
		for _, a := range j.arguments {
			argument := []mcp.ArgumentOption{mcp.ArgumentDescription(a.description)}
			if a.required {
				argument = append(argument, mcp.RequiredArgument())
			}
			options = append(options, mcp.WithArgument(a.name, argument...))
		}
		s.mcp.AddPrompt(mcp.NewPrompt(j.name, options...), j.get)
	}
}

func (j job) get(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	text := j.text
	for _, a := range j.arguments {
		value := cleanText(strings.TrimSpace(request.Params.Arguments[a.name]))
		switch {
		case value == "" && a.required:
			return nil, fmt.Errorf("%s is missing: %s", a.name, a.description)
		case value == "" && a.name == "project":
			value = "the default project"
		case value == "":
			value = "(none given: ask me)"
		}
		text = strings.ReplaceAll(text, "{"+a.name+"}", value)
	}
	return &mcp.GetPromptResult{
		Description: j.description,
		Messages:    []mcp.PromptMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(text)}},
	}, nil
}
