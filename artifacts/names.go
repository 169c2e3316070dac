package artifacts

import (
	"crypto/rand"
	"errors"
	"hash/maphash"
	"io/fs"
	"os"
	"path"
	"unicode"
	"unicode/utf8"
)

// A nameTrial finds out which names are one file where a download goes. That
// depends on the file system, on how it was made, and even on the folder.
type nameTrial interface {
	// folds reports whether there are any names that are one file.
	folds() (bool, error)
	// take takes a path. If one that was taken before is the same file, it
	// returns that.
	take(path string) (other string, err error)
	end()
}

// checkNames looks for entries that are one file where they go, for others than
// the case of letters, their form in Unicode (é is one character or two), or the
// dots and spaces that a name ends with: the second would replace the first.
// Nothing is tried unless there are such names.
func checkNames(entries []ManifestEntry, try func() (nameTrial, error)) error {
	seed := maphash.MakeSeed()
	first := make(map[uint64]int, len(entries))
	alike := map[uint64][]string{}
	var key []byte
	for i := range entries {
		key = appendLikeness(key[:0], entries[i].Path)
		h := maphash.Bytes(seed, key)
		if at, ok := first[h]; !ok {
			first[h] = i
		} else {
			if alike[h] == nil {
				alike[h] = []string{entries[at].Path}
			}
			alike[h] = append(alike[h], entries[i].Path)
		}
	}
	if len(alike) == 0 {
		return nil
	}
	trial, err := try()
	if err != nil {
		return inTheWay(err)
	}
	defer trial.end()
	folds, err := trial.folds()
	if err != nil {
		return inTheWay(err)
	}
	if !folds {
		return nil
	}
	for _, paths := range alike {
		for _, p := range paths {
			other, err := trial.take(p)
			if err != nil {
				return inTheWay(err)
			}
			if other != "" {
				return cannotHoldBoth(other, p)
			}
		}
	}
	return nil
}

// appendLikeness appends what paths have in common that some file system could
// take for one. All that is not ASCII is the same here, in any number, with the
// letter that an accent stands on: whoever has the tables decides.
func appendLikeness(to []byte, path string) []byte {
	const other = 0xff // in no UTF-8
	begin := len(to)
	trim := func() {
		for len(to) > begin && (to[len(to)-1] == '.' || to[len(to)-1] == ' ') {
			to = to[:len(to)-1]
		}
	}
	for i := 0; i < len(path); {
		c := path[i]
		switch {
		case c == '/':
			trim()
			to = append(to, c)
			begin = len(to)
			i++
		case c < utf8.RuneSelf:
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			to = append(to, c)
			i++
		default:
			r, n := utf8.DecodeRuneInString(path[i:])
			if unicode.Is(unicode.M, r) && len(to) > begin {
				to = to[:len(to)-1]
			}
			if len(to) == begin || to[len(to)-1] != other {
				to = append(to, other)
			}
			i += n
		}
	}
	trim()
	return to
}

// A rootTrial makes empty files in a folder of their own, where the others will go.
type rootTrial struct {
	root  *os.Root
	dir   string
	taken []string
}

func newRootTrial(root *os.Root) (nameTrial, error) {
	t := &rootTrial{root: root, dir: ".reliquary-names-" + rand.Text()}
	return t, root.Mkdir(t.dir, 0o700)
}

func (t *rootTrial) end() { _ = t.root.RemoveAll(t.dir) }

func (t *rootTrial) folds() (bool, error) {
	for _, names := range [][2]string{{"case", "CASE"}, {"\u00e9", "e\u0301"}, {"dot", "dot."}, {"space", "space "}} {
		if err := t.make(names[0]); err != nil {
			return false, err
		}
		_, err := t.root.Lstat(path.Join(t.dir, names[1]))
		if err := t.root.Remove(path.Join(t.dir, names[0])); err != nil {
			return false, err
		}
		if err == nil {
			return true, nil
		}
	}
	return false, nil
}

func (t *rootTrial) make(name string) error {
	f, err := t.root.OpenFile(path.Join(t.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (t *rootTrial) take(p string) (string, error) {
	if _, err := localName(p); err != nil {
		return "", nil // it is refused by itself
	}
	if err := t.root.MkdirAll(path.Join(t.dir, path.Dir(p)), 0o700); err != nil {
		return "", err
	}
	err := t.make(p)
	if !errors.Is(err, fs.ErrExist) {
		t.taken = append(t.taken, p)
		return "", err
	}
	own, err := t.root.Lstat(path.Join(t.dir, p))
	if err != nil {
		return "", err
	}
	for _, other := range t.taken {
		if info, err := t.root.Lstat(path.Join(t.dir, other)); err == nil && os.SameFile(own, info) {
			return other, nil
		}
	}
	return "", fs.ErrExist
}
