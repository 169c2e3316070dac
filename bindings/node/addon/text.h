/* text.h - strings of JavaScript as UTF-8. */
#ifndef RELIQUARY_NODE_TEXT_H
#define RELIQUARY_NODE_TEXT_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>

typedef struct text {
    char *data;
    size_t size;
    char here[4096]; /* most inputs fit, and are read in one go */
} text;

/* Reads a string; false with an exception pending. text_free in the end. */
bool text_read(napi_env env, napi_value value, text *t);

void text_free(text *t);

#endif
