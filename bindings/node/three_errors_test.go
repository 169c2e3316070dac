package node

import (
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// TestThreeErrors: a program can tell what is not there from what is not
// allowed, and both from a server that does not answer, by the error's code.
func TestThreeErrors(t *testing.T) {
	t.Parallel() // it waits for the server that does not answer
	r := servertest.Start(t)
	ada := r.AddUser(t, "ada")
	r.AddOrganization(t, "acme", "ada")
	p := newProgram(t, shipped(t))
	stdout, stderr, err := p.output(t, p.copy(t, "three_errors.mjs"), r.URL, servertest.Silent(t), r.Key, ada)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	const want = `
NOT_FOUND false true
DENIED false true
UNAVAILABLE true true
`
	if strings.TrimSpace(stdout) != strings.TrimSpace(want) {
		t.Errorf("it prints\n%swant%s", stdout, want)
	}
}
