package mcpserver_test

import (
	"context"
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// TestCall_ThreeErrors: an agent can tell what is not there from what is not
// allowed, and both from a server that does not answer.
func TestCall_ThreeErrors(t *testing.T) {
	r := servertest.Start(t)
	ada := r.AddUser(t, "ada")
	r.AddOrganization(t, "acme", "ada")
	opener := func(url, key string) func(context.Context) (*artifacts.Client, error) {
		return func(context.Context) (*artifacts.Client, error) {
			return artifacts.New(artifacts.Config{BaseURL: url, APIKey: key, Entity: r.Username, Timeout: 100 * time.Millisecond, Retry: artifacts.Retry{Attempts: 1}})
		}
	}
	owner := connected(t, mcpserver.New(mcpserver.Options{Open: opener(r.URL, r.Key), Toolsets: tools.Toolsets()}))
	if made := called(t, owner, "create_registry", map[string]any{"registry": "acme/models"}); made.IsError {
		t.Fatal(made.Content)
	}
	for _, tt := range []struct {
		what, url, key, tool string
		arguments            map[string]any
		code                 artifacts.Kind
		retryable            bool
	}{
		{"a wrong path", r.URL, r.Key, "get_artifact", map[string]any{"artifact": "vision/no-such:v0"}, artifacts.KindNotFound, false},
		{"a missing right", r.URL, ada, "update_registry", map[string]any{"registry": "acme/models", "description": "mine"}, artifacts.KindDenied, false},
		{"a time-out", servertest.Silent(t), r.Key, "get_artifact", map[string]any{"artifact": "vision/no-such:v0"}, artifacts.KindUnavailable, true},
	} {
		c := connected(t, mcpserver.New(mcpserver.Options{Open: opener(tt.url, tt.key), Toolsets: tools.Toolsets()}))
		if e := failureOf(t, called(t, c, tt.tool, tt.arguments)); e.Code != tt.code || e.Retryable != tt.retryable || e.Next == "" {
			t.Errorf("%s: %+v", tt.what, e)
		}
	}
}
