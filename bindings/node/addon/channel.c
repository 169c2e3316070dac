#include "channel.h"

/* Runs in the environment's thread. */
static void called(napi_env env, napi_value unused, void *context, void *nothing) {
    (void)unused, (void)nothing;
    if (!env) return; /* the environment is ending, and context may be gone */
    channel *c = context;
    pthread_mutex_lock(&c->lock);
    c->posted = false; /* before it looks, so that nothing is missed */
    pthread_mutex_unlock(&c->lock);
    c->look(env, c->data);
}

bool channel_init(channel *c, napi_env env, channel_look look, void *data) {
    *c = (channel){.look = look, .data = data};
    if (pthread_mutex_init(&c->lock, NULL) != 0) return false;
    napi_value name;
    if (napi_create_string_utf8(env, "reliquary", NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, c, called, &c->function) != napi_ok) {
        pthread_mutex_destroy(&c->lock);
        return false;
    }
    napi_unref_threadsafe_function(env, c->function);
    return true;
}

void channel_post(channel *c) {
    /* Node is told under the lock: channel_close cannot return, and Node free
       the function, in between. */
    pthread_mutex_lock(&c->lock);
    if (c->function && !c->posted) {
        c->posted = napi_call_threadsafe_function(c->function, NULL, napi_tsfn_nonblocking) == napi_ok;
    }
    pthread_mutex_unlock(&c->lock);
}

void channel_await(channel *c, napi_env env) {
    if (c->awaited++ == 0 && c->function) napi_ref_threadsafe_function(env, c->function);
}

void channel_done(channel *c, napi_env env, size_t count) {
    if (count == 0) return;
    c->awaited -= count;
    if (c->awaited == 0 && c->function) napi_unref_threadsafe_function(env, c->function);
}

void channel_close(channel *c) {
    pthread_mutex_lock(&c->lock);
    c->function = NULL; /* Node's own cleanup hook frees it */
    pthread_mutex_unlock(&c->lock);
}

void channel_destroy(channel *c) { pthread_mutex_destroy(&c->lock); }
