package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reliquary/reliquary/tools"
)

// TestHelp_Fits reads the help of every command, in the two ways there are.
func TestHelp_Fits(t *testing.T) {
	help := func(args ...string) string {
		var out, err strings.Builder
		if code := run(context.Background(), args, terminal{In: strings.NewReader(""), Out: &out, Err: &err}); code != exitOK || err.Len() > 0 {
			t.Errorf("%v: exit code %d, %s", args, code, err.String())
		}
		return out.String()
	}
	width := terminal{}.columns()
	var visit func(c *cobra.Command, path []string)
	visit = func(c *cobra.Command, path []string) {
		text := help(append(slices.Clone(path), "--help")...)
		if again := help(append([]string{"help"}, path...)...); again != text && len(c.Commands()) == 0 {
			t.Errorf("help %v is %s, and with --help it is %s", path, again, text)
		}
		if c.Runnable() && !strings.Contains(text, "Usage:\n  reliquary") {
			t.Errorf("%v does not say how it is used: %s", path, text)
		}
		_, flags, _ := strings.Cut(text, "\nFlags:\n")
		for line := range strings.Lines(text) {
			if utf8.RuneCountInString(line) > width && !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "  reliquary") && !strings.Contains(line, "\"") {
				t.Errorf("%v: more than %d columns: %s", path, width, line)
			}
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(flags, "--"+f.Name) {
				t.Errorf("%v says nothing of --%s: %s", path, f.Name, text)
			}
		})
		for _, sub := range c.Commands() {
			visit(sub, append(slices.Clone(path), sub.Name()))
		}
	}
	root := newRootCommand(&shell{})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	visit(root, nil)

	all := strings.Join(strings.Fields(help("call", "--help")), " ")
	for _, o := range tools.All() {
		if !strings.Contains(all, " "+o.Name) {
			t.Errorf("the help of call does not name %s", o.Name)
		}
	}
	if text := help("completion", "bash", "--help"); !strings.Contains(text, "\n\n\tsource <(reliquary completion bash)\n\n") {
		t.Errorf("examples do not stand as they were: %s", text)
	}
}
