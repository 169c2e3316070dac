package tools_test

import (
	"testing"
	"time"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// TestThreeErrors: what is not there, what is not allowed, and a server that
// does not answer are three errors, and each says what to do.
func TestThreeErrors(t *testing.T) {
	s := &shop{Registry: servertest.Start(t)}
	ada := s.AddUser(t, "ada")
	s.AddOrganization(t, "acme", "ada")
	owner := s.client(t, nil)
	call[any](t, owner, "create_registry", args{"registry": "acme/models"})
	guest := func(url string) *artifacts.Client {
		c, err := artifacts.New(artifacts.Config{
			BaseURL: url, APIKey: ada, Entity: s.Username, Timeout: 100 * time.Millisecond,
			Retry: artifacts.Retry{Attempts: 2, MinWait: time.Millisecond},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	for _, tt := range []struct {
		name      string
		client    *artifacts.Client
		operation string
		args      args
		code      artifacts.Kind
		retryable bool
	}{
		{"a wrong path", owner, "get_artifact", args{"artifact": "vision/no-such:v0"}, artifacts.KindNotFound, false},
		{"a missing right", guest(s.URL), "update_registry", args{"registry": "acme/models", "description": "mine"}, artifacts.KindDenied, false},
		{"a time-out", guest(servertest.Silent(t)), "get_artifact", args{"artifact": "vision/no-such:v0"}, artifacts.KindUnavailable, true},
	} {
		e := refuse(t, tt.client, tt.operation, tt.args)
		if e.Code != tt.code || e.Retryable != tt.retryable || e.Message == "" || e.Next == "" {
			t.Errorf("%s: %+v", tt.name, e)
		}
	}
}
