/*
 * memory.c SESSIONS REGISTRIES CALLS FOLDER - opens and closes, calls and calls,
 * and keeps its memory, threads and descriptors.
 */
#include "check.h"

/* What a loop may add to resident memory when it has run long enough to be
   warm: Go's heap breathes, a leak of 16 bytes per call does not. */
#define ALLOWED_KIB 4096

/* Go has a few threads at work, and keeps those that it once needed. */
#define MOST_THREADS 16

/* Runs a step many times: a quarter of them to get warm, then three that must
   add nothing. */
static void flat(const char *what, long count, void (*step)(long)) {
    long i = 0, warm = 0;
    int descriptors = 0;
    double began = now();
    for (int quarter = 0; quarter < 4; quarter++) {
        for (long end = count * (quarter + 1) / 4; i < end; i++) step(i);
        if (quarter == 0) {
            warm = resident();
            descriptors = descriptor_count();
        }
    }
    long after = resident();
    printf("%s: %ld times in %.1f s; resident %ld KiB when warm, %ld KiB at the end; %d threads, %d descriptors\n",
           what, count, (now() - began) / 1000, warm, after, thread_count(), descriptor_count());
    CHECK(after - warm < ALLOWED_KIB, "%s: memory grew by %ld KiB", what, after - warm);
    CHECK(thread_count() <= MOST_THREADS, "%s: %d threads", what, thread_count());
    CHECK(descriptor_count() <= descriptors + 4, "%s: descriptors grew from %d to %d", what, descriptors, descriptor_count());
}

static reliquary_session session;
static char registry[4096];

static void open_close(long i) {
    reliquary_session s = open_with(NOWHERE);
    int fd;
    CHECK(reliquary_event_fd(s, &fd) == RELIQUARY_OK, "fd");
    submit(s, 1, 0, "fault_echo", "{}"); /* left for close to drop */
    if (i % 4 == 0) submit(s, 2, RELIQUARY_HELD, "fault_sleep", "{\"ms\":60000}");
    CHECK(reliquary_close(s, -1) == RELIQUARY_OK, "close");
}

static void open_close_registry(long i) {
    (void)i;
    reliquary_session s = open_with(registry);
    call(s, "list_artifact_types", "{\"project\":\"nobody/none\"}", RELIQUARY_ERR_NOT_FOUND, "NOT_FOUND");
    CHECK(reliquary_close(s, -1) == RELIQUARY_OK, "close");
}

static void sync_call(long i) {
    (void)i;
    char *answer;
    size_t size;
    CHECK(reliquary_call(session, "fault_echo", 10, "{\"some\":\"input\"}", 16, &answer, &size) == RELIQUARY_OK, "call");
    reliquary_free(answer);
}

static void held_call(long i) {
    submit(session, (uint64_t)i + 1, RELIQUARY_HELD, "fault_echo", "{}");
    result(session, (uint64_t)i + 1, RELIQUARY_OK, "{}");
}

static void queued_call(long i) {
    static long taken;
    submit(session, (uint64_t)i + 1, 0, "fault_echo", "{}");
    /* Never more than 64 on their way: memory is to show what is lost, not what
       is waiting. */
    while (i + 1 - taken >= 64) {
        reliquary_event events[64];
        size_t n;
        CHECK(reliquary_take(session, -1, events, 64, &n) == RELIQUARY_OK, "take");
        reliquary_free_events(events, n);
        taken += (long)n;
    }
}

static void failing_call(long i) {
    (void)i;
    call(session, i % 2 ? "fault_panic" : "nothing", "{}", i % 2 ? RELIQUARY_ERR_INTERNAL : RELIQUARY_ERR_INVALID, "code");
}

int main(int argc, char **argv) {
    CHECK(argc == 5, "usage: memory SESSIONS REGISTRIES CALLS FOLDER");
    long calls = atol(argv[3]);
    snprintf(registry, sizeof registry, "{\"dir\":\"%s/registry\"}", argv[4]);
    flat("open and close", atol(argv[1]), open_close);
    flat("open and close a registry", atol(argv[2]), open_close_registry);
    session = open_with(NOWHERE);
    flat("calls", calls, sync_call);
    flat("submitted calls, waited for", calls / 4, held_call);
    flat("submitted calls, taken", calls / 2, queued_call);
    flat("calls that fail", calls / 10, failing_call);
    CHECK(reliquary_close(session, -1) == RELIQUARY_OK, "close");
    puts("ok");
    return 0;
}
