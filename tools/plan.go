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

// sealPlan makes the id of a plan.
func sealPlan(s collectionState, until time.Time) (string, error) {
	raw, err := planBytes(s, until.Unix())
	return planPrefix + planEncoding.EncodeToString(raw), err
}

func planBytes(s collectionState, until int64) ([]byte, error) {
	state, err := s.digest()
	if err != nil {
		return nil, err
	}
	raw := binary.BigEndian.AppendUint64(nil, uint64(until))
	place := sha256.Sum256([]byte(s.Server + "\x00" + s.Path))
	whole := sha256.Sum256(append([]byte("delete collection\x00"+string(raw)), state[:]...))
	raw = append(raw, place[:planPlace]...)
	return append(raw, whole[:planState]...), nil
}

// checkPlan refuses a plan that is none, is over, or was made for another
// collection or another state than s.
func checkPlan(id string, s collectionState, now time.Time) error {
	const again = "call plan_delete_artifact_collection again, and go on only if its answer is still what the user wants"
	raw, err := openPlan(id)
	if err != nil {
		return err
	}
	until := time.Unix(int64(binary.BigEndian.Uint64(raw)), 0)
	want, err := planBytes(s, until.Unix())
	if err != nil {
		return err
	}
	e := &Error{Code: artifacts.KindConflict, Argument: "plan_id", Next: again}
	switch {
	case !bytes.Equal(raw[planTimeBytes:planTimeBytes+planPlace], want[planTimeBytes:planTimeBytes+planPlace]):
		e.Message = "the plan was made for another collection than " + s.Path + "; nothing was deleted"
	case !now.Before(until):
		e.Message = "the plan was good until " + moment(until).Format(time.RFC3339) + " and is over; nothing was deleted"
	case !bytes.Equal(raw, want):
		e.Message = "collection " + s.Path + " is no longer as the plan saw it: versions, aliases, uses or attributes have changed since; nothing was deleted"
	default:
		return nil
	}
	return e
}

// openPlan reads a plan's id, whose parts are still to be checked.
func openPlan(id string) ([]byte, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(id), planPrefix)
	raw, err := planEncoding.DecodeString(text)
	if !ok || err != nil || len(raw) != planTimeBytes+planPlace+planState {
		return nil, invalid("plan_id", "call plan_delete_artifact_collection and give its plan_id unchanged",
			"plan_id is %q, which is not the id of a plan; nothing was deleted", clip(id, clippedInLists))
	}
	return raw, nil
}
