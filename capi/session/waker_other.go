//go:build !unix

package session

import (
	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// A waker does not exist here: hosts take events in a thread of their own, or
// are told by a function.
type waker struct{ fd int }

func newWaker() (*waker, error) {
	return nil, &tools.Error{
		Code:    artifacts.KindUnsupported,
		Message: "this system has no file descriptors to wait on",
		Next:    "take events with a timeout in a thread, or pass a function to be told",
	}
}

func (*waker) set()   {}
func (*waker) clear() {}
func (*waker) close() {}
