// Package pipe serves one session to a program on the other end of two streams:
// for programs that cannot load the C library, as those on musl, which has no
// room for a Go runtime in a program that it has started.
//
// It is the same [session.Session] behind both, and the same JSON goes in and
// out. What a program calls as a function of reliquary.h it sends as a frame
// here:
//
//	size    uint32, of the payload
//	kind    uint16
//	word    uint16, what the kind says
//	token   uint64, names a call as in reliquary_submit; otherwise 0
//	payload
//
// Numbers are little-endian. A program sends
//
//	Open    word is Version, the payload a configuration. The first frame, once.
//	Submit  word is flags, those of reliquary_submit. The payload is the size of
//	        the operation's name (uint16), the name, and the input.
//	Cancel  has no payload.
//
// and receives
//
//	Opened    word is 0 and the payload tells where the session leads; or else
//	          it is 1, the payload is a failure, and nothing follows.
//	Result    word is 0 and the payload the answer; or else it is 1 and the
//	          payload a failure. The last frame of its token.
//	Progress  how far a call is: the newest that the program had not received.
//	Log       a log line.
//
// Results come in the order in which calls end. A program that sends must
// receive meanwhile: who is full of frames that it cannot send does not look for
// new ones. The session ends when the program closes its stream, or is gone.
// Everything under way is then canceled, and Serve returns once that has ended.
package pipe
