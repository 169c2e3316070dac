#include "columns.h"

#include <stdlib.h>
#include <string.h>

/* The ArrayBuffer was collected: the library's memory goes with it. */
static void release(napi_env env, void *data, void *hint) {
    (void)env;
    (void)data;
    struct ArrowArray *array = hint;
    array->release(array);
    free(array);
}

/* The memory of all columns as one ArrayBuffer, which owns the array from then
   on. Where memory from outside is not allowed (Electron) it is a copy. */
static bool buffer_of(napi_env env, char *data, size_t size, struct ArrowArray *array, napi_value *buffer) {
    napi_status status = napi_create_external_arraybuffer(env, data, size, release, array, buffer);
    if (status == napi_ok) return true;
    void *copy;
    bool made = status == napi_no_external_buffers_allowed &&
                napi_create_arraybuffer(env, size, &copy, buffer) == napi_ok;
    if (made) memcpy(copy, data, size);
    release(env, NULL, array);
    return made;
}

static bool put(napi_env env, napi_value into, uint32_t at, napi_status made, napi_value value) {
    return made == napi_ok && napi_set_element(env, into, at, value) == napi_ok;
}

static bool put_number(napi_env env, napi_value into, uint32_t at, double number) {
    napi_value value = NULL;
    napi_status made = napi_create_double(env, number, &value);
    return put(env, into, at, made, value);
}

static bool put_text(napi_env env, napi_value into, uint32_t at, const char *text) {
    napi_value value = NULL;
    napi_status made = napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
    return put(env, into, at, made, value);
}

/* Describes a column: buffers by where they are from the beginning of the memory. */
static bool describe(napi_env env, const char *begin, const struct ArrowSchema *schema, const struct ArrowArray *array,
                     napi_value *column) {
    napi_value places;
    if (napi_create_array_with_length(env, 5, column) != napi_ok ||
        napi_create_array_with_length(env, (size_t)array->n_buffers, &places) != napi_ok) {
        return false;
    }
    for (int64_t b = 0; b < array->n_buffers; b++) {
        const char *buffer = array->buffers[b];
        if (!put_number(env, places, (uint32_t)b, buffer ? (double)(buffer - begin) : -1)) return false;
    }
    if (!put_text(env, *column, 0, schema->name) || !put_text(env, *column, 1, schema->format) ||
        !put_number(env, *column, 2, (double)array->length) || !put_number(env, *column, 3, (double)array->null_count) ||
        !put(env, *column, 4, napi_ok, places)) {
        return false;
    }
    if (array->n_children == 0) return true;
    napi_value items;
    return describe(env, begin, schema->children[0], array->children[0], &items) && put(env, *column, 5, napi_ok, items);
}

napi_value columns_of(napi_env env, reliquary_event *event) {
    /* The arrays point into the event's data. */
    char *data = event->data;
    size_t size = event->size;
    struct ArrowSchema schema;
    struct ArrowArray *array = malloc(sizeof *array);
    int32_t status = array ? reliquary_columns(event, &schema, array) : RELIQUARY_ERR_NO_MEMORY;
    if (status != RELIQUARY_OK) {
        free(array);
        if (status != RELIQUARY_ERR_INVALID) event->status = status; /* it holds columns */
        return NULL;
    }
    uint32_t count = (uint32_t)array->n_children;
    double rows = (double)array->length;
    napi_value result, columns, buffer;
    bool made = napi_create_array_with_length(env, 3, &result) == napi_ok &&
                napi_create_array_with_length(env, count, &columns) == napi_ok;
    for (uint32_t i = 0; made && i < count; i++) {
        napi_value column = NULL;
        made = describe(env, data, schema.children[i], array->children[i], &column) && put(env, columns, i, napi_ok, column);
    }
    schema.release(&schema);
    if (!made) release(env, NULL, array);
    else made = buffer_of(env, data, size, array, &buffer);
    if (made && put_number(env, result, 0, rows) && put(env, result, 1, napi_ok, buffer) && put(env, result, 2, napi_ok, columns)) {
        return result;
    }
    event->status = RELIQUARY_ERR_NO_MEMORY;
    return NULL;
}
