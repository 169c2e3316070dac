package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// What is done in less time than this shows no bar, and in a pipe a line comes
// this often.
const (
	showBarAfter = 300 * time.Millisecond
	linesEvery   = 10 * time.Second
)

// phases are in the words of a person who waits.
var phases = map[artifacts.Phase]string{
	artifacts.PhaseHash:     "reading",
	artifacts.PhaseUpload:   "sending",
	artifacts.PhaseDownload: "fetching",
	artifacts.PhaseVerify:   "checking",
}

// A progress shows how far a transfer is: as a bar on a terminal, in a pipe as
// a line now and then. The zero value shows nothing.
type progress struct {
	shell *shell
	begun time.Time
	said  time.Time
	phase artifacts.Phase
	since time.Time // the phase
	bar   *progressbar.ProgressBar
}

// progress begins to watch a transfer. Call end on the result before anything
// else is printed.
func (s *shell) progress() *progress {
	p := &progress{begun: time.Now(), said: time.Now()}
	if !s.quiet && !s.json {
		p.shell = s
	}
	return p
}

// report is for tools.WithProgress, which never has it called twice at once.
func (p *progress) report(now tools.Progress) {
	switch {
	case p.shell == nil:
	case p.shell.ErrIsTerminal:
		p.draw(now)
	case time.Since(p.said) >= linesEvery && now.Files < now.TotalFiles:
		p.said = time.Now()
		p.shell.notef("%s: %s of %s\n", describe(now), size(int64(now.Bytes)), size(int64(now.TotalBytes)))
	}
}

func (p *progress) draw(now tools.Progress) {
	if now.Phase != p.phase {
		p.end()
		p.phase, p.since = now.Phase, time.Now()
	}
	if p.bar == nil {
		if time.Since(p.begun) < showBarAfter || now.TotalBytes == 0 || now.Files == now.TotalFiles {
			return
		}
		p.bar = progressbar.NewOptions64(int64(now.TotalBytes),
			progressbar.OptionSetWriter(p.shell.Err),
			progressbar.OptionFullWidth(),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetTheme(theme),
			// Times and rates count from when the bar appeared; ours from when it began.
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetPredictTime(false),
		)
	}
	p.bar.Describe(describe(now) + pace(now, time.Since(p.since)))
	p.bar.ChangeMax64(int64(max(now.TotalBytes, now.Bytes)))
	// A bar that cannot be drawn is no reason to stop.
	_ = p.bar.Set64(int64(min(now.Bytes, now.TotalBytes-1)))
}

// pace says how fast it goes, and how long it will take if that lasts.
func pace(now tools.Progress, took time.Duration) string {
	if now.Bytes == 0 || took < time.Second {
		return ""
	}
	rate := float64(now.Bytes) / took.Seconds()
	left := time.Duration(float64(now.TotalBytes-now.Bytes) / rate * float64(time.Second))
	return fmt.Sprintf(", %s/s, %s left", size(int64(rate)), max(left, time.Second).Round(time.Second))
}

// count shows how many of some things are done, which have no size.
func (p *progress) count(what string, done, total int) {
	if p.shell == nil || !p.shell.ErrIsTerminal || time.Since(p.begun) < showBarAfter || done == total {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.shell.Err), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish(), progressbar.OptionSetTheme(theme))
	}
	_ = p.bar.Set(done)
}

// theme is plain ASCII, which every terminal has.
var theme = progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}

// describe says what is being done, and to how many files.
func describe(now tools.Progress) string {
	return fmt.Sprintf("%s %d/%s", phases[now.Phase], now.Files, count(now.TotalFiles, "file"))
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
		p.bar = nil
	}
}
