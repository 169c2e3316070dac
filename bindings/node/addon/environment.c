#include "environment.h"

#include <stdlib.h>
#include <time.h>

#include "session.h"

/* How long an environment that ends waits for what runs in its sessions, all
   together. Canceled calls end at once; those that do not are left behind. */
#define LAST_WAIT_MS 1000

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static job *take_finished(environment *e) {
    pthread_mutex_lock(&e->lock);
    job *j = e->finished;
    e->finished = NULL;
    pthread_mutex_unlock(&e->lock);
    return j;
}

/* Hands over everything that has happened. */
static void look(napi_env env, void *data) {
    environment *e = data;
    environment_hold(e);
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) == napi_ok) {
        for (job *j = take_finished(e), *next; j; j = next) {
            next = j->next;
            channel_done(&e->channel, env, 1);
            j->settle(env, j);
        }
        napi_close_handle_scope(env, scope);
    }
    e->looks++;
    /* JavaScript runs in between, and may end any session: begin anew each time. */
    for (session *s; (s = session_waiting(e->sessions, e->looks));) session_deliver(env, s);
    environment_drop(e);
}

/* The last thing that happens in an environment's thread. */
static void end(void *data) {
    environment *e = data;
    int64_t until = now_ms() + LAST_WAIT_MS;
    for (session *s = e->sessions; s; s = session_next(s)) {
        int64_t left = until - now_ms();
        session_abandon(s, left > 0 ? left : 0);
    }
    channel_close(&e->channel);
    pthread_mutex_lock(&e->lock);
    e->ended = true;
    pthread_mutex_unlock(&e->lock);
    for (job *j = take_finished(e), *next; j; j = next) {
        next = j->next;
        j->discard(j);
    }
    environment_drop(e);
}

environment *environment_of(napi_env env) {
    environment *e = NULL;
    if (napi_get_instance_data(env, (void **)&e) == napi_ok && e) return e;
    e = calloc(1, sizeof *e);
    if (e && pthread_mutex_init(&e->lock, NULL) == 0) {
        atomic_init(&e->holders, 1);
        if (channel_init(&e->channel, env, look, e)) {
            /* Hooks run last to first: Node's own, for the channel, after this one. */
            if (napi_add_env_cleanup_hook(env, end, e) == napi_ok) {
                if (napi_set_instance_data(env, e, NULL, NULL) == napi_ok) return e;
                napi_remove_env_cleanup_hook(env, end, e);
            }
            napi_release_threadsafe_function(e->channel.function, napi_tsfn_abort);
            channel_close(&e->channel);
            environment_drop(e);
        } else {
            pthread_mutex_destroy(&e->lock);
            free(e);
        }
    } else {
        free(e);
    }
    napi_throw_error(env, NULL, "there is no memory");
    return NULL;
}

void environment_hold(environment *e) { atomic_fetch_add(&e->holders, 1); }

void environment_drop(environment *e) {
    if (atomic_fetch_sub(&e->holders, 1) > 1) return;
    channel_destroy(&e->channel);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

static void *run(void *data) {
    job *j = data;
    environment *e = j->environment;
    j->run(j);
    pthread_mutex_lock(&e->lock);
    bool ended = e->ended;
    if (!ended) {
        j->next = e->finished;
        e->finished = j;
    }
    pthread_mutex_unlock(&e->lock);
    if (ended) {
        j->discard(j);
    } else {
        channel_post(&e->channel);
    }
    environment_drop(e);
    return NULL;
}

bool job_start(napi_env env, job *j) {
    environment *e = j->environment;
    pthread_t thread;
    environment_hold(e);
    channel_await(&e->channel, env);
    if (pthread_create(&thread, NULL, run, j) == 0) {
        pthread_detach(thread);
        return true;
    }
    channel_done(&e->channel, env, 1);
    environment_drop(e);
    return false;
}
