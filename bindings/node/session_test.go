package node

import "testing"

func TestSession(t *testing.T) {
	newProgram(t, withFaults(t)).run(t, "session.test.mjs")
}
