/* hostile.c - what no program should do, and what it gets. */
#include <limits.h>
#include <sys/resource.h>

#include "check.h"

#define STATUS(want, call)                                                    \
    do {                                                                      \
        int32_t status_ = (call);                                             \
        CHECK(status_ == RELIQUARY_##want, #call " is %d", status_);           \
    } while (0)

static void wake(void *data) { (void)data; }

static void functions_of(reliquary_session s) {
    char *answer;
    size_t size, n;
    int fd;
    reliquary_event e;
    STATUS(ERR_CLOSED, reliquary_call(s, "fault_echo", 10, "{}", 2, &answer, &size));
    CHECK(answer && strstr(answer, "CLOSED"), "%s", answer);
    reliquary_free(answer);
    STATUS(ERR_CLOSED, reliquary_submit(s, 1, 0, "fault_echo", 10, "{}", 2));
    STATUS(ERR_CLOSED, reliquary_cancel(s, 1));
    STATUS(ERR_CLOSED, reliquary_wait(s, 1, -1, &e));
    STATUS(ERR_CLOSED, reliquary_take(s, -1, &e, 1, &n));
    STATUS(ERR_CLOSED, reliquary_event_fd(s, &fd));
    CHECK(fd == -1, "fd %d", fd);
    STATUS(ERR_CLOSED, reliquary_on_event(s, wake, NULL));
    STATUS(ERR_CLOSED, reliquary_close(s, -1));
}

static void null_pointers(reliquary_session s) {
    char *answer = (char *)1;
    size_t size = 9, n = 9;
    reliquary_session none = 9;
    reliquary_event e;
    STATUS(ERR_INVALID, reliquary_open(NULL, 3, &none, &answer, &size));
    CHECK(none == 0 && answer == NULL && size == 0, "out parameters are left as they were");
    STATUS(ERR_INVALID, reliquary_open("{}", 2, NULL, &answer, &size));
    STATUS(ERR_INVALID, reliquary_open("{}", 2, &none, NULL, &size));
    STATUS(ERR_INVALID, reliquary_open("{}", 2, &none, &answer, NULL));
    STATUS(ERR_INVALID, reliquary_open(NULL, 0, NULL, NULL, NULL));
    STATUS(ERR_INVALID, reliquary_call(s, NULL, 3, "{}", 2, &answer, &size));
    STATUS(ERR_INVALID, reliquary_call(s, "fault_echo", 10, NULL, 2, &answer, &size));
    STATUS(ERR_INVALID, reliquary_call(s, "fault_echo", 10, "{}", 2, NULL, &size));
    STATUS(ERR_INVALID, reliquary_call(s, "fault_echo", 10, "{}", 2, &answer, NULL));
    STATUS(ERR_INVALID, reliquary_call(0, NULL, 0, NULL, 0, NULL, NULL));
    STATUS(ERR_INVALID, reliquary_submit(s, 1, 0, NULL, 1, "{}", 2));
    STATUS(ERR_INVALID, reliquary_submit(s, 1, 0, "fault_echo", 10, NULL, 1));
    STATUS(ERR_INVALID, reliquary_submit(s, 0, 0, "fault_echo", 10, "{}", 2));
    STATUS(ERR_INVALID, reliquary_submit(s, 1, 1u << 31, "fault_echo", 10, "{}", 2));
    STATUS(ERR_INVALID, reliquary_wait(s, 1, 0, NULL));
    STATUS(ERR_INVALID, reliquary_take(s, 0, NULL, 1, &n));
    STATUS(ERR_INVALID, reliquary_take(s, 0, &e, 0, &n));
    STATUS(ERR_INVALID, reliquary_take(s, 0, &e, 1, NULL));
    STATUS(ERR_INVALID, reliquary_event_fd(s, NULL));
    STATUS(ERR_INVALID, reliquary_on_event(s, NULL, NULL));
    e = (reliquary_event){1, 2, 3, (char *)4, 5};
    STATUS(ERR_NOT_FOUND, reliquary_wait(s, 1, 0, &e));
    CHECK(!e.token && !e.kind && !e.status && !e.data && !e.size, "an event is left as it was");
    n = 9;
    STATUS(ERR_INVALID, reliquary_take(s, 0, NULL, 1, &n));
    CHECK(n == 0, "a count is left as it was");
    reliquary_free(NULL);
    reliquary_free_events(NULL, 3);
    reliquary_free_events(&e, 0);

    /* No name, and an empty one. */
    STATUS(ERR_INVALID, reliquary_call(s, NULL, 0, "{}", 2, &answer, &size));
    reliquary_free(answer);
    STATUS(ERR_INVALID, reliquary_call(s, "", 0, NULL, 0, &answer, &size));
    reliquary_free(answer);
}

static void texts(reliquary_session s) {
    char *answer;
    size_t size;
    struct { const char *name; size_t name_size; const char *input; size_t input_size; int32_t want; } cases[] = {
        {"fault_echo", 10, "\"\xff\"", 3, RELIQUARY_ERR_INVALID},
        {"fault_echo", 10, "\"\xed\xa0\x80\"", 5, RELIQUARY_ERR_INVALID}, /* a lone surrogate */
        {"fault_echo", 10, "\"\xc0\x80\"", 4, RELIQUARY_ERR_INVALID},     /* an overlong NUL */
        {"fault_echo", 10, "\"\0\"", 3, RELIQUARY_ERR_INVALID},
        {"fault_echo\0", 11, "{}", 2, RELIQUARY_ERR_INVALID},
        {"fault_ech\xff", 10, "{}", 2, RELIQUARY_ERR_INVALID},
        {"no_such_operation", 17, "{}", 2, RELIQUARY_ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t status = reliquary_call(s, cases[i].name, cases[i].name_size, cases[i].input, cases[i].input_size, &answer, &size);
        CHECK(status == cases[i].want, "case %d is %d: %s", (int)i, status, answer);
        CHECK(answer && strlen(answer) == size && strstr(answer, "\"code\""), "case %d answered %s", (int)i, answer);
        reliquary_free(answer);
    }

    /* Nesting as deep as anybody likes. */
    size_t deep = 1 << 20;
    char *brackets = malloc(deep);
    memset(brackets, '[', deep);
    STATUS(ERR_INVALID, reliquary_call(s, "list_artifact_types", 19, brackets, deep, &answer, &size));
    reliquary_free(answer);
    free(brackets);
}

/* Sizes that cannot be: they are refused before a byte is read. */
static void sizes(reliquary_session s) {
    char *answer;
    size_t size;
    reliquary_session none;
    size_t wrong[] = {SIZE_MAX, SIZE_MAX / 2 + 1, (size_t)1 << 62, (size_t)1 << 32, (size_t)1 << 31};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        STATUS(ERR_TOO_LARGE, reliquary_open("{}", wrong[i], &none, &answer, &size));
        CHECK(none == 0 && answer && strlen(answer) == size && strstr(answer, "TOO_LARGE"), "%s", answer);
        reliquary_free(answer);
        STATUS(ERR_TOO_LARGE, reliquary_call(s, "fault_echo", wrong[i], "{}", 2, &answer, &size));
        CHECK(answer && strstr(answer, "TOO_LARGE"), "%s", answer);
        reliquary_free(answer);
        STATUS(ERR_TOO_LARGE, reliquary_call(s, "fault_echo", 10, "{}", wrong[i], &answer, &size));
        CHECK(answer && strstr(answer, "TOO_LARGE"), "%s", answer);
        reliquary_free(answer);
        STATUS(ERR_TOO_LARGE, reliquary_submit(s, 1, 0, "fault_echo", wrong[i], "{}", 2));
        STATUS(ERR_TOO_LARGE, reliquary_submit(s, 1, 0, "fault_echo", 10, "{}", wrong[i]));
    }
    /* An answer that not every language could hold. */
    call(s, "fault_big", "{\"bytes\":2147483648}", RELIQUARY_ERR_TOO_LARGE, "over the limit");
    submit(s, 1, RELIQUARY_HELD, "fault_big", "{\"bytes\":2147483648}");
    result(s, 1, RELIQUARY_ERR_TOO_LARGE, "over the limit");

    /* Room for more events than there can be. */
    reliquary_event e;
    size_t n;
    submit(s, 2, 0, "fault_echo", "{}");
    STATUS(OK, reliquary_take(s, INT64_MAX, &e, SIZE_MAX, &n));
    CHECK(n == 1 && e.token == 2, "%d events", (int)n);
    reliquary_free_events(&e, n);
    STATUS(OK, reliquary_take(s, 0, &e, 1, &n));
    CHECK(n == 0, "%d events", (int)n);
}

static void limits(void) {
    reliquary_session s = open_with(
        "{\"base_url\":\"http://127.0.0.1:9\",\"api_key\":\"0123456789012345678901234567890123456789\","
        "\"limits\":{\"calls\":3,\"input_bytes\":100}}");
    for (uint64_t token = 1; token <= 3; token++) submit(s, token, 0, "fault_sleep", "{\"ms\":60000}");
    STATUS(ERR_BUSY, reliquary_submit(s, 4, 0, "fault_echo", 10, "{}", 2));
    STATUS(ERR_CONFLICT, reliquary_submit(s, 3, 0, "fault_echo", 10, "{}", 2));
    call(s, "fault_echo", "{}", RELIQUARY_ERR_BUSY, "limit is 3");
    char input[101];
    memset(input, ' ', sizeof input);
    STATUS(ERR_TOO_LARGE, reliquary_submit(s, 4, 0, "fault_echo", 10, input, 101));
    for (uint64_t token = 1; token <= 3; token++) STATUS(OK, reliquary_cancel(s, token));
    size_t n = 0, all = 0;
    while (all < 3) {
        reliquary_event e;
        STATUS(OK, reliquary_take(s, -1, &e, 1, &n));
        CHECK(n == 1 && e.status == RELIQUARY_ERR_CANCELED, "%d", e.status);
        reliquary_free_events(&e, n);
        all += n;
    }
    submit(s, 1, RELIQUARY_HELD, "fault_echo", "{}");
    result(s, 1, RELIQUARY_OK, "{}");
    STATUS(OK, reliquary_close(s, -1));
}

static void configurations(void) {
    const char *wrong[] = {"{", "[]", "null x", "{\"dirr\":\"x\"}", "{\"log\":3}", "{\"env\":{\"A\":1}}", "{\"limits\":{\"calls\":-1}}",
                           "{\"base_url\":\"no url\",\"api_key\":\"0123456789012345678901234567890123456789\"}",
                           "{\"dir\":\"/proc/self/nowhere\"}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        reliquary_session s = 9;
        char *answer;
        size_t size;
        int32_t status = reliquary_open(wrong[i], strlen(wrong[i]), &s, &answer, &size);
        CHECK(status != RELIQUARY_OK && status != RELIQUARY_ERR_INTERNAL, "open(%s) is %d: %s", wrong[i], status, answer);
        CHECK(s == 0 && answer && strstr(answer, "\"code\""), "open(%s): %s", wrong[i], answer);
        reliquary_free(answer);
    }
}

typedef struct {
    reliquary_session session;
    pthread_mutex_t lock;
    pthread_cond_t more;
    int taken;
} taker;

/* Wakes are not told of again until something is taken: so it takes. */
static void take_all(void *data) {
    taker *seen = data;
    reliquary_event e;
    size_t n = 1;
    while (n) {
        if (reliquary_take(seen->session, 0, &e, 1, &n) == RELIQUARY_ERR_CLOSED) return;
        reliquary_free_events(&e, n);
        pthread_mutex_lock(&seen->lock);
        seen->taken += (int)n;
        pthread_cond_signal(&seen->more);
        pthread_mutex_unlock(&seen->lock);
    }
}

/* A function that is set late is called at once, and may call the others. */
static void woken(void) {
    taker seen = {open_with(NOWHERE), PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    int fd;
    STATUS(OK, reliquary_event_fd(seen.session, &fd));
    submit(seen.session, 1, 0, "fault_echo", "{}");
    CHECK(ready(fd, 60000) == 1, "no event");
    STATUS(OK, reliquary_on_event(seen.session, take_all, &seen));
    submit(seen.session, 2, 0, "fault_echo", "{}");
    pthread_mutex_lock(&seen.lock);
    while (seen.taken < 2) pthread_cond_wait(&seen.more, &seen.lock);
    pthread_mutex_unlock(&seen.lock);
    STATUS(OK, reliquary_close(seen.session, -1));
}

/* No file is left to open. */
static void no_descriptors(void) {
    reliquary_session s = open_with(NOWHERE);
    struct rlimit was, none;
    CHECK(getrlimit(RLIMIT_NOFILE, &was) == 0, "getrlimit");
    none = was;
    none.rlim_cur = 3;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
    int fd = 9;
    STATUS(ERR_UNAVAILABLE, reliquary_event_fd(s, &fd));
    CHECK(fd == -1, "fd %d", fd);
    CHECK(setrlimit(RLIMIT_NOFILE, &was) == 0, "setrlimit");
    STATUS(OK, reliquary_event_fd(s, &fd));
    STATUS(OK, reliquary_close(s, -1));
}

int main(void) {
    for (int32_t status = -3; status < 40; status++) {
        const char *text = reliquary_status_error(status);
        CHECK(text && text[0] == '{' && strstr(text, "\"code\":\"") && strstr(text, "\"message\":\""), "status %d is %s", status, text);
    }
    reliquary_session never[] = {0, 1, 1ull << 32, (1ull << 32) + 1, UINT64_MAX, 0x7f0000000000};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) functions_of(never[i]);
    configurations();

    reliquary_session s = open_with(NOWHERE);
    null_pointers(s);
    texts(s);
    sizes(s);
    limits();
    woken();
    no_descriptors();
    for (int i = 0; i < 64; i++) functions_of(s ^ (1ull << i));
    call(s, "fault_echo", "{}", RELIQUARY_OK, "{}");
    STATUS(OK, reliquary_close(s, -1));
    functions_of(s);
    reliquary_session next = open_with(NOWHERE);
    CHECK(next != s, "a handle came twice");
    functions_of(s);
    STATUS(OK, reliquary_close(next, -1));
    puts("ok");
    return 0;
}
