package tools

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/reliquary/reliquary/artifacts"
)

// Files are the part of the local disk that calls may touch: a front end says
// so with WithFiles, and without that they may touch none. It is safe for
// concurrent use.
type Files struct {
	dir  string   // absolute, or "": relative paths begin here
	root *os.Root // nil: not bounded
}

// AllFiles are all files of the computer, as far as the system lets this
// process: for a person, and for a program that could open them itself.
// Relative paths begin at dir; where that is "", there are none.
func AllFiles(dir string) *Files { return &Files{dir: dir} }

// FilesIn are the files in a folder, for a caller that is trusted with these
// alone: an agent. Paths are relative to it, or absolute and in it. No path leads
// out of it, whatever "..", symbolic links or folders that are exchanged
// meanwhile would have it; nor are references followed to other files of the
// computer or to the web. Close it.
func FilesIn(dir string) (*Files, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		// With its links resolved, as other programs may write it: /tmp is a
		// link on some systems.
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, localFailure("", dir, err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, localFailure("", dir, err)
	}
	return &Files{dir: abs, root: root}, nil
}

// Dir is where relative paths begin.
func (f *Files) Dir() string { return f.dir }

// Bounded reports whether no path leads out of Dir.
func (f *Files) Bounded() bool { return f.root != nil }

// Close releases the folder. Calls under way must have ended.
func (f *Files) Close() error {
	if f.root == nil {
		return nil
	}
	return f.root.Close()
}

type filesKey struct{}

// WithFiles lets calls made with the context touch these files.
func WithFiles(ctx context.Context, f *Files) context.Context {
	return context.WithValue(ctx, filesKey{}, f)
}

// filesOf are the files that a call may touch, nil for none.
func filesOf(ctx context.Context) *Files {
	f, _ := ctx.Value(filesKey{}).(*Files)
	return f
}

// A localPath is a file or folder that a call may touch.
type localPath struct {
	// path is absolute, for people; where root is nil it is what is opened.
	path string
	// root and rel are where it is opened, so that nothing leads out of it.
	root *os.Root
	rel  string
}

// local reads a path that came in an argument. KindDenied where it leads
// outside of what the call may touch.
func local(ctx context.Context, argument, path string) (localPath, error) {
	f := filesOf(ctx)
	switch {
	case f == nil:
		return localPath{}, &Error{
			Code: artifacts.KindDenied, Argument: argument,
			Message: "this server may not touch files of the computer that it runs on",
			Next:    "ask the user to start `reliquary mcp` with --files and a folder, and give paths in that folder",
		}
	case path == "" || strings.ContainsRune(path, 0):
		return localPath{}, invalid(argument, "give the path of a file or folder", "%s is %q, which is no path", argument, clip(path, clippedInLists))
	case !filepath.IsAbs(path) && f.dir == "":
		return localPath{}, invalid(argument, "give an absolute path", "%s is the relative path %q, and it is not known to which folder", argument, clip(path, clippedInLists))
	}
	abs := filepath.Clean(path)
	if !filepath.IsAbs(path) {
		abs = filepath.Join(f.dir, path)
	}
	if f.root == nil {
		return localPath{path: abs}, nil
	}
	rel, err := filepath.Rel(f.dir, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return localPath{}, outside(argument, path, f.dir)
	}
	return localPath{path: abs, root: f.root, rel: rel}, nil
}

func outside(argument, path, dir string) *Error {
	return &Error{
		Code: artifacts.KindDenied, Argument: argument,
		Message: "the path " + quote(path) + ", or a link in it, leads out of " + quote(dir) + ", the folder that may be used; nothing was done",
		Next:    "give a path in that folder, relative to it, or ask the user for access to another one",
	}
}

// slashed is rel as file systems of package fs have it.
func (p localPath) slashed() string { return filepath.ToSlash(p.rel) }

// addDir adds what is in a folder that has a root to a draft.
func (p localPath) addDir(d *artifacts.Draft, prefix string, o *artifacts.DirOptions) error {
	fsys := p.root.FS()
	if p.rel != "." {
		sub, err := fs.Sub(fsys, p.slashed())
		if err != nil {
			return err
		}
		fsys = sub
	}
	return d.AddFS(fsys, prefix, o)
}

// stat follows links.
func (p localPath) stat() (fs.FileInfo, error) {
	if p.root == nil {
		return os.Stat(p.path)
	}
	return p.root.Stat(p.rel)
}

// fail tells of a file that could not be used.
func (p localPath) fail(argument string, err error) error {
	if escapes(err) {
		return outside(argument, p.path, p.root.Name())
	}
	return localFailure(argument, p.path, err)
}

// escapes reports whether a Root refused a path: it has no error of its own
// for that.
func escapes(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p) && p.Err != nil && strings.Contains(p.Err.Error(), "path escapes from parent")
}

// localFailure is a failure of the local disk in the form of this package's.
func localFailure(argument, path string, err error) *Error {
	e := &Error{Code: artifacts.KindUnavailable, Argument: argument, Message: "the path " + quote(path) + " cannot be used: " + err.Error(), err: err}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		e.Message = "the path " + quote(path) + " cannot be used: " + p.Err.Error()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Code, e.Next = artifacts.KindNotFound, "check the path"
		e.Message = "there is no file or folder " + quote(path)
	case errors.Is(err, fs.ErrPermission):
		e.Code, e.Next = artifacts.KindDenied, "check the permissions of the file and of its folders"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		e.Code, e.Next = artifacts.KindConflict, "move away what is there, or choose another path"
	}
	return e
}
