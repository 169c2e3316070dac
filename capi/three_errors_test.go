package main

import (
	"encoding/json"
	"testing"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/artifacts/server/servertest"
	"github.com/reliquary/reliquary/capi/core"
	"github.com/reliquary/reliquary/capi/session"
)

// TestThreeErrors: a host can tell what is not there from what is not allowed,
// and both from a server that does not answer, by the status alone.
func TestThreeErrors(t *testing.T) {
	t.Parallel() // it waits for the server that does not answer
	r := servertest.Start(t)
	ada := r.AddUser(t, "ada")
	r.AddOrganization(t, "acme", "ada")
	call := func(url, key, operation, input string) error {
		t.Helper()
		l := session.NewLibrary(core.Open)
		config, err := json.Marshal(session.Config{BaseURL: url, APIKey: key, Entity: r.Username, TimeoutSeconds: 1})
		if err != nil {
			t.Fatal(err)
		}
		h, _, err := l.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close(h, -1)
		s, err := l.Session(h)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Call(operation, []byte(input))
		return err
	}
	if err := call(r.URL, r.Key, "create_registry", `{"registry":"acme/models"}`); err != nil {
		t.Fatal(err)
	}
	seen := map[int]string{}
	for _, tt := range []struct {
		what, url, key, operation, input string
		kind                             artifacts.Kind
	}{
		{"a wrong path", r.URL, r.Key, "get_artifact", `{"artifact":"vision/no-such:v0"}`, artifacts.KindNotFound},
		{"a missing right", r.URL, ada, "update_registry", `{"registry":"acme/models","description":"mine"}`, artifacts.KindDenied},
		{"a time-out", servertest.Silent(t), r.Key, "get_artifact", `{"artifact":"vision/no-such:v0"}`, artifacts.KindUnavailable},
	} {
		err := call(tt.url, tt.key, tt.operation, tt.input)
		status := int(statusOf(err))
		if session.KindOf(err) != tt.kind || status != int(statuses[tt.kind]) {
			t.Errorf("%s: status %d, %s", tt.what, status, session.EncodeFailure(err))
		}
		if other := seen[status]; other != "" {
			t.Errorf("%s and %s have the same status", tt.what, other)
		}
		seen[status] = tt.what
	}
}
