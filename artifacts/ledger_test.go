package artifacts

import (
	"path/filepath"
	"testing"
	"time"
)

// TestLedger_Beside: what a ledger learns before it has read its file counts for
// more than what the file says, and takes nothing else out of it.
func TestLedger_Beside(t *testing.T) {
	file := filepath.Join(t.TempDir(), "digests", "folder")
	at := func(age time.Duration) stamp {
		return stamp{size: 3, mtime: time.Now().Add(-age).UnixNano(), regular: true}
	}
	old, changed := at(2*time.Hour), at(time.Hour)
	first := &ledger{file: file}
	first.dear() // nothing is learnt yet
	if err := first.flush(); err != nil {
		t.Fatal(err)
	}
	first.put("a", old, md5sum{1})
	first.put("b", old, md5sum{2})
	first.dear()
	if err := first.flush(); err != nil {
		t.Fatal(err)
	}

	check := func(what string, l *ledger) {
		t.Helper()
		for name, want := range map[string]struct {
			stamp stamp
			sum   md5sum
		}{"a": {old, md5sum{1}}, "b": {changed, md5sum{3}}, "c": {changed, md5sum{4}}} {
			if sum, ok := l.digest(name, want.stamp); !ok || sum != want.sum {
				t.Errorf("%s: %s has %x, %v", what, name, sum, ok)
			}
		}
		if _, ok := l.digest("b", old); ok {
			t.Errorf("%s: b is known as it was", what)
		}
	}
	learn := func() *ledger {
		l := &ledger{file: file}
		l.put("b", changed, md5sum{3})
		l.put("c", changed, md5sum{4})
		return l
	}
	check("looked up", learn())
	second := learn()
	second.dear()
	if err := second.flush(); err != nil {
		t.Fatal(err)
	}
	check("after it was written", second)
	check("read again", &ledger{file: file})
}
