/* fork.c CHILDREN - children of a busy parent get an error at once. */
#include <sys/syscall.h>

#include "check.h"

static reliquary_session session;
static volatile int stop;

static void *busy(void *argument) {
    (void)argument;
    while (!stop) {
        call(session, "fault_echo", "{\"busy\":true}", RELIQUARY_OK, "busy");
        submit(session, (uint64_t)(size_t)pthread_self(), RELIQUARY_HELD, "fault_progress", "{\"count\":10}");
        result(session, (uint64_t)(size_t)pthread_self(), RELIQUARY_OK, "{}");
    }
    return NULL;
}

static void wake(void *data) { (void)data; }

/* Calls everything and returns how long the slowest took, in ms. */
static double refused(char *buffer) {
    double slowest = 0;
#define REFUSED(call)                                                                    \
    do {                                                                                 \
        double began = now();                                                            \
        int32_t status = (call);                                                         \
        double took = now() - began;                                                     \
        if (took > slowest) slowest = took;                                              \
        CHECK(status == RELIQUARY_ERR_FORKED, #call " is %d in a child", status);         \
    } while (0)
    reliquary_session s = 1;
    reliquary_event e;
    char *answer;
    size_t size;
    int fd;
    REFUSED(reliquary_call(session, "fault_echo", 10, "{}", 2, &answer, &size));
    CHECK(answer == NULL && size == 0, "an answer in a child");
    REFUSED(reliquary_open(NOWHERE, sizeof NOWHERE - 1, &s, &answer, &size));
    CHECK(s == 0, "a session in a child");
    REFUSED(reliquary_submit(session, 1, 0, "fault_echo", 10, "{}", 2));
    REFUSED(reliquary_cancel(session, 1));
    REFUSED(reliquary_wait(session, 1, -1, &e));
    REFUSED(reliquary_take(session, -1, &e, 1, &size));
    REFUSED(reliquary_event_fd(session, &fd));
    REFUSED(reliquary_on_event(session, wake, NULL));
    REFUSED(reliquary_close(session, -1));
    REFUSED(reliquary_call(0, NULL, 0, NULL, 0, NULL, NULL));
    CHECK(strstr(reliquary_status_error(RELIQUARY_ERR_FORKED), "\"code\":\"FORKED\""), "no words for it");
    CHECK(reliquary_abi_version() == RELIQUARY_ABI_VERSION, "no version");
    /* What only looks at the program's own memory works. */
    reliquary_event own = {.token = 1, .kind = RELIQUARY_EVENT_RESULT, .data = buffer, .size = 2};
    struct ArrowSchema schema;
    struct ArrowArray array;
    CHECK(reliquary_columns(&own, &schema, &array) == RELIQUARY_ERR_INVALID && own.data == buffer, "columns of no columns");
    reliquary_free_events(&own, 1);
    CHECK(!own.data, "an event keeps its data");
    return slowest;
#undef REFUSED
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: fork CHILDREN");
    int children = atoi(argv[1]);
    session = open_with(NOWHERE);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, busy, NULL) == 0, "no thread");
    int out[2];
    CHECK(pipe(out) == 0, "no pipe");
    double *slowest = calloc((size_t)children, sizeof *slowest);
    for (int i = 0; i < children; i++) {
        /* A buffer from before the fork is the child's too. */
        char *buffer;
        size_t size;
        CHECK(reliquary_call(session, "fault_echo", 10, "{}", 2, &buffer, &size) == RELIQUARY_OK, "echo");
        /* Every other child comes by a way that no handler of fork sees. */
        pid_t child = i % 2 ? fork() : (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
        CHECK(child >= 0, "fork: %s", strerror(errno));
        if (child == 0) {
            alarm(20); /* a child that hangs dies of this */
            /* The C library knows nothing of a child by clone: its malloc may be locked there. */
            double took = refused(i % 2 ? buffer : NULL);
            /* Its children are no better off. */
            if (i % 10 == 1) {
                pid_t grandchild = fork();
                if (grandchild == 0) {
                    refused(NULL);
                    _exit(0);
                }
                int status;
                CHECK(waitpid(grandchild, &status, 0) == grandchild && status == 0, "a grandchild ended with %d", status);
            }
            if (write(out[1], &took, sizeof took) != sizeof took) _exit(2);
            if (i % 2) exit(0); /* with all that runs at exit */
            _exit(0);
        }
        reliquary_free(buffer);
        int status;
        CHECK(waitpid(child, &status, 0) == child, "waitpid");
        CHECK(status == 0, "child %d ended with status %d (signal %d)", i, status >> 8, status & 127);
        CHECK(read(out[0], &slowest[i], sizeof *slowest) == sizeof *slowest, "child %d said nothing", i);
    }
    stop = 1;
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    /* The parent is as before. */
    call(session, "fault_echo", "{}", RELIQUARY_OK, "{}");
    CHECK(reliquary_close(session, -1) == RELIQUARY_OK, "close");
    qsort(slowest, (size_t)children, sizeof *slowest, compare);
    double median = slowest[children / 2];
    printf("slowest of ten functions, in ms: median %.4f, worst of %d children %.4f\n", median, children, slowest[children - 1]);
    CHECK(median < 1, "half of the children waited %.3f ms", median);
    free(slowest);
    puts("ok");
    return 0;
}
