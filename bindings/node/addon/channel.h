/*
 * channel.h - the way from any thread into the thread of one JavaScript
 * environment: the program's main one, or that of a worker.
 *
 * However often it is posted to, JavaScript is woken once until it has looked.
 * It holds the process open only while something is awaited. It can be posted
 * to when the environment is gone, which Node's own thread-safe functions
 * cannot: Node frees them then.
 */
#ifndef RELIQUARY_NODE_CHANNEL_H
#define RELIQUARY_NODE_CHANNEL_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Called in the environment's thread after channel_post. */
typedef void (*channel_look)(napi_env env, void *data);

typedef struct channel {
    channel_look look;
    void *data;
    size_t awaited; /* the environment's thread only */

    pthread_mutex_t lock;
    napi_threadsafe_function function; /* NULL once closed */
    bool posted;                       /* JavaScript was woken and has not looked yet */
} channel;

/* Sets up a channel into env's thread, in which it is called; false without memory. */
bool channel_init(channel *c, napi_env env, channel_look look, void *data);

/* Has JavaScript look. From any thread; does nothing when the channel is closed. */
void channel_post(channel *c);

/* There is one more, or there are fewer, things that the process has to wait
   for. In the environment's thread. */
void channel_await(channel *c, napi_env env);
void channel_done(channel *c, napi_env env, size_t count);

/* The environment ends: nothing is posted any more once this returns. In its
   thread, from a cleanup hook added after channel_init. */
void channel_close(channel *c);

/* Frees what a closed channel holds. */
void channel_destroy(channel *c);

#endif
