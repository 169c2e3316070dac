/*
 * session.h - one session of the library, as an object that JavaScript has.
 *
 * Everything here runs in JavaScript's thread. What it keeps alive: the session
 * as long as the object; the function that takes its events as long as calls
 * are pending, so that a session that was forgotten is collected.
 */
#ifndef RELIQUARY_NODE_SESSION_H
#define RELIQUARY_NODE_SESSION_H

#include "environment.h"

/* The first session with something to deliver that has not delivered at this
   look; NULL if there is none. */
session *session_waiting(session *first, uint64_t look);

/* Calls the session's function with what has happened, a bounded part of it: the
   rest follows after whatever else waits for the event loop. */
void session_deliver(napi_env env, session *s);

session *session_next(session *s);

/* Ends a session whose environment ends. */
void session_abandon(session *s, int64_t timeout_ms);

/* Functions for JavaScript; addon.c says what they take. */
napi_value session_open(napi_env env, napi_callback_info info);
napi_value session_submit(napi_env env, napi_callback_info info);
napi_value session_cancel(napi_env env, napi_callback_info info);
napi_value session_close(napi_env env, napi_callback_info info);

#endif
