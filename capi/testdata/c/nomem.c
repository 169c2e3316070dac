/*
 * nomem.c FOLDER - what is told, and what is kept, when there is no memory for an
 * answer. The library allocates what it gives out with this program's malloc.
 */
#include "check.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);

static _Thread_local size_t no_size;    /* no block of this size can be had */
static _Thread_local long no_more = -1; /* after so many allocations, one fails */

static int refused(size_t size) {
    if (no_more >= 0 && no_more-- == 0) return 1;
    return no_size && size == no_size;
}

void *malloc(size_t size) { return refused(size) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return refused(count * size) ? NULL : __libc_calloc(count, size); }

/* A session whose answer could not be given is not left open. */
static void opening(const char *config) {
    reliquary_session session;
    char *answer;
    size_t size;
    CHECK(reliquary_open(config, strlen(config), &session, &answer, &size) == RELIQUARY_OK, "%s", answer);
    CHECK(reliquary_close(session, -1) == RELIQUARY_OK, "close");
    /* The registry is there now, which is said: ask again for the length. */
    reliquary_free(answer);
    CHECK(reliquary_open(config, strlen(config), &session, &answer, &size) == RELIQUARY_OK, "%s", answer);
    CHECK(reliquary_close(session, -1) == RELIQUARY_OK, "close");
    reliquary_free(answer);
    int descriptors = descriptor_count();
    for (int i = 0; i < 3; i++) {
        session = 1;
        no_size = size + 1;
        int32_t status = reliquary_open(config, strlen(config), &session, &answer, &size);
        size_t asked = no_size;
        no_size = 0;
        CHECK(status == RELIQUARY_ERR_NO_MEMORY && session == 0 && !answer && !size, "open is %d: %s", status, answer);
        CHECK(descriptor_count() == descriptors, "%d descriptors, and before %d", descriptor_count(), descriptors);
        size = asked - 1;
    }
}

static void calling(reliquary_session s) {
    const char *input = "{\"text\":\"an answer of a length of its own\"}";
    char *answer;
    size_t size;
    no_size = strlen(input) + 1;
    int32_t status = reliquary_call(s, "fault_echo", 10, input, strlen(input), &answer, &size);
    CHECK(status == RELIQUARY_ERR_NO_MEMORY && !answer && !size, "call is %d", status);
    CHECK(strstr(reliquary_status_error(status), "NO_MEMORY"), "no words for it");

    /* As events: the call has ended, and its token is free. */
    reliquary_event e;
    size_t n;
    submit(s, 1, RELIQUARY_HELD, "fault_echo", input);
    CHECK(reliquary_wait(s, 1, -1, &e) == RELIQUARY_OK, "wait");
    CHECK(e.kind == RELIQUARY_EVENT_RESULT && e.status == RELIQUARY_ERR_NO_MEMORY && !e.data && !e.size, "an event of %d", e.status);
    submit(s, 1, 0, "fault_echo", input);
    CHECK(reliquary_take(s, -1, &e, 1, &n) == RELIQUARY_OK && n == 1, "take");
    CHECK(e.token == 1 && e.kind == RELIQUARY_EVENT_RESULT && e.status == RELIQUARY_ERR_NO_MEMORY && !e.data, "an event of %d", e.status);
    no_size = 0;
    submit(s, 1, RELIQUARY_HELD, "fault_echo", input);
    result(s, 1, RELIQUARY_OK, input);
}

/* Whichever allocation fails, the event keeps its data and nothing is made. */
static void columns(reliquary_session s) {
    call(s, "log_artifact", "{\"collection\":\"local/p/rows\",\"type\":\"dataset\",\"contents\":[{\"path\":\"n\",\"text\":\"1\"}]}", RELIQUARY_OK, "new");
    reliquary_event e;
    submit(s, 2, RELIQUARY_HELD | RELIQUARY_COLUMNS, "artifacts_page", "{\"entity\":\"local\",\"project\":\"p\",\"collection\":\"rows\"}");
    CHECK(reliquary_wait(s, 2, -1, &e) == RELIQUARY_OK && e.status == RELIQUARY_OK, "%d %s", e.status, e.data);
    struct ArrowSchema schema;
    struct ArrowArray array;
    long failed = 0;
    for (;; failed++) {
        no_more = failed;
        int32_t status = reliquary_columns(&e, &schema, &array);
        no_more = -1;
        if (status == RELIQUARY_OK) break;
        CHECK(status == RELIQUARY_ERR_NO_MEMORY && e.data && e.size, "after %ld allocations: %d", failed, status);
        CHECK(!schema.release && !array.release, "after %ld allocations something was made", failed);
    }
    CHECK(failed > 50, "only %ld allocations were made", failed);
    schema.release(&schema);
    array.release(&array);
}

int main(int argc, char **argv) {
    char config[4200];
    CHECK(argc == 2, "usage: nomem FOLDER");
    snprintf(config, sizeof config, "{\"dir\":\"%s/registry\"}", argv[1]);
    opening(config);
    reliquary_session s = open_with(config);
    calling(s);
    columns(s);
    CHECK(reliquary_close(s, -1) == RELIQUARY_OK, "close");
    puts("ok");
    return 0;
}
