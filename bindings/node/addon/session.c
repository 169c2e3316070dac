#include "session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "text.h"

#define TAKEN_AT_ONCE 256
#define TAKEN_PER_LOOK 1024

struct session {
    reliquary_session handle;
    environment *environment;
    napi_ref on_events; /* weak while nothing is pending */
    size_t pending;     /* calls whose results have not been delivered */
    bool closed;        /* closing has begun */
    uint64_t looked;    /* the look at which it last delivered */
    atomic_bool ready;  /* there is something to take */
    atomic_int holders; /* the object; the library, until it is closed; a job */
    session *next, *previous;
};

/* Holding */

static void session_drop(session *s) {
    if (atomic_fetch_sub(&s->holders, 1) > 1) return;
    environment_drop(s->environment);
    free(s);
}

static void session_hold(session *s) { atomic_fetch_add(&s->holders, 1); }

static void await_one(napi_env env, session *s) {
    channel_await(&s->environment->channel, env);
    if (s->pending++ == 0) napi_reference_ref(env, s->on_events, NULL);
}

static void await_fewer(napi_env env, session *s, size_t count) {
    if (count == 0) return;
    channel_done(&s->environment->channel, env, count);
    s->pending -= count;
    if (s->pending == 0) napi_reference_unref(env, s->on_events, NULL);
}

session *session_next(session *s) { return s->next; }

/* Events */

/* Called by a thread of the library. */
static void wake(void *data) {
    session *s = data;
    atomic_store(&s->ready, true);
    channel_post(&s->environment->channel);
}

session *session_waiting(session *first, uint64_t look) {
    for (session *s = first; s; s = s->next) {
        if (s->looked != look && !s->closed && atomic_exchange(&s->ready, false)) {
            s->looked = look;
            return s;
        }
    }
    return NULL;
}

/* The text of an event. JavaScript's strings are shorter than the library's can be. */
static napi_value text_of(napi_env env, reliquary_event *event) {
    napi_value text;
    if (event->data && napi_create_string_utf8(env, event->data, event->size, &text) == napi_ok) return text;
    if (event->data) event->status = RELIQUARY_ERR_TOO_LARGE;
    napi_value exception;
    bool pending;
    if (napi_is_exception_pending(env, &pending) == napi_ok && pending) napi_get_and_clear_last_exception(env, &exception);
    const char *general = reliquary_status_error(event->status);
    return napi_create_string_utf8(env, general, NAPI_AUTO_LENGTH, &text) == napi_ok ? text : NULL;
}

/* Makes an exception of JavaScript an uncaught one. If it stayed pending, no batch
   that is taken after this one could be handed over. */
static void tell_exception(napi_env env) {
    napi_value exception;
    if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

/* Calls the session's function with an array of token, kind, status and text
   (or columns) of each event, one after the other: an object per event would cost more than
   the call. */
static void hand_over(napi_env env, session *s, reliquary_event *events, size_t count) {
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return;
    napi_value function, global, batch;
    size_t results = 0;
    for (size_t i = 0; i < count; i++) results += events[i].kind == RELIQUARY_EVENT_RESULT;
    if (napi_get_reference_value(env, s->on_events, &function) == napi_ok && function &&
        napi_get_global(env, &global) == napi_ok &&
        napi_create_array_with_length(env, count * 4, &batch) == napi_ok) {
        for (size_t i = 0; i < count; i++) {
            reliquary_event *event = &events[i];
            napi_value text = columns_of(env, event), token, kind, status;
            if (!text) text = text_of(env, event);
            if (!text || napi_create_double(env, (double)event->token, &token) != napi_ok ||
                napi_create_int32(env, event->kind, &kind) != napi_ok ||
                napi_create_int32(env, event->status, &status) != napi_ok) {
                continue;
            }
            uint32_t at = (uint32_t)i * 4;
            napi_set_element(env, batch, at, token);
            napi_set_element(env, batch, at + 1, kind);
            napi_set_element(env, batch, at + 2, status);
            napi_set_element(env, batch, at + 3, text);
        }
        if (napi_call_function(env, global, function, 1, &batch, NULL) == napi_pending_exception) tell_exception(env);
    }
    if (!s->closed) await_fewer(env, s, results);
    napi_close_handle_scope(env, scope);
}

void session_deliver(napi_env env, session *s) {
    reliquary_event events[TAKEN_AT_ONCE];
    size_t count = TAKEN_AT_ONCE, taken = 0;
    session_hold(s);
    while (count == TAKEN_AT_ONCE && !s->closed) {
        if (taken >= TAKEN_PER_LOOK) {
            wake(s);
            break;
        }
        if (reliquary_take(s->handle, 0, events, TAKEN_AT_ONCE, &count) != RELIQUARY_OK) break;
        if (count > 0) hand_over(env, s, events, count);
        reliquary_free_events(events, count);
        taken += count;
    }
    session_drop(s);
}

/* Ending */

static void unlink_session(session *s) {
    if (s->previous) s->previous->next = s->next;
    else s->environment->sessions = s->next;
    if (s->next) s->next->previous = s->previous;
    s->next = s->previous = NULL;
}

void session_abandon(session *s, int64_t timeout_ms) {
    if (s->closed) return;
    s->closed = true;
    reliquary_close(s->handle, timeout_ms);
    session_drop(s); /* the library has let go of it */
}

/* The object has been collected. */
static void collected(napi_env env, void *data, void *unused) {
    (void)unused;
    session *s = data;
    session_abandon(s, 0);
    unlink_session(s);
    napi_delete_reference(env, s->on_events);
    session_drop(s);
}

static session *session_of(napi_env env, napi_value value) {
    void *data = NULL;
    if (napi_get_value_external(env, value, &data) != napi_ok) napi_throw_type_error(env, NULL, "a session is wanted");
    return data;
}

/* Opening */

typedef struct opening {
    job job;
    napi_deferred deferred;
    napi_ref on_events;
    text config;
    reliquary_session handle;
    int32_t status;
    char *answer;
    size_t answer_size;
} opening;

static void open_run(job *j) {
    opening *o = (opening *)j;
    o->status = reliquary_open(o->config.data, o->config.size, &o->handle, &o->answer, &o->answer_size);
}

static void open_free(opening *o) {
    reliquary_free(o->answer);
    text_free(&o->config);
    free(o);
}

static void open_discard(job *j) {
    opening *o = (opening *)j;
    if (o->status == RELIQUARY_OK) reliquary_close(o->handle, 0);
    open_free(o);
}

/* The object for a session that was opened; NULL without memory. */
static napi_value session_new(napi_env env, opening *o) {
    session *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->handle = o->handle;
    s->environment = o->job.environment;
    s->on_events = o->on_events;
    s->looked = s->environment->looks - 1;
    atomic_init(&s->ready, false);
    atomic_init(&s->holders, 2); /* the object and the library */
    napi_value object;
    if (napi_create_external(env, s, collected, NULL, &object) != napi_ok) {
        free(s);
        return NULL;
    }
    environment_hold(s->environment);
    s->next = s->environment->sessions;
    if (s->next) s->next->previous = s;
    s->environment->sessions = s;
    napi_reference_unref(env, s->on_events, NULL);
    reliquary_on_event(s->handle, wake, s);
    return object;
}

static void open_settle(napi_env env, job *j) {
    opening *o = (opening *)j;
    napi_value result, status, answer, object = NULL;
    if (o->status == RELIQUARY_OK && !(object = session_new(env, o))) {
        reliquary_close(o->handle, 0);
        o->status = RELIQUARY_ERR_NO_MEMORY;
    }
    if (!object) napi_delete_reference(env, o->on_events);
    reliquary_event told = {.status = o->status, .data = o->answer, .size = o->answer_size};
    if (o->status == RELIQUARY_ERR_NO_MEMORY) told.data = NULL;
    answer = text_of(env, &told);
    napi_create_int32(env, told.status, &status);
    napi_create_array_with_length(env, 3, &result);
    napi_set_element(env, result, 0, status);
    napi_set_element(env, result, 1, answer);
    if (object) napi_set_element(env, result, 2, object);
    napi_resolve_deferred(env, o->deferred, result);
    open_free(o);
}

napi_value session_open(napi_env env, napi_callback_info info) {
    size_t count = 2;
    napi_value arguments[2], promise;
    environment *e = environment_of(env);
    if (!e || napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    opening *o = calloc(1, sizeof *o);
    if (!o) {
        napi_throw_error(env, NULL, "there is no memory");
        return NULL;
    }
    if (!text_read(env, arguments[0], &o->config)) {
        free(o);
        return NULL;
    }
    o->job = (job){.environment = e, .run = open_run, .settle = open_settle, .discard = open_discard};
    if (napi_create_reference(env, arguments[1], 1, &o->on_events) != napi_ok) {
        open_free(o);
        napi_throw_type_error(env, NULL, "a function is wanted");
        return NULL;
    }
    if (napi_create_promise(env, &o->deferred, &promise) != napi_ok || !job_start(env, &o->job)) {
        napi_delete_reference(env, o->on_events);
        open_free(o);
        napi_throw_error(env, NULL, "no thread can be started");
        return NULL;
    }
    return promise;
}

/* Calls */

static napi_value status_value(napi_env env, int32_t status) {
    napi_value value = NULL;
    napi_create_int32(env, status, &value);
    return value;
}

napi_value session_submit(napi_env env, napi_callback_info info) {
    size_t count = 5;
    napi_value arguments[5];
    double token;
    uint32_t flags;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    session *s = session_of(env, arguments[0]);
    if (!s) return NULL;
    if (s->closed) return status_value(env, RELIQUARY_ERR_CLOSED);
    if (napi_get_value_double(env, arguments[1], &token) != napi_ok || !(token >= 1 && token <= 9007199254740991.0) ||
        napi_get_value_uint32(env, arguments[2], &flags) != napi_ok) {
        napi_throw_type_error(env, NULL, "a token and flags are wanted");
        return NULL;
    }
    text name, input;
    if (!text_read(env, arguments[3], &name)) return NULL;
    if (!text_read(env, arguments[4], &input)) {
        text_free(&name);
        return NULL;
    }
    int32_t status = reliquary_submit(s->handle, (uint64_t)token, flags & ~(uint32_t)RELIQUARY_HELD,
                                      name.data, name.size, input.data, input.size);
    if (status == RELIQUARY_OK) await_one(env, s);
    text_free(&name);
    text_free(&input);
    return status_value(env, status);
}

napi_value session_cancel(napi_env env, napi_callback_info info) {
    size_t count = 2;
    napi_value arguments[2];
    double token;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    session *s = session_of(env, arguments[0]);
    if (!s) return NULL;
    if (s->closed) return status_value(env, RELIQUARY_ERR_CLOSED);
    if (napi_get_value_double(env, arguments[1], &token) != napi_ok || !(token >= 1 && token <= 9007199254740991.0)) {
        napi_throw_type_error(env, NULL, "a token is wanted");
        return NULL;
    }
    return status_value(env, reliquary_cancel(s->handle, (uint64_t)token));
}

/* Closing */

typedef struct closing {
    job job;
    napi_deferred deferred;
    session *session;
    int64_t timeout_ms;
    int32_t status;
} closing;

static void close_run(job *j) {
    closing *c = (closing *)j;
    c->status = reliquary_close(c->session->handle, c->timeout_ms);
    session_drop(c->session); /* the library has let go of it */
}

static void close_discard(job *j) {
    closing *c = (closing *)j;
    session_drop(c->session);
    free(c);
}

static void close_settle(napi_env env, job *j) {
    closing *c = (closing *)j;
    napi_resolve_deferred(env, c->deferred, status_value(env, c->status));
    close_discard(j);
}

napi_value session_close(napi_env env, napi_callback_info info) {
    size_t count = 2;
    napi_value arguments[2], promise;
    double timeout;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    session *s = session_of(env, arguments[0]);
    if (!s) return NULL;
    if (napi_get_value_double(env, arguments[1], &timeout) != napi_ok || isnan(timeout)) {
        napi_throw_type_error(env, NULL, "a number of milliseconds is wanted");
        return NULL;
    }
    closing *c = calloc(1, sizeof *c);
    if (!c || napi_create_promise(env, &c->deferred, &promise) != napi_ok) {
        free(c);
        napi_throw_error(env, NULL, "there is no memory");
        return NULL;
    }
    if (s->closed) {
        napi_resolve_deferred(env, c->deferred, status_value(env, RELIQUARY_ERR_CLOSED));
        free(c);
        return promise;
    }
    c->job = (job){.environment = s->environment, .run = close_run, .settle = close_settle, .discard = close_discard};
    c->session = s;
    c->timeout_ms = timeout < 0 || timeout > 9007199254740991.0 ? -1 : (int64_t)timeout;
    session_hold(s);
    if (!job_start(env, &c->job)) {
        session_drop(s);
        napi_resolve_deferred(env, c->deferred, status_value(env, RELIQUARY_ERR_BUSY));
        free(c);
        return promise;
    }
    s->closed = true;
    /* What is pending has no events any more. */
    await_fewer(env, s, s->pending);
    return promise;
}
