// Command reliquary-pipe is the command `reliquary pipe` alone: what packages of
// other languages bring along where they cannot load the C library, for half the
// bytes of the whole program.
package main

import (
	"fmt"
	"os"

	"github.com/reliquary/reliquary/capi/pipe"
)

func main() {
	if len(os.Args) != 2 || os.Args[1] != "pipe" {
		fmt.Fprintln(os.Stderr, "usage: reliquary-pipe pipe\n\nPackages of Reliquary start this program and speak to it on its standard streams.")
		os.Exit(2)
	}
	if err := pipe.Process(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "reliquary-pipe: %v\n", err)
		os.Exit(1)
	}
}
