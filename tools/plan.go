package tools

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// A plan's id binds it to the state that it saw, so that applying it can refuse
// when that state has changed. Nothing is kept between the two calls, which may
// come from different processes: the id holds when the plan ends, which
// collection it is for, and a digest of the state and that time. Applying reads
// the state again and expects the same digest.
//
// The id is no credential. Whoever may delete the collection may also work out
// an id without asking for a plan; but nobody does that by mistake, and what
// plans prevent is mistakes. Whether the caller may delete is for the server to
// say.
const (
	planPrefix    = "plan_"
	planLasts     = 15 * time.Minute
	planTimeBytes = 8
	planPlace     = 4  // bytes of the digest of the collection's path
	planState     = 18 // bytes of the digest of state and time
)

// planEncoding is strict, so that a plan has one id.
var planEncoding = base64.RawURLEncoding.Strict()

// A planned is what a plan is bound to.
type planned interface{ plan() (planSubject, error) }

// A planSubject tells plans apart, and words what is wrong with one.
type planSubject struct {
	// doing is what the plan is for, and place what it is for: a plan for one is
	// none for another.
	doing, place string
	// state is the digest of all that the plan depends on.
	state [sha256.Size]byte
	// planner is the operation that makes such plans.
	planner string
	// other and changed say that a plan was for something else, or that the
	// state has changed.
	other, changed string
}

// sealPlan makes the id of a plan.
func sealPlan(s planned, until time.Time) (string, error) {
	p, err := s.plan()
	if err != nil {
		return "", err
	}
	return planPrefix + planEncoding.EncodeToString(p.bytes(until.Unix())), nil
}

func (p planSubject) bytes(until int64) []byte {
	raw := binary.BigEndian.AppendUint64(nil, uint64(until))
	place := sha256.Sum256([]byte(p.place))
	whole := sha256.Sum256(append([]byte(p.doing+"\x00"+string(raw)), p.state[:]...))
	raw = append(raw, place[:planPlace]...)
	return append(raw, whole[:planState]...)
}

// checkPlan refuses a plan that is none, is over, or was made for something
// else or another state than s.
func checkPlan(id string, s planned, now time.Time) error {
	p, err := s.plan()
	if err != nil {
		return err
	}
	raw, err := openPlan(id, p.planner)
	if err != nil {
		return err
	}
	until := time.Unix(int64(binary.BigEndian.Uint64(raw)), 0)
	want := p.bytes(until.Unix())
	e := &Error{
		Code: artifacts.KindConflict, Argument: "plan_id",
		Next: "call " + p.planner + " again, and go on only if its answer is still what the user wants",
	}
	switch {
	case !bytes.Equal(raw[planTimeBytes:planTimeBytes+planPlace], want[planTimeBytes:planTimeBytes+planPlace]):
		e.Message = p.other + "; nothing was deleted"
	case !now.Before(until):
		e.Message = "the plan was good until " + moment(until).Format(time.RFC3339) + " and is over; nothing was deleted"
	case !bytes.Equal(raw, want):
		e.Message = p.changed + "; nothing was deleted"
	default:
		return nil
	}
	return e
}

// openPlan reads a plan's id, whose parts are still to be checked.
func openPlan(id, planner string) ([]byte, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(id), planPrefix)
	raw, err := planEncoding.DecodeString(text)
	if !ok || err != nil || len(raw) != planTimeBytes+planPlace+planState {
		return nil, invalid("plan_id", "call "+planner+" and give its plan_id unchanged",
			"plan_id is %q, which is not the id of a plan; nothing was deleted", clip(id, clippedInLists))
	}
	return raw, nil
}
