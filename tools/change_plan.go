package tools

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// A change is what a plan is about, read anew: when it is planned, and when the
// plan is applied.
type change struct {
	// state is the digest of all that the plan depends on.
	state [sha256.Size]byte
	shown PlanChangeOutput
	// things is how many would be changed.
	things int
	apply  func(context.Context) (ApplyPlanOutput, error)
}

// stateOf is the digest of a state.
func stateOf(v any) ([sha256.Size]byte, error) {
	text, err := json.Marshal(v)
	return sha256.Sum256(text), err
}

// The id of a plan for a change carries what was planned, so that nothing has to
// be repeated and nothing has to be kept: until when it holds, a digest of the
// state that it saw and of the rest, and the arguments.
const (
	changePrefix    = "change_"
	mostPlannedArgs = 64 << 10
)

// sealChange makes the id of a plan.
func sealChange(in PlanChangeInput, state [sha256.Size]byte, until time.Time) (string, error) {
	arguments, err := json.Marshal(in)
	if err != nil {
		return "", err
	}
	var raw bytes.Buffer
	raw.Write(changeHead(arguments, state, until.Unix()))
	w, err := flate.NewWriter(&raw, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(arguments); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return changePrefix + planEncoding.EncodeToString(raw.Bytes()), nil
}

func changeHead(arguments []byte, state [sha256.Size]byte, until int64) []byte {
	head := binary.BigEndian.AppendUint64(nil, uint64(until))
	whole := sha256.Sum256(append(append([]byte("change\x00"+string(head)), state[:]...), arguments...))
	return append(head, whole[:planState]...)
}

// An openedPlan is what an id says. Whether it is true is for check to say.
type openedPlan struct {
	in    PlanChangeInput
	head  []byte
	args  []byte
	until time.Time
}

// openChange reads the id of a plan.
func openChange(id string) (*openedPlan, error) {
	bad := invalid("plan_id", "call plan_change and give its plan_id unchanged", "plan_id is %q, which is not the id of a plan; nothing was changed", clip(id, clippedInLists))
	text, ok := strings.CutPrefix(strings.TrimSpace(id), changePrefix)
	raw, err := planEncoding.DecodeString(text)
	const headBytes = planTimeBytes + planState
	if !ok || err != nil || len(raw) < headBytes {
		return nil, bad
	}
	p := &openedPlan{head: raw[:headBytes], until: time.Unix(int64(binary.BigEndian.Uint64(raw)), 0)}
	r := flate.NewReader(bytes.NewReader(raw[headBytes:]))
	if p.args, err = io.ReadAll(io.LimitReader(r, mostPlannedArgs)); err != nil {
		return nil, bad
	}
	d := json.NewDecoder(bytes.NewReader(p.args))
	d.DisallowUnknownFields()
	if d.Decode(&p.in) != nil || p.in.check() != nil {
		return nil, bad
	}
	return p, nil
}

// check refuses a plan that is over, or that saw another state.
func (p *openedPlan) check(now time.Time, state [sha256.Size]byte) error {
	e := &Error{
		Code: artifacts.KindConflict, Argument: "plan_id",
		Next: "call plan_change again, and go on only if its answer is still what the user wants",
	}
	switch {
	case !now.Before(p.until):
		e.Message = "the plan was good until " + moment(p.until).Format(time.RFC3339) + " and is over; nothing was changed"
	case !bytes.Equal(p.head, changeHead(p.args, state, p.until.Unix())):
		e.Message = "things are no longer as the plan saw them: which ones there are, their aliases, tags, links or uses have changed since; nothing was changed"
	default:
		return nil
	}
	return e
}
