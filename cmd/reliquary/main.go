// Command reliquary keeps and serves W&B artifacts: `serve` is a W&B-compatible
// registry, `mcp` gives agents tools on artifacts, and the other commands work
// on them by hand.
//
// It is a thin shell: a command reads its arguments, calls the library, and
// prints. Everything that it touches of the process (streams, environment,
// signals) enters in main and is passed on.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(runProcess()) }

// runProcess runs the command that the process was started for. The first
// interrupt asks the command to finish; a second one ends the process at once.
func runProcess() int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// Room for both, so that neither is lost however quickly they come.
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupts
		cancel()
		<-interrupts
		os.Exit(exitSignal)
	}()
	return run(ctx, os.Args[1:], process())
}
