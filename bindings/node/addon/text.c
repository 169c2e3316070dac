#include "text.h"

#include <stdlib.h>

bool text_read(napi_env env, napi_value value, text *t) {
    t->data = t->here;
    if (napi_get_value_string_utf8(env, value, t->here, sizeof t->here, &t->size) != napi_ok) {
        napi_throw_type_error(env, NULL, "a string is wanted");
        return false;
    }
    /* What comes near the end may have been cut, in the middle of a character too. */
    if (t->size + 4 < sizeof t->here) return true;
    napi_get_value_string_utf8(env, value, NULL, 0, &t->size);
    t->data = malloc(t->size + 1);
    if (!t->data) {
        napi_throw_error(env, NULL, "there is no memory");
        return false;
    }
    napi_get_value_string_utf8(env, value, t->data, t->size + 1, &t->size);
    return true;
}

void text_free(text *t) {
    if (t->data != t->here) free(t->data);
}
