/*
 * Arrow's C data interface, made of a block of package columns. Nothing is copied
 * but names: all arrays point into the block, which is freed when the last of
 * them is released. Go is not entered, so that releasing works after the session
 * is closed and in a child of fork().
 */
#include "reliquary.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC UINT64_C(0x314c4f4351494c52)
enum { NODE_WORDS = 11, MOST_BUFFERS = 3 };

/* A node as it stands in a block; columns/block.go says what the words mean. */
typedef struct {
    uint64_t name, format, nullable, length, nulls, buffers, buffer[MOST_BUFFERS], children, child;
} node;

/* The block, and how many arrays point into it. */
typedef struct {
    char *data;
    size_t users;
} shared;

/* What an array owns. */
typedef struct {
    shared *block;
    const void *buffers[MOST_BUFFERS];
    struct ArrowArray **children;
} owned_array;

/* What a schema owns. */
typedef struct {
    char *name, *format;
    struct ArrowSchema **children;
} owned_schema;

static void leave(shared *block) {
    if (__atomic_sub_fetch(&block->users, 1, __ATOMIC_ACQ_REL) == 0) {
        free(block->data);
        free(block);
    }
}

static void release_array(struct ArrowArray *array) {
    owned_array *own = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++) {
        struct ArrowArray *child = own->children[i];
        if (!child) continue; /* it was never made */
        if (child->release) child->release(child);
        free(child);
    }
    free(own->children);
    leave(own->block);
    free(own);
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
    owned_schema *own = schema->private_data;
    for (int64_t i = 0; i < schema->n_children; i++) {
        struct ArrowSchema *child = own->children[i];
        if (!child) continue;
        if (child->release) child->release(child);
        free(child);
    }
    free(own->children);
    free(own->name);
    free(own->format);
    free(own);
    schema->release = NULL;
}

/* Makes an array and those below it. On failure it is released: nothing stays. */
static int make_array(shared *block, const node *nodes, uint64_t at, struct ArrowArray *array) {
    const node *n = &nodes[at];
    owned_array *own = calloc(1, sizeof *own);
    if (!own) return 0;
    own->children = calloc(n->children ? n->children : 1, sizeof *own->children);
    if (!own->children) {
        free(own);
        return 0;
    }
    __atomic_add_fetch(&block->users, 1, __ATOMIC_ACQ_REL);
    own->block = block;
    for (uint64_t b = 0; b < n->buffers; b++) {
        own->buffers[b] = n->buffer[b] ? block->data + n->buffer[b] : NULL;
    }
    *array = (struct ArrowArray){
        .length = (int64_t)n->length,
        .null_count = (int64_t)n->nulls,
        .n_buffers = (int64_t)n->buffers,
        .n_children = (int64_t)n->children,
        .buffers = own->buffers,
        .children = own->children,
        .release = release_array,
        .private_data = own,
    };
    for (uint64_t i = 0; i < n->children; i++) {
        own->children[i] = calloc(1, sizeof *own->children[i]);
        if (!own->children[i] || !make_array(block, nodes, n->child + i, own->children[i])) {
            release_array(array);
            return 0;
        }
    }
    return 1;
}

static int make_schema(const char *data, const node *nodes, uint64_t at, struct ArrowSchema *schema) {
    const node *n = &nodes[at];
    owned_schema *own = calloc(1, sizeof *own);
    if (!own) return 0;
    own->name = strdup(data + n->name);
    own->format = strdup(data + n->format);
    own->children = calloc(n->children ? n->children : 1, sizeof *own->children);
    *schema = (struct ArrowSchema){
        .format = own->format,
        .name = own->name,
        .flags = n->nullable ? ARROW_FLAG_NULLABLE : 0,
        .n_children = own->children ? (int64_t)n->children : 0,
        .children = own->children,
        .release = release_schema,
        .private_data = own,
    };
    int made = own->name && own->format && own->children;
    for (uint64_t i = 0; made && i < n->children; i++) {
        own->children[i] = calloc(1, sizeof *own->children[i]);
        made = own->children[i] && make_schema(data, nodes, n->child + i, own->children[i]);
    }
    if (!made) release_schema(schema);
    return made;
}

/* Whether the data is a block, as far as can be seen: it could be anything that
   the host has put into the event. */
static int is_block(const char *data, size_t size, uint64_t *count) {
    uint64_t head[2];
    if (!data || size < sizeof head) return 0;
    memcpy(head, data, sizeof head);
    *count = head[1];
    if (head[0] != MAGIC || *count == 0 || *count > (size - sizeof head) / sizeof(node)) return 0;
    const node *nodes = (const node *)(data + sizeof head);
    for (uint64_t i = 0; i < *count; i++) {
        const node *n = &nodes[i];
        if (n->name >= size || n->format >= size || n->buffers > MOST_BUFFERS || n->children > *count) return 0;
        /* Children come later, so that no array is part of itself. */
        if (n->children && (n->child <= i || n->child > *count - n->children)) return 0;
        for (uint64_t b = 0; b < n->buffers; b++) {
            if (n->buffer[b] >= size) return 0;
        }
    }
    return 1;
}

int32_t reliquary_columns(reliquary_event *event, struct ArrowSchema *schema, struct ArrowArray *array) {
    if (schema) memset(schema, 0, sizeof *schema);
    if (array) memset(array, 0, sizeof *array);
    uint64_t count;
    if (!event || !schema || !array || event->kind != RELIQUARY_EVENT_RESULT || event->status != RELIQUARY_OK ||
        !is_block(event->data, event->size, &count)) {
        return RELIQUARY_ERR_INVALID;
    }
    const node *nodes = (const node *)(event->data + 2 * sizeof(uint64_t));
    shared *block = malloc(sizeof *block);
    if (!block) return RELIQUARY_ERR_NO_MEMORY;
    /* Ours until both are made, so that a failure leaves the event its data. */
    *block = (shared){.data = event->data, .users = 1};
    if (!make_schema(event->data, nodes, 0, schema)) {
        free(block);
        return RELIQUARY_ERR_NO_MEMORY;
    }
    if (!make_array(block, nodes, 0, array)) {
        schema->release(schema);
        free(block);
        return RELIQUARY_ERR_NO_MEMORY;
    }
    leave(block);
    event->data = NULL;
    event->size = 0;
    return RELIQUARY_OK;
}
