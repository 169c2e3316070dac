package artifacts

import "io/fs"

// A stamp is what a file's unchanged contents are told by without reading them.
type stamp struct {
	size, mtime    int64 // mtime in nanoseconds
	ctime, inode   int64 // 0 where the system has none
	regular, exist bool
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), mtime: info.ModTime().UnixNano(), regular: info.Mode().IsRegular(), exist: true}
	s.ctime, s.inode = statNumbers(info)
	return s
}
