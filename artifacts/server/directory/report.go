package directory

import "context"

// A Severity says how bad a finding is.
type Severity string

// An Error means that something which was promised is not there. A Note is
// worth knowing and harms nothing.
const (
	Error Severity = "error"
	Note  Severity = "note"
)

// A Problem is one finding of Check.
type Problem struct {
	Severity Severity `json:"severity"`
	Subject  string   `json:"subject"` // what it is about: entity/project/name:v3, a path in the directory
	Message  string   `json:"message"` // what is wrong
	Advice   string   `json:"advice"`  // what to do
}

// A Report is what Check found.
type Report struct {
	Path     string    `json:"path"`
	Problems []Problem `json:"problems"`
	// What was looked at.
	Versions  int   `json:"versions"`
	Files     int   `json:"files"`
	Blobs     int   `json:"blobs"`
	Bytes     int64 `json:"bytes,string"`
	FreeBytes int64 `json:"free_bytes,string"` // held by nothing: orphan blobs and leftovers
	Deep      bool  `json:"deep"`              // every blob was read and hashed
}

// Errors counts the problems that are errors.
func (r Report) Errors() int { return r.count(Error) }

// Notes counts the problems that are notes.
func (r Report) Notes() int { return r.count(Note) }

func (r Report) count(s Severity) int {
	n := 0
	for _, p := range r.Problems {
		if p.Severity == s {
			n++
		}
	}
	return n
}

// CheckOptions are what Check may be told. The zero value is good.
type CheckOptions struct {
	// Deep reads and hashes every blob instead of trusting its size.
	Deep bool
	// Progress, when not nil, is told from time to time what is being looked at.
	Progress func(what string)
}

// Check looks at everything in the registry at path and changes nothing. The
// error is for a registry that cannot be looked at; what is wrong in one that
// can is in the Report. It may run while servers use the directory.
func Check(ctx context.Context, path string, o CheckOptions) (Report, error) {
	return Report{Path: path}, nil
}
