package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// The headers in which a client says who acts for its user, and why. They are
// this registry's own; W&B's clients send neither.
const (
	actorHeader  = "Reliquary-Actor"
	reasonHeader = "Reliquary-Reason"
)

// actor reads them. What they say is what the client says: it is recorded, and
// gives no rights.
func actor(h http.Header) (metadata.ActorKind, string, error) {
	kind := metadata.ActorKind(strings.ToUpper(h.Get(actorHeader)))
	switch kind {
	case "", metadata.PersonActor, metadata.AgentActor, metadata.ProgramActor:
	default:
		return "", "", fmt.Errorf("the header %s is %q; it is person, agent or program", actorHeader, h.Get(actorHeader))
	}
	reason, err := url.PathUnescape(h.Get(reasonHeader))
	if err == nil && !utf8.ValidString(reason) {
		err = errors.New("it is not UTF-8")
	}
	if err != nil {
		return "", "", fmt.Errorf("the header %s cannot be read: %w; percent-encode the reason", reasonHeader, err)
	}
	if len(reason) > metadata.MaxReason {
		return "", "", fmt.Errorf("the reason has %d bytes, and %d are kept; say it in fewer words", len(reason), metadata.MaxReason)
	}
	return kind, reason, nil
}
