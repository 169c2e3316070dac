/*
 * flight.c CALLS ROUNDS - as many calls in flight at once, each of which waits
 * 10 ms, from one thread with one descriptor; then how fast a call is canceled.
 */
#include <sys/resource.h>

#include "check.h"

/* Milliseconds that all threads have computed. */
static double computed(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double round_of(reliquary_session s, int fd, int count, int *wakes) {
    double began = now();
    for (int i = 0; i < count; i++) submit(s, (uint64_t)i + 1, 0, "fault_sleep", "{\"ms\":10}");
    for (int taken = 0; taken < count;) {
        CHECK(ready(fd, 60000) == 1, "nothing to take after %d", taken);
        ++*wakes;
        reliquary_event events[256];
        size_t n;
        do {
            CHECK(reliquary_take(s, 0, events, 256, &n) == RELIQUARY_OK, "take");
            for (size_t i = 0; i < n; i++) CHECK(events[i].status == RELIQUARY_OK, "%s", events[i].data);
            reliquary_free_events(events, n);
            taken += (int)n;
        } while (n == 256);
    }
    return now() - began;
}

int main(int argc, char **argv) {
    CHECK(argc == 3, "usage: flight CALLS ROUNDS");
    int count = atoi(argv[1]), rounds = atoi(argv[2]), fd, wakes = 0;
    reliquary_session s = open_with(NOWHERE);
    CHECK(reliquary_event_fd(s, &fd) == RELIQUARY_OK, "fd");
    round_of(s, fd, count, &wakes);
    wakes = 0;
    double *took = calloc((size_t)rounds, sizeof *took);
    double before = computed();
    for (int i = 0; i < rounds; i++) took[i] = round_of(s, fd, count, &wakes);
    double each = (computed() - before) * 1000 / rounds / count;
    qsort(took, (size_t)rounds, sizeof *took, compare);
    double median = took[rounds / 2];
    int threads = thread_count();
    printf("%d calls of 10 ms in flight: median %.1f ms, %.0f calls/s, %.1f us of computing a call, %d wakes a round, %d threads\n",
           count, median, count / median * 1000, each, wakes / rounds, threads);
    CHECK(threads <= 10, "%d threads", threads);

    enum { CANCELS = 500 };
    static double cancels[CANCELS];
    for (int i = 0; i < CANCELS; i++) {
        submit(s, 1, 0, "fault_sleep", "{\"ms\":60000}");
        ready(fd, 1); /* let it start */
        double began = now();
        CHECK(reliquary_cancel(s, 1) == RELIQUARY_OK, "cancel");
        CHECK(ready(fd, 60000) == 1, "not canceled");
        cancels[i] = now() - began;
        reliquary_event e;
        size_t n;
        CHECK(reliquary_take(s, 0, &e, 1, &n) == RELIQUARY_OK && n == 1 && e.status == RELIQUARY_ERR_CANCELED, "take");
        reliquary_free_events(&e, n);
    }
    qsort(cancels, CANCELS, sizeof *cancels, compare);
    printf("from cancel to the host's poll: median %.3f ms, 99th of 100 %.3f ms\n", cancels[CANCELS / 2], cancels[CANCELS * 99 / 100]);
    CHECK(cancels[CANCELS / 2] < 1, "half of the cancellations took %.3f ms", cancels[CANCELS / 2]);
    CHECK(reliquary_close(s, -1) == RELIQUARY_OK, "close");
    free(took);
    puts("ok");
    return 0;
}
