package directory_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reliquary/reliquary/artifacts/server/directory"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	if text := os.Getenv(limitVariable); text != "" {
		signal.Ignore(syscall.SIGXFSZ)
		n, err := strconv.ParseUint(text, 10, 64)
		if err == nil {
			err = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n})
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
	}
	d, err := directory.Open(context.Background(), os.Getenv(pathVariable), directory.Options{})
	if err != nil {
		fmt.Println(metadata.KindOf(err), err)
		os.Exit(2)
	}
	defer d.Close()
	c, err := d.Credentials()
	if err != nil {
		fmt.Println(metadata.KindOf(err), err)
		os.Exit(2)
	}
	fmt.Println(d.Created, c.APIKey)
}
