/* walk.c FOLDER - every function once, as a program would use it. */
#include "check.h"

static int woken;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void wake(void *data) {
    pthread_mutex_lock(&lock);
    *(int *)data += 1;
    pthread_mutex_unlock(&lock);
}

static int wakes(void) {
    pthread_mutex_lock(&lock);
    int n = woken;
    pthread_mutex_unlock(&lock);
    return n;
}

/* Calls that fail and calls that do not, on a registry that is empty. */
static void calls(reliquary_session s) {
    call(s, "list_artifact_types", "{\"project\":\"nobody/none\"}", RELIQUARY_ERR_NOT_FOUND, "\"code\":\"NOT_FOUND\"");
    call(s, "list_artifact_typs", "{}", RELIQUARY_ERR_INVALID, "\"candidates\":[\"list_artifact_types\"");
    call(s, "list_artifact_types", "{\"projct\":\"x\"}", RELIQUARY_ERR_INVALID, "project");
    call(s, "list_artifact_types", "not JSON", RELIQUARY_ERR_INVALID, "\"message\"");
    call(s, "fault_echo", "{\"text\":\"\xe2\x82\xac\"}", RELIQUARY_OK, "{\"text\":\"\xe2\x82\xac\"}");

    /* None at all is {}. */
    char *answer;
    size_t size;
    int32_t status = reliquary_call(s, "list_artifact_types", 19, NULL, 0, &answer, &size);
    CHECK(status == RELIQUARY_ERR_NOT_FOUND || status == RELIQUARY_OK, "without input: %d %s", status, answer);
    reliquary_free(answer);
}

/* A mistake in the library fails the call that meets it. */
static void panics(reliquary_session s) {
    const char *names[] = {"fault_panic", "fault_nil", "fault_goroutine"};
    for (int i = 0; i < 3; i++) {
        call(s, names[i], "{}", RELIQUARY_ERR_INTERNAL, "\"code\":\"INTERNAL\"");
        submit(s, 5, RELIQUARY_HELD, names[i], "{}");
        result(s, 5, RELIQUARY_ERR_INTERNAL, "\"code\":\"INTERNAL\"");
    }
    call(s, "fault_late", "{\"ms\":1}", RELIQUARY_OK, "{}");
    pause_ms(20);
    call(s, "fault_echo", "{}", RELIQUARY_OK, "{}");
}

static void held(reliquary_session s) {
    reliquary_event e;
    submit(s, 7, RELIQUARY_HELD, "fault_sleep", "{\"ms\":60000}");
    CHECK(reliquary_wait(s, 7, 0, &e) == RELIQUARY_PENDING && e.kind == RELIQUARY_EVENT_NONE && !e.data, "kind %d", e.kind);
    double began = now();
    CHECK(reliquary_wait(s, 7, 30, &e) == RELIQUARY_PENDING, "kind %d", e.kind);
    CHECK(now() - began >= 29, "waited %.3f ms", now() - began);
    CHECK(reliquary_cancel(s, 7) == RELIQUARY_OK, "cancel");
    result(s, 7, RELIQUARY_ERR_CANCELED, "CANCELED");
    CHECK(reliquary_cancel(s, 7) == RELIQUARY_ERR_NOT_FOUND, "cancel afterwards");
    CHECK(reliquary_wait(s, 7, 0, &e) == RELIQUARY_ERR_NOT_FOUND, "wait afterwards");

    submit(s, 8, RELIQUARY_HELD | RELIQUARY_PROGRESS, "fault_progress", "{\"count\":3,\"ms\":20}");
    CHECK(reliquary_wait(s, 8, -1, &e) == RELIQUARY_OK && e.kind == RELIQUARY_EVENT_PROGRESS, "kind %d", e.kind);
    CHECK(strstr(e.data, "\"total\":3"), "progress is %s", e.data);
    reliquary_free_events(&e, 1);
    reliquary_free_events(&e, 1);
    result(s, 8, RELIQUARY_OK, "{}");
}

static void queued(reliquary_session s) {
    int fd = -1;
    CHECK(reliquary_event_fd(s, &fd) == RELIQUARY_OK && fd >= 0, "fd %d", fd);
    CHECK(reliquary_on_event(s, wake, &woken) == RELIQUARY_OK, "on_event");
    CHECK(reliquary_on_event(s, wake, &woken) == RELIQUARY_ERR_CONFLICT, "on_event again");
    CHECK(ready(fd, 0) == 0, "readable with nothing to take");
    for (uint64_t token = 1; token <= 100; token++) submit(s, token, 0, token % 2 ? "fault_echo" : "fault_panic", "{}");
    char seen[101] = {0};
    int count = 0;
    while (count < 100) {
        CHECK(ready(fd, 60000) == 1, "nothing to take after %d", count);
        reliquary_event events[16];
        size_t n = 0;
        CHECK(reliquary_take(s, 0, events, 16, &n) == RELIQUARY_OK, "take");
        for (size_t i = 0; i < n; i++) {
            uint64_t token = events[i].token;
            CHECK(events[i].kind == RELIQUARY_EVENT_RESULT && token >= 1 && token <= 100 && !seen[token], "an event of %d", (int)token);
            CHECK(events[i].status == (token % 2 ? RELIQUARY_OK : RELIQUARY_ERR_INTERNAL), "%d: %s", events[i].status, events[i].data);
            seen[token] = 1;
            count++;
        }
        reliquary_free_events(events, n);
    }
    reliquary_event e;
    size_t n = 9;
    CHECK(reliquary_take(s, 20, &e, 1, &n) == RELIQUARY_OK && n == 0, "%d events", (int)n);
    CHECK(ready(fd, 0) == 0, "readable when everything was taken");
    int w = wakes();
    CHECK(w >= 1 && w <= 100, "woken %d times", w);
}

int main(int argc, char **argv) {
    char config[4096];
    CHECK(argc == 2, "usage: walk FOLDER");
    CHECK(reliquary_abi_version() == RELIQUARY_ABI_VERSION, "version %u", reliquary_abi_version());
    snprintf(config, sizeof config, "{\"dir\":\"%s/registry\",\"entity\":\"nobody\",\"project\":\"none\"}", argv[1]);
    reliquary_session s = open_with(config);
    reliquary_session other = open_with(config);
    CHECK(s != other, "two sessions have one handle");
    calls(s);
    panics(s);
    held(s);
    queued(s);

    /* Closing stops what runs, and only here. */
    submit(s, 900, 0, "fault_sleep", "{\"ms\":60000}");
    submit(other, 900, RELIQUARY_HELD, "fault_sleep", "{\"ms\":50}");
    double began = now();
    CHECK(reliquary_close(s, -1) == RELIQUARY_OK, "close");
    CHECK(now() - began < 10000, "close took %.0f ms", now() - began);
    int w = wakes();
    CHECK(reliquary_close(s, -1) == RELIQUARY_ERR_CLOSED, "close again");
    result(other, 900, RELIQUARY_OK, "{}");
    CHECK(wakes() == w, "woken after close");

    submit(other, 901, 0, "fault_stubborn", "{\"ms\":300}");
    began = now();
    CHECK(reliquary_close(other, 20) == RELIQUARY_PENDING, "close of a session with a call that does not stop");
    CHECK(now() - began < 250, "it took %.0f ms", now() - began);
    pause_ms(500);
    puts("ok");
    return 0;
}
