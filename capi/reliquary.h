/*
 * reliquary.h - the C interface of Reliquary.
 *
 * A program opens a session on a W&B server or on an embedded registry, and
 * calls operations on it: a name and JSON in, JSON out. The operations, with
 * the schemas of what goes in and comes out, are those of the folder `schemas`.
 *
 *   reliquary_session session;
 *   char *answer; size_t size;
 *   int32_t status = reliquary_open("{\"dir\":\"/data\"}", 15, &session, &answer, &size);
 *   reliquary_free(answer);
 *   if (status == RELIQUARY_OK) {
 *       status = reliquary_call(session, "list_artifact_types", 19, "{}", 2, &answer, &size);
 *       puts(answer);                      // the answer, or what went wrong
 *       reliquary_free(answer);
 *       reliquary_close(session, 1000);
 *   }
 *
 * Rules for all functions
 *
 *   Strings  are a pointer and a length in bytes, UTF-8, without a NUL byte. They
 *            are read during the call only. A null pointer is allowed where the
 *            length is 0.
 *   Buffers  that the library gives out are the caller's until it passes them to
 *            reliquary_free or reliquary_free_events. A NUL byte follows them that
 *            is not counted. On failure they hold JSON that tells why; they can
 *            be null (memory is short, the process was forked, a pointer was null),
 *            and then reliquary_status_error says it in general.
 *   Status   is what every function returns that can fail. Every out parameter
 *            that is not null is set to 0 first, a file descriptor to -1.
 *   Threads  Every function may be called from any thread, and from many at once.
 *            None may be called from a signal handler.
 *   Signals  The library takes no signal over that a program uses. It sends SIGURG
 *            to threads while they run it, and one may arrive just after: poll and
 *            its like can then fail with EINTR, and are to be called again. Handlers
 *            that a program installs later must have SA_ONSTACK, as those of Python,
 *            Node and the JVM do.
 *   fork     In a child of fork() every function that opens or takes a session
 *            returns RELIQUARY_ERR_FORKED at once and does nothing; the others
 *            work. exec and posix_spawn are fine, and so is loading the library
 *            after fork().
 *   Unload   The library stays in the process for good; dlclose does nothing.
 *   Environ  Environment variables are not read: the program passes them to
 *            reliquary_open. (The Go runtime reads GODEBUG, GOGC, GOMAXPROCS,
 *            GOMEMLIMIT and GOTRACEBACK, and its TLS SSL_CERT_FILE and SSL_CERT_DIR,
 *            as they were when the library was loaded.)
 *   Mistakes in the library fail the one call that meets them with
 *            RELIQUARY_ERR_INTERNAL; the process and other calls go on.
 *
 * The interface only grows: status numbers, event kinds and flags are added,
 * structures never change. Take unknown numbers for failures, and ignore events
 * of unknown kinds.
 */
#ifndef RELIQUARY_H
#define RELIQUARY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(RELIQUARY_BUILD)
#define RELIQUARY_API __declspec(dllexport)
#elif defined(_WIN32) && !defined(RELIQUARY_STATIC)
#define RELIQUARY_API __declspec(dllimport)
#elif defined(__GNUC__)
#define RELIQUARY_API __attribute__((visibility("default")))
#else
#define RELIQUARY_API
#endif

/* The interface that this file describes. See reliquary_abi_version. */
#define RELIQUARY_ABI_VERSION 1

/*
 * Status. The names without RELIQUARY_ERR_ are the "code" in the JSON of failures:
 *
 *   {"code": "NOT_FOUND",        what to act on
 *    "operation": "get_artifact",
 *    "message": "...",           what was asked and what went wrong
 *    "argument": "tags[2]",      which argument is wrong, where one is
 *    "candidates": ["..."],      what it could have been meant to be
 *    "next": "...",              what to do about it
 *    "retryable": true,          the same call can work later
 *    "retry_after_seconds": 3}   the server asked to wait
 *
 * Only code, operation and message are always there.
 */
enum {
    RELIQUARY_OK = 0,
    /* Time was up before something had ended; it goes on. Not a failure. */
    RELIQUARY_PENDING = 1,

    /* It is not there, or this key may not see that it is. */
    RELIQUARY_ERR_NOT_FOUND = 2,
    /* No API key, or one that the server does not know. */
    RELIQUARY_ERR_UNAUTHENTICATED = 3,
    /* The key is good and may not do this. */
    RELIQUARY_ERR_DENIED = 4,
    /* The present state forbids it, as when a name is taken. */
    RELIQUARY_ERR_CONFLICT = 5,
    /* What was asked makes no sense and never will: an unknown operation, input
       that does not fit the schema, a null pointer, bytes that are not UTF-8. */
    RELIQUARY_ERR_INVALID = 6,
    /* The server cannot be reached, is too slow, too busy or broken. */
    RELIQUARY_ERR_UNAVAILABLE = 7,
    /* Something arrived or was found that cannot be understood or trusted. */
    RELIQUARY_ERR_CORRUPT = 8,
    /* The call was canceled, or its session closed, before it was done. */
    RELIQUARY_ERR_CANCELED = 9,
    /* This server, system or version of the library cannot do it. */
    RELIQUARY_ERR_UNSUPPORTED = 10,

    /* A mistake in the library stopped the call. */
    RELIQUARY_ERR_INTERNAL = 11,
    /* The handle is of a session that was closed, or of none. */
    RELIQUARY_ERR_CLOSED = 12,
    /* The process is a child of the one that loaded the library. */
    RELIQUARY_ERR_FORKED = 13,
    /* More bytes than the session's limits allow; see reliquary_open. */
    RELIQUARY_ERR_TOO_LARGE = 14,
    /* More calls, or more results that nobody took, than the limits allow. */
    RELIQUARY_ERR_BUSY = 15,
    /* There is no memory for the answer. */
    RELIQUARY_ERR_NO_MEMORY = 16
};

/*
 * A session. 0 is never one. Numbers are not used again: a handle that was
 * closed fails with RELIQUARY_ERR_CLOSED for ever.
 */
typedef uint64_t reliquary_session;

/* What an event tells. */
enum {
    /* Nothing happened in the time given. */
    RELIQUARY_EVENT_NONE = 0,
    /* A call has ended: status says how, data is its answer or why it failed.
       It is the last event of its token. */
    RELIQUARY_EVENT_RESULT = 1,
    /* How far a call is, as a JSON object: {"phase": "download" (or hash, upload,
       verify), "files": 3, "total_files": 10, "bytes": "1024", "total_bytes":
       "4096"}. Only the newest of each call is kept. */
    RELIQUARY_EVENT_PROGRESS = 2,
    /* A log line, as a JSON object with time, level and msg; token is 0. */
    RELIQUARY_EVENT_LOG = 3
};

typedef struct reliquary_event {
    uint64_t token;  /* the call, as reliquary_submit was told */
    int32_t kind;    /* RELIQUARY_EVENT_... */
    int32_t status;  /* of a result; of others RELIQUARY_OK, or NO_MEMORY for data */
    char *data;      /* the caller's; see reliquary_free_events */
    size_t size;     /* bytes in data */
} reliquary_event;

/* Flags of reliquary_submit. */
enum {
    /* Events of this call are kept for reliquary_wait, not queued for
       reliquary_take. */
    RELIQUARY_HELD = 1,
    /* Events of how far the call is are wanted. */
    RELIQUARY_PROGRESS = 2,
    /* The answer is the whole list as columns, for reliquary_columns: of an
       operation that gives pages ("artifacts_page", ...), from "after" on to the
       end, fetched "first" at a time. */
    RELIQUARY_COLUMNS = 4
};

/*
 * Arrow's C data interface, as its specification has it
 * (https://arrow.apache.org/docs/format/CDataInterface.html).
 */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

/*
 * reliquary_abi_version returns the RELIQUARY_ABI_VERSION that the library was
 * built with. A program compiled with that number or a smaller one works with
 * it. Never fails, never blocks.
 */
RELIQUARY_API uint32_t reliquary_abi_version(void);

/*
 * reliquary_status_error returns the JSON of a failure, ended by NUL, that says
 * in general what a status means: for where no answer could be given. It is the
 * library's and lasts for ever. Never fails, never blocks.
 */
RELIQUARY_API const char *reliquary_status_error(int32_t status);

/*
 * reliquary_open opens a session as a JSON object asks for. Every field can be
 * left out; unknown fields are refused.
 *
 *   env         object of environment variables: settings (WANDB_BASE_URL,
 *               WANDB_API_KEY, RELIQUARY_DIR, ...) and proxies are read from it
 *   home, cwd   the person's home and working directory, for settings files
 *   dir         the registry in this directory, whatever else is configured
 *   base_url    a W&B server, and
 *   api_key     the key for it, before what settings say
 *   entity      what is meant where a path names no entity
 *   project     what is meant where a path names no project
 *   user_agent  names the program to the server: "reliquary-python/1.2"
 *   timeout_seconds  how long a server has for one request (30)
 *   log         wants log lines as events: debug, info, warn or error
 *   limits      object of: calls (running or with a result not taken; 16384),
 *               input_bytes (of a call; 64 MiB), answer_bytes (of a call; 256 MiB,
 *               at most 2 GiB - 2), held_bytes (inputs and answers not taken,
 *               together; 1 GiB), log_lines (not taken; 1024)
 *
 * Without a server the registry in the person's data directory is opened, and
 * made if it is not there.
 *
 * session  is set to the handle. The caller closes it with reliquary_close. On
 *          failure there is none.
 * answer   is set to a JSON object (see "Buffers") that tells where the session
 *          leads and why: {"version", "server" or "dir", "why", "created",
 *          "description", "warnings"}.
 *
 * Blocks while files are opened; does not talk to a server. INVALID for a
 * configuration that cannot be used, TOO_LARGE for one of more than 4 MiB,
 * CORRUPT or UNSUPPORTED for a registry that is damaged or newer than the
 * library, UNAUTHENTICATED for a server without a key, BUSY when 65,536 sessions
 * are open.
 */
RELIQUARY_API int32_t reliquary_open(const char *config, size_t config_size,
                                     reliquary_session *session,
                                     char **answer, size_t *answer_size);

/*
 * reliquary_call runs an operation and waits for its answer. input is a JSON
 * object that fits the operation's schema; none means {}.
 *
 * answer   is set to the answer, or on failure to what went wrong.
 *
 * Blocks until the operation has ended, in the caller's thread; signal handlers
 * of the program run meanwhile. Only reliquary_close stops it: a call that a
 * person may interrupt is made with reliquary_submit and reliquary_wait.
 */
RELIQUARY_API int32_t reliquary_call(reliquary_session session,
                                     const char *name, size_t name_size,
                                     const char *input, size_t input_size,
                                     char **answer, size_t *answer_size);

/*
 * reliquary_submit runs an operation in the background, and returns at once.
 * Its result comes as an event, by reliquary_take or, with RELIQUARY_HELD, by
 * reliquary_wait. A call that is refused has no events.
 *
 * token    is the program's name for the call: not 0, and not that of a call
 *          whose result it has not taken (CONFLICT).
 * flags    RELIQUARY_HELD, RELIQUARY_PROGRESS and RELIQUARY_COLUMNS, or 0.
 *
 * Does not block. BUSY when limits are reached; TOO_LARGE for the input.
 * What is wrong with the name or with the input's content, its result tells.
 */
RELIQUARY_API int32_t reliquary_submit(reliquary_session session, uint64_t token, uint32_t flags,
                                       const char *name, size_t name_size,
                                       const char *input, size_t input_size);

/*
 * reliquary_cancel asks a submitted call to stop. Its result comes soon, and is
 * CANCELED unless the call was done before.
 *
 * Does not block. NOT_FOUND when no call has that token or its result was taken.
 */
RELIQUARY_API int32_t reliquary_cancel(reliquary_session session, uint64_t token);

/*
 * reliquary_wait waits for a call that was submitted with RELIQUARY_HELD: for its
 * progress if that was asked for, and for its result, after which the token is
 * free.
 *
 * timeout_ms  how long to wait: 0 does not, a negative number waits for ever.
 * event       is set to what happened. Its data is the caller's. It is
 *             RELIQUARY_EVENT_NONE when time was up (status PENDING is returned)
 *             and on failure.
 *
 * Returns RELIQUARY_OK with an event, also with one that tells of a call's
 * failure. To stay interruptible, wait a tenth of a second at a time and look
 * for signals in between; to give up, reliquary_cancel and wait on. One thread
 * at a time may wait for a call (CONFLICT). NOT_FOUND as in reliquary_cancel;
 * INVALID for a call without RELIQUARY_HELD; CLOSED as soon as the session is.
 */
RELIQUARY_API int32_t reliquary_wait(reliquary_session session, uint64_t token, int64_t timeout_ms,
                                     reliquary_event *event);

/*
 * reliquary_take takes events from the session's queue, the oldest first.
 *
 * timeout_ms  how long to wait for the first event: 0 does not, a negative
 *             number waits for ever.
 * events      is filled with up to capacity events. Their data is the caller's;
 *             reliquary_free_events frees it.
 * count       is set to their number, 0 when time was up.
 *
 * With timeout 0 it does not block. Returns RELIQUARY_OK when time was up, too;
 * CLOSED as soon as the session is closed. Take until fewer than capacity come:
 * then the descriptor of reliquary_event_fd is not readable any more, and the
 * function of reliquary_on_event will be called for the next event.
 */
RELIQUARY_API int32_t reliquary_take(reliquary_session session, int64_t timeout_ms,
                                     reliquary_event *events, size_t capacity, size_t *count);

/*
 * reliquary_event_fd sets fd to a file descriptor that is readable while there
 * are events to take: for poll, epoll, select and event loops. It becomes
 * readable once per batch. It is the library's: do not read, write or close it,
 * and stop waiting on it before reliquary_close.
 *
 * Does not block. UNSUPPORTED on Windows; UNAVAILABLE when there are too many
 * open files.
 */
RELIQUARY_API int32_t reliquary_event_fd(reliquary_session session, int *fd);

/* A function of the program that reliquary_on_event has called. */
typedef void (*reliquary_wake_function)(void *data);

/*
 * reliquary_on_event has wake(data) called when there is something to take
 * where there was nothing, from a thread of the library. It must be quick and
 * must not close the session; it may call the other functions. It can be set
 * once (CONFLICT), and is called at once if something is waiting. When
 * reliquary_close returns it is not running and will not be called again.
 *
 * Does not block. INVALID for a null function.
 */
RELIQUARY_API int32_t reliquary_on_event(reliquary_session session, reliquary_wake_function wake, void *data);

/*
 * reliquary_free frees a buffer that the library gave out; null is allowed. It
 * works after reliquary_close, and in a child of fork(). Never blocks.
 */
RELIQUARY_API void reliquary_free(void *buffer);

/*
 * reliquary_free_events frees the data of count events and sets them to null, so
 * that doing it twice is harmless. The array itself is the caller's. As
 * reliquary_free otherwise.
 */
RELIQUARY_API void reliquary_free_events(reliquary_event *events, size_t count);

/*
 * reliquary_columns makes Arrow arrays of the result of a call that was submitted
 * with RELIQUARY_COLUMNS: a struct with one child for each attribute, nothing
 * copied.
 *
 * event    holds the result. Its data becomes the arrays' and is set to null.
 *          On failure it stays the caller's.
 * schema, array  are the caller's memory and are filled in; what they hold is
 *          released by calling release of each once, as Arrow says: a child may
 *          be moved out and released later than the rest. Releasing works from any
 *          thread, after reliquary_close, and in a child of fork().
 *
 * Never blocks. INVALID for an event that holds no columns.
 */
RELIQUARY_API int32_t reliquary_columns(reliquary_event *event, struct ArrowSchema *schema, struct ArrowArray *array);

/*
 * reliquary_close closes a session: its handle fails from the first moment,
 * what runs is canceled, events that nobody took are dropped, threads that
 * block in it return.
 *
 * timeout_ms  how long to wait until everything has ended: 0 does not, a negative
 *             number waits for ever.
 *
 * Returns PENDING when time was up: the session is closed, and what has not
 * ended yet does so behind. CLOSED when it was closed before.
 */
RELIQUARY_API int32_t reliquary_close(reliquary_session session, int64_t timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
