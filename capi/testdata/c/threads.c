/* threads.c THREADS ROUNDS - many threads on one session, another that takes. */
#include <stdatomic.h>

#include "check.h"

static reliquary_session session;
static int rounds;

/* Calls that wait to be taken. A program keeps them few, or is told BUSY. */
static atomic_long waiting;

static void *work(void *argument) {
    uint64_t first = (uint64_t)(size_t)argument << 32;
    for (int i = 1; i <= rounds; i++) {
        uint64_t token = first + (uint64_t)i * 4;
        char input[64];
        snprintf(input, sizeof input, "{\"token\":%llu}", (unsigned long long)token);
        call(session, "fault_echo", input, RELIQUARY_OK, input);
        submit(session, token, RELIQUARY_HELD, "fault_echo", input);
        result(session, token, RELIQUARY_OK, input);
        while (atomic_load(&waiting) > 4096) pause_ms(1);
        atomic_fetch_add(&waiting, 1);
        submit(session, token + 1, 0, "fault_echo", input);
        if (i % 8 == 0) {
            call(session, "fault_panic", "{}", RELIQUARY_ERR_INTERNAL, "INTERNAL");
            submit(session, token + 2, RELIQUARY_HELD | RELIQUARY_PROGRESS, "fault_progress", "{\"count\":5}");
            result(session, token + 2, RELIQUARY_OK, "{}");
            submit(session, token + 3, RELIQUARY_HELD, "fault_sleep", "{\"ms\":60000}");
            CHECK(reliquary_cancel(session, token + 3) == RELIQUARY_OK, "cancel");
            result(session, token + 3, RELIQUARY_ERR_CANCELED, "CANCELED");
        }
        if (i % 16 == 0) { /* sessions come and go beside it */
            reliquary_session own = open_with(NOWHERE);
            call(own, "fault_echo", "{}", RELIQUARY_OK, "{}");
            CHECK(reliquary_close(own, -1) == RELIQUARY_OK, "close");
        }
    }
    return NULL;
}

static void *take(void *argument) {
    size_t want = *(size_t *)argument, got = 0;
    int fd;
    CHECK(reliquary_event_fd(session, &fd) == RELIQUARY_OK, "fd");
    while (got < want) {
        CHECK(ready(fd, 60000) == 1, "nothing to take after %d of %d", (int)got, (int)want);
        reliquary_event events[50];
        size_t n;
        CHECK(reliquary_take(session, 0, events, 50, &n) == RELIQUARY_OK, "take");
        for (size_t i = 0; i < n; i++) {
            char input[64];
            snprintf(input, sizeof input, "{\"token\":%llu}", (unsigned long long)(events[i].token - 1));
            CHECK(strcmp(events[i].data, input) == 0, "the result of %llu is %s", (unsigned long long)events[i].token, events[i].data);
        }
        reliquary_free_events(events, n);
        got += n;
        atomic_fetch_sub(&waiting, (long)n);
    }
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc == 3, "usage: threads THREADS ROUNDS");
    size_t count = (size_t)atoi(argv[1]);
    rounds = atoi(argv[2]);
    session = open_with(NOWHERE);
    pthread_t taker, *threads = calloc(count, sizeof *threads);
    size_t results = count * (size_t)rounds;
    CHECK(pthread_create(&taker, NULL, take, &results) == 0, "no thread");
    for (size_t i = 0; i < count; i++) CHECK(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0, "no thread");
    for (size_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
    pthread_join(taker, NULL);
    free(threads);
    CHECK(reliquary_close(session, -1) == RELIQUARY_OK, "close");
    puts("ok");
    return 0;
}
