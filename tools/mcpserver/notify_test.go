package mcpserver_test

import (
	"strings"
	"testing"

	"github.com/reliquary/reliquary/tools/mcpserver"
)

// TestSubscription_IsAcknowledgedFirst: over every wire a client is told what it
// is subscribed to, which is nothing here, before its subscription ends.
func TestSubscription_IsAcknowledgedFirst(t *testing.T) {
	const subscriptions = 300
	e := eras[1] // only the new era has them
	for name, w := range map[string]wire{
		"stdio": overStdio(t, mcpserver.New(mcpserver.Options{Open: unopened(t)}), e),
		"HTTP":  overHTTP(t, mcpserver.New(mcpserver.Options{Open: unopened(t)}), e, "", mcpserver.HTTPOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			wrong := 0
			for range subscriptions {
				got := w.ask(t, e.request("subscriptions/listen", map[string]any{"notifications": map[string]any{"toolsListChanged": true}}))
				if len(got) != 2 || !strings.Contains(string(got[0]), `"notifications/subscriptions/acknowledged"`) || !strings.Contains(string(got[1]), `"result"`) {
					wrong++
				}
			}
			if wrong > 0 {
				t.Errorf("%d of %d subscriptions were not acknowledged first", wrong, subscriptions)
			}
		})
	}
}
