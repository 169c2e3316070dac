/* check.h - what the test programs share. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reliquary.h"

#define CHECK(condition, ...)                                            \
    do {                                                                 \
        if (!(condition)) {                                              \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                                \
            fprintf(stderr, "\n");                                       \
            exit(1);                                                     \
        }                                                                \
    } while (0)

/* Milliseconds of a clock that only goes forward. */
static inline double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static inline void pause_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) == -1 && errno == EINTR) {}
}

/* Whether there is something to take within a time. The library's SIGURG can
   reach a thread just after a call and interrupt a poll, which no handler's flag
   has begun again. */
static inline int ready(int fd, int ms) {
    struct pollfd p = {fd, POLLIN, 0};
    double until = now() + ms;
    for (;;) {
        int n = poll(&p, 1, ms);
        if (n != -1 || errno != EINTR) return n;
        double left = until - now();
        ms = left > 0 ? (int)left + 1 : 0;
    }
}

/* Resident memory in KiB. */
static inline long resident(void) {
    long size = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    CHECK(f && fscanf(f, "%ld %ld", &size, &pages) == 2, "/proc/self/statm cannot be read");
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Of it, what no other process can share and no file holds, in KiB. */
static inline long private_memory(void) {
    char line[256];
    long size = -1;
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    CHECK(f, "/proc/self/smaps_rollup cannot be read");
    while (size < 0 && fgets(line, sizeof line, f)) sscanf(line, "Anonymous: %ld", &size);
    fclose(f);
    CHECK(size >= 0, "/proc/self/smaps_rollup says nothing of anonymous memory");
    return size;
}

static inline int entries(const char *folder) {
    DIR *d = opendir(folder);
    int n = -2; /* . and .. */
    CHECK(d, "%s cannot be read", folder);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static inline int thread_count(void) { return entries("/proc/self/task"); }
static inline int descriptor_count(void) { return entries("/proc/self/fd") - 1; }

/* A client of a server that is not there: opening it touches nothing. */
#define NOWHERE "{\"base_url\":\"http://127.0.0.1:9\",\"api_key\":\"0123456789012345678901234567890123456789\"}"

static inline reliquary_session open_with(const char *config) {
    reliquary_session session = 0;
    char *answer = NULL;
    size_t size = 0;
    int32_t status = reliquary_open(config, strlen(config), &session, &answer, &size);
    CHECK(status == RELIQUARY_OK, "open(%s) is %d: %s", config, status, answer ? answer : "");
    CHECK(session && answer && strlen(answer) == size && strstr(answer, "\"why\""), "open answered %s", answer);
    reliquary_free(answer);
    return session;
}

/* Calls an operation; the status is checked, the answer has to hold a text. */
static inline void call(reliquary_session session, const char *name, const char *input, int32_t want, const char *holds) {
    char *answer = NULL;
    size_t size = 0;
    int32_t status = reliquary_call(session, name, strlen(name), input, strlen(input), &answer, &size);
    CHECK(status == want, "%s(%s) is %d, want %d: %s", name, input, status, want, answer ? answer : "");
    CHECK(answer && strlen(answer) == size && strstr(answer, holds), "%s(%s) answered %s, want %s", name, input, answer, holds);
    reliquary_free(answer);
}

static inline void submit(reliquary_session session, uint64_t token, uint32_t flags, const char *name, const char *input) {
    int32_t status = reliquary_submit(session, token, flags, name, strlen(name), input, strlen(input));
    CHECK(status == RELIQUARY_OK, "submit(%s, %s) is %d", name, input, status);
}

/* Waits for the result of a held call. */
static inline void result(reliquary_session session, uint64_t token, int32_t want, const char *holds) {
    reliquary_event e;
    do {
        int32_t status = reliquary_wait(session, token, 60000, &e);
        CHECK(status == RELIQUARY_OK, "wait is %d", status);
        CHECK(e.token == token && e.data && strlen(e.data) == e.size, "an event of %llu: %s", (unsigned long long)e.token, e.data);
        if (e.kind == RELIQUARY_EVENT_RESULT) {
            CHECK(e.status == want && strstr(e.data, holds), "the result is %d %s, want %d %s", e.status, e.data, want, holds);
        }
        reliquary_free(e.data);
    } while (e.kind != RELIQUARY_EVENT_RESULT);
}

#endif
