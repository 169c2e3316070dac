package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"

	"github.com/reliquary/reliquary/artifacts/connect"
)

// A terminal is what a command talks to: its three streams and the environment
// that it was started in. `reliquary mcp` speaks its protocol on In and Out, so
// anything meant for a person goes to Err there.
type terminal struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	Env connect.Environment
	// InIsTerminal says that a person can be asked, OutIsTerminal that one reads
	// the output, and ErrIsTerminal that one may be shown progress.
	InIsTerminal, OutIsTerminal, ErrIsTerminal bool
}

// process is the terminal of the running process.
func process() terminal {
	isTerminal := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	return terminal{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Env:          connect.Process(),
		InIsTerminal: isTerminal(os.Stdin), OutIsTerminal: isTerminal(os.Stdout), ErrIsTerminal: isTerminal(os.Stderr),
	}
}

// printf writes to the output. A failed write is not reported: the reader has
// gone away, and there is nobody left to tell.
func (t terminal) printf(format string, a ...any) {
	_, _ = fmt.Fprintf(t.Out, format, a...)
}

// notef writes to the error stream, for the person rather than the pipe.
func (t terminal) notef(format string, a ...any) {
	_, _ = fmt.Fprintf(t.Err, format, a...)
}

// columns is how wide the output is; 80 where that cannot be told.
func (t terminal) columns() int {
	if f, ok := t.Out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// A style is how a terminal shows a text: an SGR sequence of ECMA-48.
type style string

// The styles.
const (
	plain  style = ""
	faint  style = "2"
	bold   style = "1"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// paint styles text on the output, if that is a terminal which may have colour
// (see https://no-color.org).
func (t terminal) paint(s style, text string) string {
	if s == plain || text == "" || !t.OutIsTerminal || t.Env.Var("NO_COLOR") != "" || t.Env.Var("TERM") == "dumb" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// clean makes text from elsewhere harmless on a terminal and one field in a
// line of a pipe: names and descriptions can hold tabs, line ends and the
// sequences that move a terminal's cursor.
func clean(text string) string {
	if !strings.ContainsFunc(text, unprintable) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unprintable(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unprintable reports control characters, and those that change the direction
// of what follows.
func unprintable(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
