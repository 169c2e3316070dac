/* columns.c FOLDER - a list as Arrow's columns, and every way to release them. */
#include "check.h"

#define VERSIONS 25

static void log_versions(reliquary_session s) {
    for (int i = 0; i < VERSIONS; i++) {
        char input[512];
        snprintf(input, sizeof input,
                 "{\"collection\":\"local/p/rows\",\"type\":\"dataset\",\"contents\":[{\"path\":\"n\",\"text\":\"%d\"}],"
                 "\"tags\":[\"all\",\"n%d\"]%s}",
                 i, i, i % 2 ? ",\"description\":\"odd\",\"metadata\":{\"n\":1}" : "");
        call(s, "log_artifact", input, RELIQUARY_OK, "\"new\":true");
    }
}

/* Submits a call for columns and takes its result. */
static reliquary_event columns_of(reliquary_session s, const char *name, const char *input) {
    reliquary_event e;
    submit(s, 1, RELIQUARY_HELD | RELIQUARY_COLUMNS, name, input);
    CHECK(reliquary_wait(s, 1, 60000, &e) == RELIQUARY_OK && e.kind == RELIQUARY_EVENT_RESULT, "kind %d", e.kind);
    return e;
}

static int child_named(const struct ArrowSchema *schema, const char *name) {
    for (int i = 0; i < schema->n_children; i++) {
        if (strcmp(schema->children[i]->name, name) == 0) return i;
    }
    CHECK(0, "there is no column %s", name);
    return -1;
}

static int is_valid(const struct ArrowArray *a, int row) {
    const unsigned char *bits = a->buffers[0];
    return !bits || bits[row / 8] >> (row % 8) & 1;
}

/* A text of a column of texts, ended by NUL. */
static const char *text(const struct ArrowArray *a, int64_t row) {
    static char out[256];
    const int64_t *offsets = a->buffers[1];
    int64_t n = offsets[row + 1] - offsets[row];
    CHECK(n >= 0 && n < (int64_t)sizeof out, "a text of %lld bytes", (long long)n);
    memcpy(out, (const char *)a->buffers[2] + offsets[row], (size_t)n);
    out[n] = 0;
    return out;
}

static void look(const struct ArrowSchema *schema, const struct ArrowArray *array) {
    CHECK(strcmp(schema->format, "+s") == 0 && array->length == VERSIONS, "%s, %lld rows", schema->format, (long long)array->length);
    CHECK(schema->n_children == array->n_children && array->n_children > 10, "%lld columns", (long long)array->n_children);
    const struct ArrowArray *version = array->children[child_named(schema, "version")];
    const struct ArrowArray *description = array->children[child_named(schema, "description")];
    const struct ArrowArray *size = array->children[child_named(schema, "size")];
    int tags_at = child_named(schema, "tags");
    const struct ArrowArray *tags = array->children[tags_at];
    CHECK(strcmp(schema->children[tags_at]->format, "+L") == 0 && tags->n_children == 1, "tags");
    CHECK(description->null_count == VERSIONS - VERSIONS / 2, "%lld without description", (long long)description->null_count);
    for (int i = 0; i < VERSIONS; i++) {
        int n = VERSIONS - 1 - i; /* newest first */
        char want[16];
        snprintf(want, sizeof want, "v%d", n);
        CHECK(strcmp(text(version, i), want) == 0, "row %d is %s", i, text(version, i));
        CHECK(is_valid(description, i) == n % 2, "description of %d", n);
        CHECK(((const int64_t *)size->buffers[1])[i] == (n < 10 ? 1 : 2), "size of %d", n);
        const int64_t *begin = tags->buffers[1];
        CHECK(begin[i + 1] - begin[i] == 2 && strcmp(text(tags->children[0], begin[i]), "all") == 0, "tags of %d", n);
    }
}

static void refused(reliquary_session s) {
    struct ArrowSchema schema;
    struct ArrowArray array;
    reliquary_event e = columns_of(s, "viewer_load", "{}");
    CHECK(e.status == RELIQUARY_ERR_INVALID && strstr(e.data, "pages"), "%d %s", e.status, e.data);
    CHECK(reliquary_columns(&e, &schema, &array) == RELIQUARY_ERR_INVALID && e.data && !schema.release && !array.release, "a failure");
    reliquary_free(e.data);
    e = columns_of(s, "artifacts_page", "{\"collection\":\"local/p/none\"}");
    CHECK(e.status != RELIQUARY_OK, "%d", e.status);
    reliquary_free(e.data);

    e = columns_of(s, "artifacts_page", "{\"entity\":\"local\",\"project\":\"p\",\"collection\":\"rows\"}");
    CHECK(reliquary_columns(NULL, &schema, &array) == RELIQUARY_ERR_INVALID, "no event");
    CHECK(reliquary_columns(&e, NULL, &array) == RELIQUARY_ERR_INVALID && e.data, "no schema");
    CHECK(reliquary_columns(&e, &schema, NULL) == RELIQUARY_ERR_INVALID && e.data, "no array");
    /* Bytes that are no columns, and columns that were cut or changed. */
    for (size_t size = 0; size < 200; size++) {
        reliquary_event cut = e;
        cut.size = size;
        CHECK(reliquary_columns(&cut, &schema, &array) == RELIQUARY_ERR_INVALID, "cut to %zu bytes", size);
    }
    for (size_t at = 0; at < 16; at++) {
        e.data[at] ^= 0x40;
        CHECK(reliquary_columns(&e, &schema, &array) == RELIQUARY_ERR_INVALID || at >= 8, "byte %zu changed", at);
        if (!e.data) { /* fewer nodes than there were can still be some */
            schema.release(&schema);
            array.release(&array);
            return;
        }
        e.data[at] ^= 0x40;
    }
    reliquary_event other = {.kind = RELIQUARY_EVENT_RESULT, .data = (char *)"{\"json\":true}", .size = 13};
    CHECK(reliquary_columns(&other, &schema, &array) == RELIQUARY_ERR_INVALID, "JSON");
    reliquary_free(e.data);
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: columns FOLDER");
    char config[4200];
    snprintf(config, sizeof config, "{\"dir\":\"%s/registry\"}", argv[1]);
    reliquary_session s = open_with(config);
    log_versions(s);

    struct ArrowSchema schema;
    struct ArrowArray array;
    const char *list = "{\"entity\":\"local\",\"project\":\"p\",\"collection\":\"rows\",\"first\":7}";
    reliquary_event e = columns_of(s, "artifacts_page", list);
    CHECK(e.status == RELIQUARY_OK && reliquary_columns(&e, &schema, &array) == RELIQUARY_OK && !e.data && !e.size, "%d", e.status);
    look(&schema, &array);
    /* A child that is moved out lives on when the rest is released. */
    struct ArrowArray moved = *array.children[child_named(&schema, "version")];
    array.children[child_named(&schema, "version")]->release = NULL;
    array.release(&array);
    CHECK(!array.release && strcmp(text(&moved, 0), "v24") == 0, "moved");
    moved.release(&moved);
    schema.release(&schema);
    CHECK(!schema.release && !moved.release, "released");

    refused(s);

    /* Released after the session is closed, and in a child of fork(). */
    e = columns_of(s, "artifacts_page", list);
    reliquary_event later = columns_of(s, "artifacts_page", list);
    CHECK(reliquary_columns(&e, &schema, &array) == RELIQUARY_OK, "columns");
    CHECK(reliquary_close(s, -1) == RELIQUARY_OK, "close");
    pid_t pid = fork();
    if (pid == 0) {
        look(&schema, &array);
        array.release(&array);
        schema.release(&schema);
        /* Made there too, of a result from before. */
        CHECK(reliquary_columns(&later, &schema, &array) == RELIQUARY_OK, "columns in a child");
        look(&schema, &array);
        array.release(&array);
        schema.release(&schema);
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x", status);
    look(&schema, &array);
    array.release(&array);
    schema.release(&schema);
    reliquary_free_events(&later, 1);
    puts("ok");
    return 0;
}
