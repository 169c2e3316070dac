package artifacts

import (
	"sync"
	"time"
)

// A Phase is what a call is doing.
type Phase string

// The phases of logging and downloading.
const (
	PhaseHash     Phase = "hash"
	PhaseUpload   Phase = "upload"
	PhaseDownload Phase = "download"
	PhaseVerify   Phase = "verify"
)

// Progress says how far a call is. Totals are those of the phase; they can grow
// while references are resolved.
type Progress struct {
	Phase      Phase `json:"phase"`
	Files      int   `json:"files"` // done
	TotalFiles int   `json:"totalFiles"`
	Bytes      int64 `json:"bytes"` // done
	TotalBytes int64 `json:"totalBytes"`
}

// progressEvery is the least time between two reports of a phase.
const progressEvery = 100 * time.Millisecond

// A meter counts and reports. Its callback is never called twice at once, nor
// more often than every progressEvery, but for the end of a phase.
type meter struct {
	report func(Progress)

	mu   sync.Mutex
	now  Progress
	last time.Time
}

// newMeter begins a phase. report can be nil.
func newMeter(report func(Progress), phase Phase, files int, bytes int64) *meter {
	m := &meter{report: report, now: Progress{Phase: phase, TotalFiles: files, TotalBytes: bytes}}
	m.add(0, 0)
	return m
}

// add counts what is done. Negative bytes take back what has to be done again.
func (m *meter) add(files int, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Files += files
	m.now.Bytes += bytes
	if m.report == nil {
		return
	}
	if now := time.Now(); now.Sub(m.last) >= progressEvery {
		m.last = now
		m.report(m.now)
	}
}

// grow raises the totals.
func (m *meter) grow(files int, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.TotalFiles += files
	m.now.TotalBytes += bytes
}

// end reports once more.
func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.report != nil {
		m.report(m.now)
	}
}
