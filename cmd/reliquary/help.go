package main

import (
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// fitHelp has the help of all commands fit a terminal. It is fitted when it is
// asked for, and without a template: a program that can execute templates keeps
// every exported method that anything in it has, a fifth of its size.
func fitHelp(root *cobra.Command, width int) {
	help, usage := root.HelpFunc(), root.UsageFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		c.Long = wrap(c.Long, width)
		help(c, args)
	})
	root.SetUsageFunc(func(c *cobra.Command) error {
		out := c.OutOrStderr()
		var text strings.Builder
		c.SetOut(&text)
		err := usage(c)
		c.SetOut(out)
		if err != nil {
			return err
		}
		fitted := text.String()
		for _, flags := range []*pflag.FlagSet{c.LocalFlags(), c.InheritedFlags()} {
			if wide := flags.FlagUsages(); wide != "" {
				fitted = strings.Replace(fitted, trimLines(wide), trimLines(flags.FlagUsagesWrapped(width)), 1)
			}
		}
		_, err = io.WriteString(out, fitted)
		return err
	})
}

// trimLines leaves out the end of a text that shows nothing, as cobra does.
func trimLines(text string) string { return strings.TrimRightFunc(text, unicode.IsSpace) }

// wrap breaks paragraphs into lines of a width. Indented lines stay as they
// are: they are examples and tables.
func wrap(text string, width int) string {
	var out, line strings.Builder
	end := func() {
		if line.Len() > 0 {
			out.WriteString(line.String() + "\n")
			line.Reset()
		}
	}
	for _, l := range strings.Split(text, "\n") {
		if l == "" || l[0] == ' ' || l[0] == '\t' {
			end()
			out.WriteString(l + "\n")
			continue
		}
		for _, word := range strings.Fields(l) {
			if line.Len() > 0 && line.Len()+1+len(word) > width {
				end()
			}
			if line.Len() > 0 {
				line.WriteByte(' ')
			}
			line.WriteString(word)
		}
	}
	end()
	return strings.TrimRight(out.String(), "\n")
}

// helpTopics are what `reliquary help` knows besides commands.
func helpTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "paths", Short: "How artifacts are named", Long: pathsHelp},
		{Use: "exit-codes", Short: "What a command's exit code says", Long: exitCodesHelp},
		{Use: "output", Short: "What is printed, on a terminal and in a pipe", Long: outputHelp},
	}
}

const pathsHelp = `Artifacts are named as in W&B:

  [[ENTITY/]PROJECT/]COLLECTION[:VERSION]

VERSION is a number such as v3, or an alias such as latest, which is meant where there is none. Entity and project are those of your settings where they are left out (WANDB_ENTITY, WANDB_PROJECT, wandb/settings), or else the entity of your API key and the project "uncategorized". A registry of an organization is the project wandb-registry-NAME.

Files of a version are named by their paths in it, after the version:

  reliquary cat team/vision/flowers:v3 labels/train.csv

ls, du and completion also look at what holds artifacts: ENTITY, then ENTITY/PROJECT, then ENTITY/PROJECT/COLLECTION. Where there is no such entity or project, they read the path as above.`

const outputHelp = `On a terminal, lists are tables that fit it, sizes are rounded, and transfers show how far they are. In a pipe, a list is one line for each item, its fields separated by tabs: the same columns, in the same order, without a heading, with sizes in bytes and times in UTC (RFC 3339).

Results are on standard output. What is for you rather than for a script (which place is worked on, progress, warnings, errors) is on standard error. -q leaves all of that out but errors, and makes lists and changes print nothing but names, written so that other commands take them:

  reliquary ls -q team/vision/flowers | xargs -n1 reliquary verify

--json prints one JSON value, and an error as {"error": {"code", "message", "next", ...}} on standard error. Where a command is an operation, its value is what the operation gives: see ` + "`reliquary schema OPERATION`" + `. Sizes in it are strings of digits.

Nothing is coloured in a pipe, nor where NO_COLOR is set.`

const exitCodesHelp = `Every command ends with one of these:

    0  it was done
    1  it failed, for a reason that none of the others says
    2  what was asked makes no sense; nothing was done
    3  what it was asked of is not there, or this API key may not see it
    4  there is no good API key, or it may not do this
    5  the present state forbids it: an alias is elsewhere than expected,
       a version is in use
    6  the server cannot be reached, or is too busy; the same may work later
    7  what was checked is not as it should be: files differ from their version
       (verify), a registry is damaged (doctor), versions differ
       (diff --exit-code), or wrong bytes arrived
  130  it was interrupted`
