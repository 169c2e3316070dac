package connect

import (
	"regexp"
	"testing"
)

// told is all that may be said of a netrc that does not parse: its words may
// be secrets out of their places.
var told = regexp.MustCompile(`^line \d+: [a-z ,]+$`)

func FuzzParseNetrc(f *testing.F) {
	for _, seed := range []string{
		"machine wandb.example.com\n  login user\n  password secret\n",
		"default login a password \"b c\\\"\" # comment\nmachine x\n",
		"macdef init\nput\n\nmachine a user b account c password d",
		"machine \"",
		"machine a password \\",
		"macdef x",
		"# only this",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := parseNetrc(text)
		if err != nil && !told.MatchString(err.Error()) {
			t.Errorf("the error %q tells more than the line and what was expected", err)
		}
		if err != nil && entries != nil {
			t.Error("entries of a file that does not parse")
		}
	})
}

func FuzzParseSettings(f *testing.F) {
	for _, seed := range []string{
		"[default]\nbase_url = https://wandb.example.com\n",
		"[default]\nentity: team\n  and more\n; comment\n[other]\nx = y",
		"[default", "x = y", "[default]\n= y", "[default]\na\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseSettings(text)
		if err != nil && values != nil {
			t.Error("settings of a file that does not parse")
		}
	})
}
