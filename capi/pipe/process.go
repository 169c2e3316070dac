package pipe

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/reliquary/reliquary/capi/core"
)

// Process is Serve for a process that was started to do nothing else, on its
// standard streams. Ctrl-C and the end of a terminal are for the program that
// started it: they reach all processes of a terminal, and what to do about them
// is decided there. That the program is gone is no error.
func Process(in io.Reader, out io.Writer) error {
	// Without SIGPIPE a write fails when the program is gone, and what is under
	// way can end in order.
	signal.Ignore(os.Interrupt, syscall.SIGHUP, syscall.SIGPIPE)
	err := Serve(in, out, core.Open)
	if errors.Is(err, errGone) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return nil
	}
	return err
}
