/*
 * signals.c LIBRARY - a program's signals are its own, before the library is
 * loaded and while a call runs.
 */
#include "check.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <sys/time.h>

static volatile sig_atomic_t seen[65];
static void note(int number) { seen[number]++; }

static sigjmp_buf back;
static void recover_from(int number) {
    seen[number]++;
    siglongjmp(back, 1);
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = handler;
    a.sa_flags = flags;
    CHECK(sigaction(number, &a, NULL) == 0, "sigaction");
}

static int still_ours(int number) {
    struct sigaction a;
    CHECK(sigaction(number, NULL, &a) == 0, "sigaction");
    return a.sa_handler == note;
}

static int32_t (*open_)(const char *, size_t, reliquary_session *, char **, size_t *);
static int32_t (*call_)(reliquary_session, const char *, size_t, const char *, size_t, char **, size_t *);
static void (*free_)(void *);

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: signals LIBRARY");
    int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGWINCH, SIGPROF, SIGQUIT};
    size_t count = sizeof taken / sizeof *taken;
    for (size_t i = 0; i < count; i++) handle(taken[i], note, SA_RESTART);
    handle(SIGPIPE, SIG_IGN, 0);
    handle(SIGSEGV, recover_from, SA_NODEFER);

    void *library = dlopen(argv[1], RTLD_NOW);
    CHECK(library, "%s", dlerror());
    *(void **)&open_ = dlsym(library, "reliquary_open");
    *(void **)&call_ = dlsym(library, "reliquary_call");
    *(void **)&free_ = dlsym(library, "reliquary_free");
    CHECK(open_ && call_ && free_, "%s", dlerror());

    reliquary_session session;
    char *answer;
    size_t size;
    CHECK(open_(NOWHERE, sizeof NOWHERE - 1, &session, &answer, &size) == RELIQUARY_OK, "open: %s", answer);
    free_(answer);
    for (size_t i = 0; i < count; i++) {
        CHECK(still_ours(taken[i]), "the handler of signal %d was replaced", taken[i]);
    }

    /* In the middle of a call, the program's handlers run at once. */
    struct itimerval every = {{0, 5000}, {0, 5000}};
    CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0, "setitimer");
    double began = now();
    CHECK(call_(session, "fault_sleep", 11, "{\"ms\":300}", 10, &answer, &size) == RELIQUARY_OK, "call: %s", answer);
    free_(answer);
    CHECK(now() - began >= 299, "the call was cut short after %.0f ms", now() - began);
    struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &never, NULL);
    printf("%d of about 60 signals were handled during a call of 300 ms\n", (int)seen[SIGALRM]);
    CHECK(seen[SIGALRM] >= 20, "%d", (int)seen[SIGALRM]);
    for (size_t i = 0; i < count; i++) {
        int before = seen[taken[i]];
        kill(getpid(), taken[i]);
        for (double end = now() + 5000; seen[taken[i]] == before && now() < end;) pause_ms(1);
        CHECK(seen[taken[i]] == before + 1, "signal %d was handled %d times", taken[i], seen[taken[i]] - before);
    }

    /* A profiler's signal, often, while Go works hard. */
    struct itimerval profile = {{0, 1000}, {0, 1000}};
    CHECK(setitimer(ITIMER_PROF, &profile, NULL) == 0, "setitimer");
    for (int i = 0; i < 20000; i++) {
        CHECK(call_(session, "fault_echo", 10, "{\"x\":1}", 7, &answer, &size) == RELIQUARY_OK, "call");
        free_(answer);
    }
    for (int i = 0; i < 20; i++) {
        CHECK(call_(session, "fault_big", 9, "{\"bytes\":8000000}", 17, &answer, &size) == RELIQUARY_OK, "call: %s", answer);
        free_(answer);
    }
    setitimer(ITIMER_PROF, &never, NULL);

    /* Writing to a pipe that nobody reads stays an error of write. */
    int ends[2];
    CHECK(pipe(ends) == 0, "pipe");
    close(ends[0]);
    CHECK(write(ends[1], "x", 1) == -1 && errno == EPIPE, "write to a broken pipe: %s", strerror(errno));

    /* The program's own fault goes to the program's own handler. */
    if (sigsetjmp(back, 1) == 0) {
        volatile int *volatile nowhere = NULL;
        *nowhere = 1;
        CHECK(0, "a fault went by");
    }
    CHECK(seen[SIGSEGV] == 1, "the fault was handled %d times", (int)seen[SIGSEGV]);
    CHECK(call_(session, "fault_echo", 10, "{}", 2, &answer, &size) == RELIQUARY_OK, "call after a fault");
    free_(answer);
    puts("ok");
    return 0;
}
