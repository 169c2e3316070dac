package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/tools"
)

// Exit codes, for scripts. They are part of the command line's contract, and
// `reliquary help exit-codes` tells them.
const (
	exitOK          = 0
	exitFailed      = 1   // the command ran and did not succeed
	exitUsage       = 2   // what was asked makes no sense; nothing was done
	exitNotFound    = 3   // it is not there, or this API key may not see it
	exitDenied      = 4   // no good API key, or one that may not do this
	exitConflict    = 5   // the present state forbids it
	exitUnavailable = 6   // the server cannot be reached; it may work later
	exitDifferent   = 7   // what was checked is not as it should be
	exitSignal      = 130 // interrupted
)

// exitCodes are those of the kinds of failure.
var exitCodes = map[artifacts.Kind]int{
	artifacts.KindInvalid:         exitUsage,
	artifacts.KindNotFound:        exitNotFound,
	artifacts.KindUnauthenticated: exitDenied,
	artifacts.KindDenied:          exitDenied,
	artifacts.KindConflict:        exitConflict,
	artifacts.KindUnavailable:     exitUnavailable,
	artifacts.KindCorrupt:         exitDifferent,
	artifacts.KindCanceled:        exitSignal,
	artifacts.KindUnsupported:     exitFailed,
}

// A usageError says that a command line was wrong.
type usageError struct {
	command string
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// An exitError ends the program with a code of its own, after the command has
// printed what there was to say.
type exitError struct{ code int }

func (e *exitError) Error() string { return "exit" }

// fail tells the person, or the script, what went wrong, and returns the exit
// code.
func (s *shell) fail(ctx context.Context, command string, err error) int {
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	e, code := explain(err)
	if ctx.Err() != nil {
		e, code = &tools.Error{Code: artifacts.KindCanceled, Message: "interrupted", Next: s.ifInterrupted}, exitSignal
	}
	if s.json {
		e.Operation = command
		if text, err := json.Marshal(map[string]any{"error": e}); err == nil {
			s.notef("%s\n", text)
			return code
		}
	}
	told := sentence(e)
	if command != "call" && command != "schema" {
		told = inCommands.Replace(told)
	}
	s.notef("reliquary: %s\n", told)
	if usage, ok := errors.AsType[*usageError](err); ok {
		s.notef("Run `%s --help` for how to use it.\n", usage.command)
	}
	return code
}

// explain finds out what kind of failure an error is.
func explain(err error) (*tools.Error, int) {
	e := &tools.Error{Message: err.Error()}
	code := exitFailed
	if own, ok := errors.AsType[*tools.Error](err); ok {
		*e, code = *own, exitCodes[own.Code]
	} else if cause, ok := errors.AsType[*artifacts.Error](err); ok {
		whole := *cause
		whole.Next = ""
		e.Code, e.Message, e.Next, code = cause.Kind, whole.Error(), cause.Next, exitCodes[cause.Kind]
		e.Retryable = cause.Kind == artifacts.KindUnavailable
	} else if _, ok := errors.AsType[*usageError](err); ok {
		e.Code, code = artifacts.KindInvalid, exitUsage
	} else if metadata.IsNotFound(err) {
		e.Code, code = artifacts.KindNotFound, exitNotFound
	}
	return e, code
}

// sentence says it in one line.
func sentence(e *tools.Error) string {
	text := clean(e.Message)
	switch {
	case len(e.Candidates) > 0:
		text += "; did you mean " + clean(strings.Join(e.Candidates, " or ")) + "?"
		// What to do otherwise, where that is more than to look what there is.
		if strings.Contains(e.Next, "create_type") {
			text += " If a new one is meant, add --create-type"
		}
	case e.Next != "":
		text += "; " + clean(e.Next)
	}
	return text
}

// inCommands puts commands for the operations that messages name: they are
// written for agents, who call those.
var inCommands = strings.NewReplacer(
	"ask the user for the entity and project, which stand in the address of its page", "see `reliquary ls` for what there is",
	"see list_artifact_types", "see `reliquary ls --types`",
	"see list_artifact_collections", "see `reliquary ls`",
	"see list_artifacts", "see `reliquary ls`",
	"with list_artifacts", "with `reliquary ls`",
	"list_artifact_files", "`reliquary ls`",
	"get_artifact_collection", "`reliquary ls`",
	"plan_delete_artifact_collection", "`reliquary rm`",
	"plan_delete_artifacts", "`reliquary rm`",
	"delete_artifact_collection", "`reliquary rm`",
	"delete_artifacts", "`reliquary rm`",
	"unlink_artifact", "`reliquary unlink`",
	"link_artifact", "`reliquary link`",
	"give the artifact type of the new collection, as dataset or model", "to make it, say what it holds, as in --type dataset or --type model",
	"call again with expected", "try again with --expect",
	"call again with one of them", "name one of them",
	"call again", "try again",
)
