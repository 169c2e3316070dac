package dir

import "testing"

func TestAtLeast(t *testing.T) {
	for release, want := range map[string]bool{
		"5.8.0": true, "5.8": true, "5.8-rc1": true, "5.10.0-generic": true, "6.1.2+": true, "10.0": true,
		"5.7.19": false, "4.19.0-27-amd64": false, "5": false, "": false, "x.y": false,
	} {
		if atLeast(release, 5, 8) != want {
			t.Errorf("%q: want %t", release, want)
		}
	}
}
