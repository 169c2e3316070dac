/*
 * environment.h - what belongs to one JavaScript environment: its sessions, and
 * what other threads have finished for it.
 *
 * Opening and closing a session can take a moment, so each happens in a thread
 * of its own that ends with it. (libuv's pool would be started for it, four
 * threads that a program may not need otherwise.)
 */
#ifndef RELIQUARY_NODE_ENVIRONMENT_H
#define RELIQUARY_NODE_ENVIRONMENT_H

#include <stdatomic.h>
#include <stdint.h>

#include "channel.h"
#include "reliquary.h"

typedef struct session session;
typedef struct job job;

typedef struct environment {
    channel channel;
    session *sessions;   /* those that JavaScript has; its thread only */
    uint64_t looks;      /* how often it has looked; its thread only */
    atomic_int holders;

    pthread_mutex_t lock;
    bool ended;
    job *finished;
} environment;

/* The environment of the module that was loaded into env, made when it is first
   asked for; NULL with an exception pending. */
environment *environment_of(napi_env env);

/* Whoever keeps a pointer to it holds it; the last who lets go frees it. From any thread. */
void environment_hold(environment *e);
void environment_drop(environment *e);

/* Work that a thread does for JavaScript. */
struct job {
    environment *environment;
    void (*run)(job *);                /* in the thread */
    void (*settle)(napi_env, job *);   /* in JavaScript's thread, then */
    void (*discard)(job *);            /* or, when the environment is gone, in any; both free it */
    job *next;
};

/* Starts a job, and holds the process open until it is settled; false when no
   thread can be had, and then nothing is called. */
bool job_start(napi_env env, job *j);

#endif
