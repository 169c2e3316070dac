package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// VerifyArtifactInput says what to hold against a version.
type VerifyArtifactInput struct {
	UsableArtifact
	// Folder of this computer that should hold the version.
	Folder string `json:"folder,omitempty" jsonschema:"example=data"`
	// Fetch every file from the server and check it. The default without folder.
	Server bool `json:"server,omitempty"`
}

// VerifyArtifactOutput says how what was checked differs from the version.
type VerifyArtifactOutput struct {
	Artifact string `json:"artifact"`
	// Nothing is missing, changed or extra.
	OK     bool          `json:"ok"`
	Folder *Verification `json:"folder,omitempty"`
	Server *Verification `json:"server,omitempty"`
	// Without a connection: when the server last said that this is the version.
	KnownSince *Moment `json:"known_since,omitempty"`
}

// Verification says how one place differs from a version.
type Verification struct {
	OK bool `json:"ok"`
	// That are right.
	Files     int   `json:"files"`
	SizeBytes Bytes `json:"size_bytes"`
	// Not there.
	Missing Paths `json:"missing"`
	// With other bytes than the version says.
	Changed Paths `json:"changed"`
	// In the folder and not in the version.
	Extra Paths `json:"extra"`
	// Whose bytes the version does not tell: references.
	Unchecked Paths `json:"unchecked"`
}

// Paths are the first of some paths, and their number.
type Paths struct {
	Total int      `json:"total"`
	First []string `json:"first,omitempty"`
}

// mostPathsShown is how many paths of a kind an answer names.
const mostPathsShown = 100

func verifyArtifact() Operation {
	return Define("verify_artifact", Reads, Words{
		Title:       "Verify an artifact version",
		Description: "Check byte for byte whether a folder holds an artifact version, or whether the server still has all files of it as they were logged.",
		Toolset:     ToolsetFiles,
	}, func(ctx context.Context, c *artifacts.Client, in VerifyArtifactInput) (VerifyArtifactOutput, error) {
		var out VerifyArtifactOutput
		var p localPath
		if in.Folder != "" {
			var err error
			if p, err = local(ctx, "folder", in.Folder); err != nil {
				return out, err
			}
		} else {
			in.Server = true
		}
		if in.Server && in.Offline {
			return out, invalid("offline", "leave it out, or name a folder to verify", "what is on the server cannot be verified offline")
		}
		found, err := in.UsableArtifact.find(ctx, c)
		if err != nil {
			return out, err
		}
		out.Artifact, out.KnownSince, out.OK = found.QualifiedName(), found.knownSince(), true
		o := &artifacts.VerifyOptions{Progress: progressOf(ctx)}
		if in.Folder != "" {
			dir := p.path
			if p.root != nil {
				o.Within, dir = p.root, p.rel
			}
			v, err := found.Verify(ctx, dir, o)
			if err != nil {
				return out, blame("folder", err)
			}
			out.Folder, out.OK = viewVerification(v), v.OK()
		}
		if in.Server {
			v, err := found.VerifyStored(ctx, o)
			if err != nil {
				return out, err
			}
			out.Server, out.OK = viewVerification(v), out.OK && v.OK()
		}
		return out, nil
	})
}

func viewVerification(v *artifacts.Verification) *Verification {
	paths := func(all []string) Paths {
		first, _ := some(all, mostPathsShown)
		return Paths{Total: len(all), First: first}
	}
	return &Verification{
		OK: v.OK(), Files: v.Files, SizeBytes: Bytes(v.Bytes),
		Missing: paths(v.Missing), Changed: paths(v.Changed), Extra: paths(v.Extra), Unchecked: paths(v.Unchecked),
	}
}
