package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// TestThreeErrors: a script can tell what is not there from what is not
// allowed, and both from a server that does not answer, by the exit code; a
// person by what is said.
func TestThreeErrors(t *testing.T) {
	t.Parallel() // it waits for the server that does not answer
	r := servertest.Start(t)
	ada := r.AddUser(t, "ada")
	r.AddOrganization(t, "acme", "ada")
	reliquary := func(url, key string, args ...string) (code int, said string) {
		t.Helper()
		c := exec.Command("reliquary", args...)
		c.Dir = t.TempDir()
		c.Env = []string{"HOME=" + c.Dir, "WANDB_BASE_URL=" + url, "WANDB_API_KEY=" + key, "WANDB_ENTITY=" + r.Username, "WANDB_HTTP_TIMEOUT=1"}
		text, err := c.CombinedOutput()
		if c.ProcessState == nil {
			t.Fatal(err)
		}
		return c.ProcessState.ExitCode(), string(text)
	}
	if code, said := reliquary(r.URL, r.Key, "call", "create_registry", `{"registry":"acme/models"}`); code != exitOK {
		t.Fatal(said)
	}
	for _, tt := range []struct {
		what, url, key string
		args           []string
		code           int
		says           string
	}{
		{"a wrong path", r.URL, r.Key, []string{"call", "get_artifact", `{"artifact":"vision/no-such:v0"}`}, exitNotFound, "no project"},
		{"a missing right", r.URL, ada, []string{"call", "update_registry", `{"registry":"acme/models","description":"mine"}`}, exitDenied, "ask the owner"},
		{"a time-out", servertest.Silent(t), r.Key, []string{"call", "get_artifact", `{"artifact":"vision/no-such:v0"}`}, exitUnavailable, "did not answer"},
	} {
		if code, said := reliquary(tt.url, tt.key, tt.args...); code != tt.code || !strings.Contains(said, tt.says) {
			t.Errorf("%s: exit code %d, %s", tt.what, code, said)
		}
	}
}
