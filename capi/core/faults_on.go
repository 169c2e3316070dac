//go:build faults

package core

import (
	"log/slog"

	"github.com/reliquary/reliquary/capi/session"
	"github.com/reliquary/reliquary/capi/session/faulty"
)

// withFaults adds operations that go wrong: this is a library for tests.
func withFaults(c session.Core, log *slog.Logger) session.Core { return faulty.New(c, log) }
