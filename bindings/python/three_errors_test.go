package python

import (
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/servertest"
)

// TestThreeErrors: a program can tell what is not there from what is not
// allowed, and both from a server that does not answer, by what is raised.
func TestThreeErrors(t *testing.T) {
	t.Parallel() // it waits for the server that does not answer
	r := servertest.Start(t)
	ada := r.AddUser(t, "ada")
	r.AddOrganization(t, "acme", "ada")
	const program = `
import sys, reliquary
from reliquary import errors
url, silent, owner, guest = sys.argv[1:]
reliquary.Api({"base_url": url, "entity": "local"}, api_key=owner).operations.create_registry(registry="acme/models")

def told(url, key, do):
    with reliquary.Api({"base_url": url, "entity": "local"}, api_key=key, timeout=1) as api:
        try:
            do(api)
        except errors.Error as e:
            print(type(e).__name__, e.code, isinstance(e, LookupError), isinstance(e, PermissionError), isinstance(e, TimeoutError), bool(e.next))

told(url, owner, lambda api: api.artifact("local/vision/no-such:v0"))
told(url, guest, lambda api: api.operations.update_registry(registry="acme/models", description="mine"))
told(silent, owner, lambda api: api.artifact("local/vision/no-such:v0"))
`
	out, err := run(clean(t, "PYTHONPATH="+installed(t)), python("bindings"), "-c", program, r.URL, servertest.Silent(t), r.Key, ada)
	if err != nil {
		t.Fatal(err)
	}
	const want = `
NotFoundError NOT_FOUND True False False True
DeniedError DENIED False True False True
UnavailableError UNAVAILABLE False False True True
`
	if strings.TrimSpace(out) != strings.TrimSpace(want) {
		t.Errorf("it prints\n%swant%s", out, want)
	}
}
