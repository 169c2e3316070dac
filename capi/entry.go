package main

// #include "buffer.h"
// #include "reliquary.h"
import "C"

import (
	"math"
	"time"
	"unsafe"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/capi/core"
	"github.com/reliquary/reliquary/capi/session"
)

// sessions are those of this process. A C interface has no other place
// to keep them: its callers hold numbers.
var sessions = session.NewLibrary(core.Open)

// statuses are the numbers of kinds. reliquary.h says what they mean.
var statuses = map[artifacts.Kind]C.int32_t{
	session.KindPending:           C.RELIQUARY_PENDING,
	artifacts.KindNotFound:        C.RELIQUARY_ERR_NOT_FOUND,
	artifacts.KindUnauthenticated: C.RELIQUARY_ERR_UNAUTHENTICATED,
	artifacts.KindDenied:          C.RELIQUARY_ERR_DENIED,
	artifacts.KindConflict:        C.RELIQUARY_ERR_CONFLICT,
	artifacts.KindInvalid:         C.RELIQUARY_ERR_INVALID,
	artifacts.KindUnavailable:     C.RELIQUARY_ERR_UNAVAILABLE,
	artifacts.KindCorrupt:         C.RELIQUARY_ERR_CORRUPT,
	artifacts.KindCanceled:        C.RELIQUARY_ERR_CANCELED,
	artifacts.KindUnsupported:     C.RELIQUARY_ERR_UNSUPPORTED,
	session.KindInternal:          C.RELIQUARY_ERR_INTERNAL,
	session.KindClosed:            C.RELIQUARY_ERR_CLOSED,
	session.KindTooLarge:          C.RELIQUARY_ERR_TOO_LARGE,
	session.KindBusy:              C.RELIQUARY_ERR_BUSY,
}

// statusOf is the number of an error's kind.
func statusOf(err error) C.int32_t {
	if err == nil {
		return C.RELIQUARY_OK
	}
	if status, ok := statuses[session.KindOf(err)]; ok {
		return status
	}
	return C.RELIQUARY_ERR_INTERNAL
}

// guarded turns a panic of this file itself, or of package session, into a
// status: those of operations are caught further in, with more to say.
func guarded(status *C.int32_t) {
	if recover() != nil {
		*status = C.RELIQUARY_ERR_INTERNAL
	}
}

// view is a string of the host, for as long as the call lasts.
func view(data *C.char, size C.size_t) []byte {
	if data == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(data)), int(size))
}

// input is a copy of a string of the host, for operations to keep. What is too
// large is not read: its size may be the mistake.
func input(s *session.Session, data *C.char, size C.size_t) ([]byte, error) {
	if err := s.CheckInput(uint64(size)); err != nil {
		return nil, err
	}
	return append(make([]byte, 0, int(size)), view(data, size)...), nil
}

// duration is a timeout of the host: negative ones have no end.
func duration(ms C.int64_t) time.Duration {
	if ms < 0 {
		return -1
	}
	if int64(ms) > math.MaxInt64/int64(time.Millisecond) {
		return -1
	}
	return time.Duration(ms) * time.Millisecond
}

// give hands an answer, or what went wrong, to the host.
func give(data []byte, err error, to **C.char, size *C.size_t) C.int32_t {
	status := statusOf(err)
	if err != nil {
		data = session.EncodeFailure(err)
	}
	*to = C.reliquary_copy(unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)))
	if *to == nil {
		return C.RELIQUARY_ERR_NO_MEMORY
	}
	*size = C.size_t(len(data))
	return status
}

// tell fills in an event.
func tell(e session.Event, to *C.reliquary_event) {
	*to = C.reliquary_event{token: C.uint64_t(e.Token), kind: C.int32_t(e.Kind)}
	if e.Kind != session.EventNone {
		to.status = give(e.Data, e.Err, &to.data, &to.size)
	}
}

//export goReliquaryOpen
func goReliquaryOpen(config *C.char, configSize C.size_t, handle *C.reliquary_session, answer **C.char, answerSize *C.size_t) (status C.int32_t) {
	defer guarded(&status)
	if err := session.CheckConfig(uint64(configSize)); err != nil {
		return give(nil, err, answer, answerSize)
	}
	h, where, err := sessions.Open(view(config, configSize))
	if status = give(where, err, answer, answerSize); status == C.RELIQUARY_OK {
		*handle = C.reliquary_session(h)
	} else if err == nil { // what could not be told is not left open either
		_ = sessions.Close(h, -1)
	}
	return status
}

//export goReliquaryCall
func goReliquaryCall(handle C.reliquary_session, name *C.char, nameSize C.size_t, in *C.char, inSize C.size_t, answer **C.char, answerSize *C.size_t) (status C.int32_t) {
	defer guarded(&status)
	out, err := call(handle, name, nameSize, in, inSize)
	return give(out, err, answer, answerSize)
}

func call(handle C.reliquary_session, name *C.char, nameSize C.size_t, in *C.char, inSize C.size_t) ([]byte, error) {
	s, err := sessions.Session(session.Handle(handle))
	if err != nil {
		return nil, err
	}
	if err := s.CheckName(uint64(nameSize)); err != nil {
		return nil, err
	}
	arguments, err := input(s, in, inSize)
	if err != nil {
		return nil, err
	}
	return s.Call(string(view(name, nameSize)), arguments)
}

//export goReliquarySubmit
func goReliquarySubmit(handle C.reliquary_session, token C.uint64_t, flags C.uint32_t, name *C.char, nameSize C.size_t, in *C.char, inSize C.size_t) (status C.int32_t) {
	defer guarded(&status)
	s, err := sessions.Session(session.Handle(handle))
	if err != nil {
		return statusOf(err)
	}
	if err := s.CheckName(uint64(nameSize)); err != nil {
		return statusOf(err)
	}
	arguments, err := input(s, in, inSize)
	if err != nil {
		return statusOf(err)
	}
	return statusOf(s.Submit(uint64(token), session.Flags(flags), string(view(name, nameSize)), arguments))
}

//export goReliquaryCancel
func goReliquaryCancel(handle C.reliquary_session, token C.uint64_t) (status C.int32_t) {
	defer guarded(&status)
	s, err := sessions.Session(session.Handle(handle))
	if err != nil {
		return statusOf(err)
	}
	return statusOf(s.Cancel(uint64(token)))
}

//export goReliquaryWait
func goReliquaryWait(handle C.reliquary_session, token C.uint64_t, timeout C.int64_t, event *C.reliquary_event) (status C.int32_t) {
	defer guarded(&status)
	s, err := sessions.Session(session.Handle(handle))
	if err != nil {
		return statusOf(err)
	}
	e, err := s.Wait(uint64(token), duration(timeout))
	if err != nil {
		return statusOf(err)
	}
	tell(e, event)
	if e.Kind == session.EventNone {
		return C.RELIQUARY_PENDING
	}
	return C.RELIQUARY_OK
}

// takenAtOnce bounds the events of one call of reliquary_take, whatever room
// the host says it has.
const takenAtOnce = 1 << 16

//export goReliquaryTake
func goReliquaryTake(handle C.reliquary_session, timeout C.int64_t, events *C.reliquary_event, capacity C.size_t, count *C.size_t) (status C.int32_t) {
	defer guarded(&status)
	s, err := sessions.Session(session.Handle(handle))
	if err != nil {
		return statusOf(err)
	}
	room := int(min(uint64(capacity), takenAtOnce))
	taken, err := s.Take(room, duration(timeout))
	if err != nil {
		return statusOf(err)
	}
	to := unsafe.Slice(events, len(taken))
	for i, e := range taken {
		tell(*e, &to[i])
	}
	*count = C.size_t(len(taken))
	return C.RELIQUARY_OK
}

//export goReliquaryEventFD
func goReliquaryEventFD(handle C.reliquary_session, fd *C.int) (status C.int32_t) {
	defer guarded(&status)
	s, err := sessions.Session(session.Handle(handle))
	if err != nil {
		return statusOf(err)
	}
	n, err := s.EventFD()
	*fd = C.int(n)
	return statusOf(err)
}

//export goReliquaryOnEvent
func goReliquaryOnEvent(handle C.reliquary_session, wake C.reliquary_wake_function, data unsafe.Pointer) (status C.int32_t) {
	defer guarded(&status)
	s, err := sessions.Session(session.Handle(handle))
	if err != nil {
		return statusOf(err)
	}
	return statusOf(s.Notify(func() { C.reliquary_wake(wake, data) }))
}

//export goReliquaryClose
func goReliquaryClose(handle C.reliquary_session, timeout C.int64_t) (status C.int32_t) {
	defer guarded(&status)
	return statusOf(sessions.Close(session.Handle(handle), duration(timeout)))
}

// statusText is what the library says of a status in general.
func statusText(status int) string { return C.GoString(C.reliquary_status_error(C.int32_t(status))) }
