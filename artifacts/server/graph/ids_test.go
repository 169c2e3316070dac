package graph

import (
	"encoding/base64"
	"math"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func TestGlobalIDs(t *testing.T) {
	for _, n := range []int64{1, 42, math.MaxInt32, math.MaxInt64} {
		id := artifactID.globalID(n)
		if _, err := base64.StdEncoding.DecodeString(id); err != nil {
			t.Errorf("%s is not standard base64, which clients decode: %v", id, err)
		}
		if got, err := artifactID.number(id); got != n || err != nil {
			t.Errorf("%s: %d, %v, want %d", id, got, err, n)
		}
		if _, err := runID.number(id); metadata.KindOf(err) != metadata.KindInvalid {
			t.Errorf("the id of an artifact as that of a run: %v", err)
		}
	}
	if got := artifactID.globalID(7); got != "QXJ0aWZhY3Q6Nw==" {
		t.Errorf("the id of artifact 7 is %s: ids that were given out must stay the same", got)
	}
}

func FuzzGlobalID(f *testing.F) {
	f.Add("QXJ0aWZhY3Q6Nw==")
	f.Add("QXJ0aWZhY3Q6Nw")
	f.Add("")
	f.Add("Artifact:7")
	f.Fuzz(func(t *testing.T, id string) {
		n, err := artifactID.number(id)
		if err != nil {
			if metadata.KindOf(err) != metadata.KindInvalid {
				t.Errorf("%q: %v", id, err)
			}
			return
		}
		if again, err := artifactID.number(artifactID.globalID(n)); n <= 0 || again != n || err != nil {
			t.Errorf("%q: %d, then %d, %v", id, n, again, err)
		}
	})
}

func TestLikeToRegex(t *testing.T) {
	for like, want := range map[string]string{
		"%.json": `(?s)^.*\.json$`,
		"a_c":    `(?s)^a.c$`,
		"x(y":    `(?s)^x\(y$`,
	} {
		if got := likeToRegex(like); got != want {
			t.Errorf("%s: %s, want %s", like, got, want)
		}
	}
}
