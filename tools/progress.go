package tools

import (
	"context"

	"github.com/reliquary/reliquary/artifacts"
)

// Progress says how far a call is that takes its time: one that hashes, sends,
// fetches or verifies files. Its JSON is what every front end passes on. Totals
// are those of the phase, and can grow while it lasts.
type Progress struct {
	Phase      artifacts.Phase `json:"phase"`
	Files      int             `json:"files"` // done
	TotalFiles int             `json:"total_files"`
	Bytes      Bytes           `json:"bytes"` // done
	TotalBytes Bytes           `json:"total_bytes"`
}

type progressKey struct{}

// WithProgress has calls made with the context report how far they are: never
// twice at once and about ten times per second at most, from any goroutine, and
// not after Call has returned. report must be quick.
func WithProgress(ctx context.Context, report func(Progress)) context.Context {
	return context.WithValue(ctx, progressKey{}, report)
}

// progressOf is how a call reports to whoever wants to know, nil for nobody.
func progressOf(ctx context.Context) func(artifacts.Progress) {
	report, _ := ctx.Value(progressKey{}).(func(Progress))
	if report == nil {
		return nil
	}
	return func(p artifacts.Progress) {
		report(Progress{
			Phase: p.Phase, Files: p.Files, TotalFiles: p.TotalFiles,
			Bytes: Bytes(p.Bytes), TotalBytes: Bytes(p.TotalBytes),
		})
	}
}
