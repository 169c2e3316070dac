// Package faulty has operations that go wrong in the ways that a library must
// survive, and some that do nothing, to measure with. It is linked into
// libraries for tests only (those built with -tags faults).
package faulty

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/capi/session"
)

// A core answers the operations whose names begin with "fault_", and leaves the
// others to the core behind it.
type core struct {
	session.Core
	log *slog.Logger
}

// New puts faults before a core. log gets what goes wrong where no call is
// left to be told.
func New(behind session.Core, log *slog.Logger) session.Core { return core{behind, log} }

// An input is that of every fault.
type input struct {
	MS    int `json:"ms"`    // how long it takes
	Bytes int `json:"bytes"` // how long the answer is
	Count int `json:"count"` // how often it reports progress
}

// done is the answer of faults that have none.
var done = []byte("{}")

// Call runs a fault.
func (c core) Call(ctx context.Context, name string, arguments []byte, report func([]byte)) ([]byte, error) {
	if !strings.HasPrefix(name, "fault_") {
		return c.Core.Call(ctx, name, arguments, report)
	}
	if name == "fault_echo" {
		return arguments, nil
	}
	var in input
	if len(arguments) > 0 {
		if err := json.Unmarshal(arguments, &in); err != nil {
			return nil, &artifacts.Error{Kind: artifacts.KindInvalid, Op: name, Message: err.Error()}
		}
	}
	wait := time.Duration(in.MS) * time.Millisecond
	switch name {
	case "fault_sleep": // until ctx ends
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
			return done, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case "fault_stubborn": // does not heed ctx
		time.Sleep(wait)
		return done, nil
	case "fault_panic":
		panic("a panic that was asked for")
	case "fault_nil":
		var nowhere *input
		return nil, fmt.Errorf("%d", nowhere.Count)
	case "fault_goroutine": // a panic in a goroutine that the operation waits for
		failed := make(chan error, 1)
		session.Go(name, c.log, func() error { panic("a panic in a goroutine") }, func(err error) { failed <- err })
		return nil, <-failed
	case "fault_late": // a panic when the operation has answered
		session.Go(name, c.log, func() error { time.Sleep(wait); panic("a panic after the answer") }, func(error) {})
		return done, nil
	case "fault_big":
		return make([]byte, in.Bytes), nil
	case "fault_progress":
		for i := range in.Count {
			report(fmt.Appendf(nil, `{"done":%d,"total":%d}`, i+1, in.Count))
			time.Sleep(wait)
		}
		return done, nil
	case "fault_log":
		for i := range in.Count {
			c.log.Info("a line that was asked for", "line", i)
		}
		return done, nil
	}
	return nil, &artifacts.Error{Kind: artifacts.KindInvalid, Op: name, Message: "there is no such fault"}
}
