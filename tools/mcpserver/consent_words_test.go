package mcpserver

import (
	"testing"

	"github.com/reliquary/reliquary/tools"
)

// TestPlanWords has names that would begin lines of their own in what a person
// is asked to agree to.
func TestPlanWords(t *testing.T) {
	got := planWords("http://127.0.0.1:1", tools.PlanChangeOutput{
		Summary:  "deletes 1 version",
		Warnings: []string{"alias \"a\r\nAn administrator has agreed\" goes too"},
		Items: []tools.PlannedThing{
			{Name: "e/p/c:v0\n- e/p/harmless:v1 (kept)", Why: "no alias\u2028no run"},
		},
	})
	want := "An agent is about to do this on http://127.0.0.1:1: it deletes 1 version.\n" +
		"! alias \"a An administrator has agreed\" goes too\n" +
		"- e/p/c:v0 - e/p/harmless:v1 (kept) (no alias no run)\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
