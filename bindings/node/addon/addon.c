/*
 * addon.c - the C interface of Reliquary for JavaScript: numbers and strings in
 * and out, and a promise where something may take time. Nothing here blocks the
 * event loop. ../src/native.ts declares the functions and is their only caller.
 *
 *   abiVersion()                              the number of the interface
 *   statusError(status)                       JSON that says what a status means
 *   open(config, onEvents)                    a promise of [status, JSON, session]
 *   submit(session, token, flags, name, JSON) a status; the result is an event
 *   cancel(session, token)                    a status
 *   close(session, milliseconds)              a promise of a status; pending calls
 *                                             have no events any more
 *
 * onEvents is called with arrays of token, kind, status and text of one event
 * after the other. reliquary.h says what they mean. In place of the text of a
 * result that holds columns stands what columns.h says. Whoever opens keeps hold
 * of onEvents: while nothing is pending, the addon does not, so that both can be
 * collected.
 */
#include "environment.h"
#include "session.h"

static napi_value abi_version(napi_env env, napi_callback_info info) {
    (void)info;
    napi_value value = NULL;
    napi_create_uint32(env, reliquary_abi_version(), &value);
    return value;
}

static napi_value status_error(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value argument, text = NULL;
    int32_t status;
    if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) return NULL;
    if (napi_get_value_int32(env, argument, &status) != napi_ok) {
        napi_throw_type_error(env, NULL, "a status is wanted");
        return NULL;
    }
    napi_create_string_utf8(env, reliquary_status_error(status), NAPI_AUTO_LENGTH, &text);
    return text;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int32_t node_api_module_get_api_version_v1(void) { return NAPI_VERSION; }

EXPORTED napi_value napi_register_module_v1(napi_env env, napi_value exports) {
    const napi_property_descriptor functions[] = {
        {.utf8name = "abiVersion", .method = abi_version, .attributes = napi_enumerable},
        {.utf8name = "statusError", .method = status_error, .attributes = napi_enumerable},
        {.utf8name = "open", .method = session_open, .attributes = napi_enumerable},
        {.utf8name = "submit", .method = session_submit, .attributes = napi_enumerable},
        {.utf8name = "cancel", .method = session_cancel, .attributes = napi_enumerable},
        {.utf8name = "close", .method = session_close, .attributes = napi_enumerable},
    };
    napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
    return exports;
}
