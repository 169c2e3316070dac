package directory

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
