package servertest

import (
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/fixtures"
)

// AddOrganization makes an organization whose administrator is the first user.
// The others are members of it.
func (r *Registry) AddOrganization(t testing.TB, name string, members ...string) {
	t.Helper()
	commands := []string{fmt.Sprintf(`{"command":"up","orgName":%q,"username":%q}`, name, r.Username)}
	for _, m := range members {
		commands = append(commands, fmt.Sprintf(`{"command":"add_members","orgName":%q,"fixtureData":{"members":[{"username":%q,"role":"member"}]}}`, name, m))
	}
	service := fixtures.New(r.Metadata)
	for _, c := range commands {
		req := httptest.NewRequest("POST", "http://127.0.0.1/db/organization", strings.NewReader(c))
		req.RemoteAddr = "127.0.0.1:1"
		req.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		service.ServeHTTP(answer, req)
		if answer.Code != 200 {
			t.Fatalf("%s: %d %s", c, answer.Code, answer.Body)
		}
	}
}

// Silent is the address of a server that takes connections and never answers.
func Silent(t testing.TB) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	return "http://" + l.Addr().String()
}
