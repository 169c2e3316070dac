//go:build !faults

package core

import (
	"log/slog"

	"github.com/reliquary/reliquary/capi/session"
)

// withFaults leaves a core as it is; only libraries for tests have faults.
func withFaults(c session.Core, _ *slog.Logger) session.Core { return c }
