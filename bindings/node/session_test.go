package node

import "testing"

func TestSession(t *testing.T) {
	newProgram(t, withFaults(t)).run(t, "session.test.mjs")
}

// TestNative asks of the addon what the classes never would.
func TestNative(t *testing.T) {
	newProgram(t, withFaults(t)).run(t, "native.test.mjs", "--expose-gc")
}
