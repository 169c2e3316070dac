package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type verifyOptions struct {
	server     bool
	offline    bool
	allowExtra bool
}

func newVerifyCommand(s *shell) *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify VERSION [FOLDER]",
		Short: "Check a folder, or the server, against a version",
		Long: "Verify reads every file in a folder and compares it with what was logged. It tells what is missing, changed " +
			"or extra, and ends with 7 if anything is. Without a folder, or with --server-too, it fetches every file from " +
			"the server and checks that.",
		Example: "  reliquary verify team/vision/flowers:v3 ./flowers\n" +
			"  reliquary verify team/vision/flowers:v3",
		Args: wantArguments(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			in := tools.VerifyArtifactInput{
				UsableArtifact: tools.UsableArtifact{Artifact: args[0], Offline: o.offline}, Server: o.server,
			}
			if len(args) == 2 {
				in.Folder = args[1]
			} else if o.offline {
				return usagef(c, "name the folder to check: what is on the server cannot be checked offline")
			}
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				return verify(ctx, s, client, in, o)
			})
		},
	}
	c.Flags().BoolVar(&o.server, "server-too", false, "check what the server keeps, besides the folder")
	c.Flags().BoolVar(&o.allowExtra, "allow-extra", false, "files in the folder that are not in the version are no difference")
	c.Flags().BoolVar(&o.offline, "offline", false, "ask no server: use what this computer knows of the version")
	return c
}

func verify(ctx context.Context, s *shell, client *artifacts.Client, in tools.VerifyArtifactInput, o verifyOptions) error {
	out, err := operateWatched[tools.VerifyArtifactOutput](ctx, s, client, "verify_artifact", in)
	if err != nil {
		return err
	}
	if o.allowExtra && out.Folder != nil {
		f := out.Folder
		f.OK = f.Missing.Total+f.Changed.Total == 0
		out.OK = f.OK && (out.Server == nil || out.Server.OK)
	}
	if out.KnownSince != nil && !in.Offline {
		s.commentf("warning: the server cannot be reached; %s was %s %s\n", in.Artifact, out.Artifact, ago(out.KnownSince.Time, time.Now()))
	}
	err = s.print(out, func() {
		if out.Folder != nil {
			s.printVerification(out.Artifact, in.Folder, out.Folder)
		}
		if out.Server != nil {
			s.printVerification(out.Artifact, "the server", out.Server)
		}
	})
	if err == nil && !out.OK {
		err = &exitError{code: exitDifferent}
	}
	return err
}

// printVerification tells how a place differs: each path, and a sum.
func (s *shell) printVerification(name, place string, v *tools.Verification) {
	var rows [][]cell
	for _, list := range []struct {
		what  string
		style style
		paths tools.Paths
	}{{"missing", red, v.Missing}, {"changed", red, v.Changed}, {"extra", yellow, v.Extra}, {"unchecked", faint, v.Unchecked}} {
		for _, p := range list.paths.First {
			rows = append(rows, []cell{styled(list.style, list.what), word(p)})
		}
		if more := list.paths.Total - len(list.paths.First); more > 0 {
			rows = append(rows, []cell{styled(list.style, list.what), word("and " + count(more, "more file"))})
		}
	}
	s.printTable([]column{{}, {}}, rows)
	switch {
	case s.quiet:
	case v.OK:
		s.printf("%s has %s as it was logged: %s, %s\n", clean(place), clean(name), count(v.Files, "file"), size(int64(v.SizeBytes)))
	default:
		s.printf("%s differs from %s: %d missing, %d changed, %d extra, %d right\n", clean(place), clean(name),
			v.Missing.Total, v.Changed.Total, v.Extra.Total, v.Files)
	}
}
