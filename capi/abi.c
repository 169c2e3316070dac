/*
 * The functions of reliquary.h. Here is what must happen before Go is entered:
 * out parameters are set to 0, null pointers and children of fork() are refused.
 * entry.go does the rest.
 */
#include "reliquary.h"

#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "buffer.h"
#include "fork.h"

/* A string whose pointer is null must be empty. */
static int bad_string(const char *data, size_t size) { return !data && size; }

uint32_t reliquary_abi_version(void) { return RELIQUARY_ABI_VERSION; }

const char *reliquary_status_error(int32_t status) {
#define FAILURE(code, message, next) \
    "{\"code\":\"" code "\",\"operation\":\"\",\"message\":\"" message "\",\"next\":\"" next "\"}"
    switch (status) {
    case RELIQUARY_OK:
        return FAILURE("OK", "nothing went wrong", "go on");
    case RELIQUARY_PENDING:
        return FAILURE("PENDING", "time was up before it had ended", "wait again, or cancel it");
    case RELIQUARY_ERR_NOT_FOUND:
        return FAILURE("NOT_FOUND", "it is not there", "see what there is");
    case RELIQUARY_ERR_UNAUTHENTICATED:
        return FAILURE("UNAUTHENTICATED", "there is no API key, or the server does not know it", "pass api_key when opening the session");
    case RELIQUARY_ERR_DENIED:
        return FAILURE("DENIED", "the API key may not do this", "use the key of somebody who may");
    case RELIQUARY_ERR_CONFLICT:
        return FAILURE("CONFLICT", "the present state forbids it", "look at the state and decide again");
    case RELIQUARY_ERR_INVALID:
        return FAILURE("INVALID", "the arguments make no sense: a null pointer, a token that is 0, flags that are unknown", "correct the call");
    case RELIQUARY_ERR_UNAVAILABLE:
        return FAILURE("UNAVAILABLE", "it cannot be had at present", "try again later");
    case RELIQUARY_ERR_CORRUPT:
        return FAILURE("CORRUPT", "something cannot be understood or trusted", "run reliquary doctor on the registry");
    case RELIQUARY_ERR_CANCELED:
        return FAILURE("CANCELED", "it was canceled before it was done", "call again if it is still wanted");
    case RELIQUARY_ERR_UNSUPPORTED:
        return FAILURE("UNSUPPORTED", "this server, system or version of the library cannot do it", "use a newer one");
    case RELIQUARY_ERR_INTERNAL:
        return FAILURE("INTERNAL", "a mistake in the library stopped it", "report it; other calls are not affected");
    case RELIQUARY_ERR_CLOSED:
        return FAILURE("CLOSED", "the session is closed, or its handle never was one", "open another session");
    case RELIQUARY_ERR_FORKED:
        return FAILURE("FORKED", "the library was loaded before this process was forked, and cannot run in the child",
                       "start processes with spawn or forkserver, or load the library after fork");
    case RELIQUARY_ERR_TOO_LARGE:
        return FAILURE("TOO_LARGE", "there are more bytes than the limits of the session allow", "ask for less, or open the session with higher limits");
    case RELIQUARY_ERR_BUSY:
        return FAILURE("BUSY", "more calls run or wait to be taken than the limits of the session allow", "take results before submitting more");
    case RELIQUARY_ERR_NO_MEMORY:
        return FAILURE("NO_MEMORY", "there is no memory for the answer", "ask for less");
    }
    return FAILURE("INTERNAL", "a status that this version of the library does not know", "report it");
#undef FAILURE
}

int32_t reliquary_open(const char *config, size_t config_size, reliquary_session *session,
                       char **answer, size_t *answer_size) {
    if (session) *session = 0;
    if (answer) *answer = NULL;
    if (answer_size) *answer_size = 0;
    if (reliquary_forked()) return RELIQUARY_ERR_FORKED;
    if (!session || !answer || !answer_size || bad_string(config, config_size)) return RELIQUARY_ERR_INVALID;
    return goReliquaryOpen((char *)config, config_size, session, answer, answer_size);
}

int32_t reliquary_call(reliquary_session session, const char *name, size_t name_size,
                       const char *input, size_t input_size, char **answer, size_t *answer_size) {
    if (answer) *answer = NULL;
    if (answer_size) *answer_size = 0;
    if (reliquary_forked()) return RELIQUARY_ERR_FORKED;
    if (!answer || !answer_size || bad_string(name, name_size) || bad_string(input, input_size)) return RELIQUARY_ERR_INVALID;
    return goReliquaryCall(session, (char *)name, name_size, (char *)input, input_size, answer, answer_size);
}

int32_t reliquary_submit(reliquary_session session, uint64_t token, uint32_t flags, const char *name, size_t name_size,
                         const char *input, size_t input_size) {
    if (reliquary_forked()) return RELIQUARY_ERR_FORKED;
    if (bad_string(name, name_size) || bad_string(input, input_size)) return RELIQUARY_ERR_INVALID;
    return goReliquarySubmit(session, token, flags, (char *)name, name_size, (char *)input, input_size);
}

int32_t reliquary_cancel(reliquary_session session, uint64_t token) {
    if (reliquary_forked()) return RELIQUARY_ERR_FORKED;
    return goReliquaryCancel(session, token);
}

int32_t reliquary_wait(reliquary_session session, uint64_t token, int64_t timeout_ms, reliquary_event *event) {
    if (event) memset(event, 0, sizeof *event);
    if (reliquary_forked()) return RELIQUARY_ERR_FORKED;
    if (!event) return RELIQUARY_ERR_INVALID;
    return goReliquaryWait(session, token, timeout_ms, event);
}

int32_t reliquary_take(reliquary_session session, int64_t timeout_ms, reliquary_event *events, size_t capacity, size_t *count) {
    if (count) *count = 0;
    if (reliquary_forked()) return RELIQUARY_ERR_FORKED;
    if (!events || !capacity || !count) return RELIQUARY_ERR_INVALID;
    return goReliquaryTake(session, timeout_ms, events, capacity, count);
}

int32_t reliquary_event_fd(reliquary_session session, int *fd) {
    if (fd) *fd = -1;
    if (reliquary_forked()) return RELIQUARY_ERR_FORKED;
    if (!fd) return RELIQUARY_ERR_INVALID;
    return goReliquaryEventFD(session, fd);
}

int32_t reliquary_on_event(reliquary_session session, reliquary_wake_function wake, void *data) {
    if (reliquary_forked()) return RELIQUARY_ERR_FORKED;
    if (!wake) return RELIQUARY_ERR_INVALID;
    return goReliquaryOnEvent(session, wake, data);
}

void reliquary_free(void *buffer) { free(buffer); }

void reliquary_free_events(reliquary_event *events, size_t count) {
    if (!events) return;
    for (size_t i = 0; i < count; i++) {
        free(events[i].data);
        events[i].data = NULL;
        events[i].size = 0;
    }
}

int32_t reliquary_close(reliquary_session session, int64_t timeout_ms) {
    if (reliquary_forked()) return RELIQUARY_ERR_FORKED;
    return goReliquaryClose(session, timeout_ms);
}

/* What entry.go needs of C. */

char *reliquary_copy(const void *data, size_t size) {
    char *copy = malloc(size + 1);
    if (!copy) return NULL;
    if (size) memcpy(copy, data, size);
    copy[size] = 0;
    return copy;
}

void reliquary_wake(reliquary_wake_function wake, void *data) { wake(data); }
