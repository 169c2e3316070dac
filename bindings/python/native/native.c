/*
 * The module reliquary._native: the functions of reliquary.h as Python calls them.
 *
 * ctypes can do the same, as src/reliquary/_foreign.py shows, and takes longer to
 * load than all of the package. This needs nothing of Python but its stable ABI,
 * so that one file is for every CPython from 3.9 on. src/reliquary/_native.pyi says
 * what the functions take and give.
 *
 * Other Python threads run while the library does. The library is loaded by load,
 * not linked: importing this starts nothing.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x03090000
#include <Python.h>

#include <dlfcn.h>
#include <stdlib.h>

#include "reliquary.h"

/* The library's functions that are used here. */
static struct {
    __typeof__(reliquary_abi_version) *abi_version;
    __typeof__(reliquary_status_error) *status_error;
    __typeof__(reliquary_open) *open;
    __typeof__(reliquary_submit) *submit;
    __typeof__(reliquary_cancel) *cancel;
    __typeof__(reliquary_wait) *wait;
    __typeof__(reliquary_take) *take;
    __typeof__(reliquary_event_fd) *event_fd;
    __typeof__(reliquary_free) *free;
    __typeof__(reliquary_free_events) *free_events;
    __typeof__(reliquary_columns) *columns;
    __typeof__(reliquary_close) *close;
} library;

static int loaded; /* 1 when all of library is set */

static PyObject *load(PyObject *module, PyObject *args) {
    (void)module;
    const char *path;
    if (!PyArg_ParseTuple(args, "s:load", &path)) return NULL;
    void *file;
    Py_BEGIN_ALLOW_THREADS
    file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    Py_END_ALLOW_THREADS
    if (!file) {
        PyErr_SetString(PyExc_OSError, dlerror());
        return NULL;
    }
    struct {
        const char *name;
        void **function;
    } wanted[] = {
        {"reliquary_abi_version", (void **)&library.abi_version},
        {"reliquary_status_error", (void **)&library.status_error},
        {"reliquary_open", (void **)&library.open},
        {"reliquary_submit", (void **)&library.submit},
        {"reliquary_cancel", (void **)&library.cancel},
        {"reliquary_wait", (void **)&library.wait},
        {"reliquary_take", (void **)&library.take},
        {"reliquary_event_fd", (void **)&library.event_fd},
        {"reliquary_free", (void **)&library.free},
        {"reliquary_free_events", (void **)&library.free_events},
        {"reliquary_columns", (void **)&library.columns},
        {"reliquary_close", (void **)&library.close},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *function = dlsym(file, wanted[i].name);
        if (!function) {
            PyErr_Format(PyExc_OSError, "%s has no function %s", path, wanted[i].name);
            return NULL;
        }
        *wanted[i].function = function;
    }
    loaded = 1;
    Py_RETURN_NONE;
}

/* Parses the arguments of a function that needs the library. */
#define PARSE(args, ...) (is_loaded() && PyArg_ParseTuple(args, __VA_ARGS__))

static int is_loaded(void) {
    if (!loaded) PyErr_SetString(PyExc_RuntimeError, "load the library first");
    return loaded;
}

/* Text of the library, which gives UTF-8; None for a null pointer. */
static PyObject *text_of(const char *data, size_t size) {
    if (!data) Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(data, (Py_ssize_t)size, "replace");
}

/* What a result with columns holds until somebody takes it over. */
typedef struct {
    struct ArrowSchema schema;
    struct ArrowArray array;
} columns;

static const char columns_name[] = "reliquary.columns";

static void release_columns(PyObject *capsule) {
    columns *c = PyCapsule_GetPointer(capsule, columns_name);
    if (c->schema.release) c->schema.release(&c->schema);
    if (c->array.release) c->array.release(&c->array);
    free(c);
}

/* The columns of an event as (who keeps them, address of the array, address of the
   schema); None without an error where it holds none. */
static PyObject *columns_of(reliquary_event *event) {
    columns *c = malloc(sizeof *c);
    if (!c) return PyErr_NoMemory();
    int32_t status = library.columns(event, &c->schema, &c->array);
    if (status == RELIQUARY_ERR_INVALID) {
        free(c);
        Py_RETURN_NONE;
    }
    if (status != RELIQUARY_OK) {
        free(c);
        return PyErr_NoMemory();
    }
    PyObject *keeper = PyCapsule_New(c, columns_name, release_columns);
    if (!keeper) {
        c->schema.release(&c->schema);
        c->array.release(&c->array);
        free(c);
        return NULL;
    }
    PyObject *array = PyLong_FromVoidPtr(&c->array), *schema = PyLong_FromVoidPtr(&c->schema);
    PyObject *all = array && schema ? PyTuple_Pack(3, keeper, array, schema) : NULL;
    Py_XDECREF(array);
    Py_XDECREF(schema);
    Py_DECREF(keeper);
    return all;
}

/* What an event holds: columns, or text. */
static PyObject *data_of(reliquary_event *event) {
    /* JSON of operations is an object; asking is cheap, and columns are no JSON. */
    if (event->kind == RELIQUARY_EVENT_RESULT && event->status == RELIQUARY_OK && event->data && event->data[0] != '{') {
        PyObject *c = columns_of(event);
        if (c != Py_None) return c;
        Py_DECREF(c);
    }
    return text_of(event->data, event->size);
}

/* An event as (token, kind, status, data). Its data stays to be freed. What there
   is no memory for fails this event alone: others came with it. */
static PyObject *event_of(reliquary_event *event) {
    PyObject *tuple = PyTuple_New(4);
    if (!tuple) return NULL;
    PyObject *data = data_of(event);
    if (!data) {
        PyErr_Clear();
        event->status = RELIQUARY_ERR_NO_MEMORY;
        Py_INCREF(Py_None);
        data = Py_None;
    }
    PyObject *items[] = {
        PyLong_FromUnsignedLongLong(event->token),
        PyLong_FromLong(event->kind),
        PyLong_FromLong(event->status),
        data,
    };
    int whole = 1;
    for (int i = 0; i < 4; i++) {
        whole = whole && items[i];
        PyTuple_SetItem(tuple, i, items[i]); /* takes the reference */
    }
    if (whole) return tuple;
    Py_DECREF(tuple);
    return NULL;
}

static PyObject *abi_version(PyObject *module, PyObject *args) {
    (void)module;
    if (!PARSE(args, ":abi_version")) return NULL;
    return PyLong_FromUnsignedLong(library.abi_version());
}

static PyObject *status_error(PyObject *module, PyObject *args) {
    (void)module;
    int status;
    if (!PARSE(args, "i:status_error", &status)) return NULL;
    return PyUnicode_FromString(library.status_error(status));
}

static PyObject *open_session(PyObject *module, PyObject *args) {
    (void)module;
    const char *config;
    Py_ssize_t size;
    if (!PARSE(args, "s#:open", &config, &size)) return NULL;
    reliquary_session session;
    char *answer;
    size_t answer_size;
    int32_t status;
    Py_BEGIN_ALLOW_THREADS
    status = library.open(config, (size_t)size, &session, &answer, &answer_size);
    Py_END_ALLOW_THREADS
    PyObject *text = text_of(answer, answer_size);
    library.free(answer);
    PyObject *all = text ? Py_BuildValue("(iKO)", (int)status, (unsigned long long)session, text) : NULL;
    if (!all && session) library.close(session, 0);
    Py_XDECREF(text);
    return all;
}

static PyObject *submit(PyObject *module, PyObject *args) {
    (void)module;
    unsigned long long session, token;
    unsigned int flags;
    const char *name, *input;
    Py_ssize_t name_size, input_size;
    if (!PARSE(args, "KKIs#s#:submit", &session, &token, &flags, &name, &name_size, &input, &input_size)) return NULL;
    int32_t status;
    Py_BEGIN_ALLOW_THREADS
    status = library.submit(session, token, flags, name, (size_t)name_size, input, (size_t)input_size);
    Py_END_ALLOW_THREADS
    return PyLong_FromLong(status);
}

static PyObject *cancel(PyObject *module, PyObject *args) {
    (void)module;
    unsigned long long session, token;
    if (!PARSE(args, "KK:cancel", &session, &token)) return NULL;
    int32_t status;
    Py_BEGIN_ALLOW_THREADS
    status = library.cancel(session, token);
    Py_END_ALLOW_THREADS
    return PyLong_FromLong(status);
}

static PyObject *wait_for(PyObject *module, PyObject *args) {
    (void)module;
    unsigned long long session, token;
    long long timeout_ms;
    if (!PARSE(args, "KKL:wait", &session, &token, &timeout_ms)) return NULL;
    reliquary_event event;
    int32_t status;
    Py_BEGIN_ALLOW_THREADS
    status = library.wait(session, token, timeout_ms, &event);
    Py_END_ALLOW_THREADS
    if (status != RELIQUARY_OK) return Py_BuildValue("(iO)", (int)status, Py_None);
    PyObject *told = event_of(&event);
    library.free(event.data);
    return told ? Py_BuildValue("(iN)", (int)status, told) : NULL;
}

/* How many events one call takes: 8 KiB of stack. */
enum { MOST = 256 };

static PyObject *take(PyObject *module, PyObject *args) {
    (void)module;
    unsigned long long session;
    if (!PARSE(args, "K:take", &session)) return NULL;
    reliquary_event events[MOST];
    size_t count;
    int32_t status;
    Py_BEGIN_ALLOW_THREADS
    status = library.take(session, 0, events, MOST, &count);
    Py_END_ALLOW_THREADS
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list && i < count; i++) {
        PyObject *told = event_of(&events[i]);
        if (!told) {
            Py_DECREF(list);
            list = NULL;
            break;
        }
        PyList_SetItem(list, (Py_ssize_t)i, told);
    }
    library.free_events(events, count);
    return list ? Py_BuildValue("(iN)", (int)status, list) : NULL;
}

static PyObject *event_fd(PyObject *module, PyObject *args) {
    (void)module;
    unsigned long long session;
    if (!PARSE(args, "K:event_fd", &session)) return NULL;
    int fd;
    int32_t status = library.event_fd(session, &fd);
    return Py_BuildValue("(ii)", (int)status, fd);
}

static PyObject *close_session(PyObject *module, PyObject *args) {
    (void)module;
    unsigned long long session;
    long long timeout_ms;
    if (!PARSE(args, "KL:close", &session, &timeout_ms)) return NULL;
    int32_t status;
    Py_BEGIN_ALLOW_THREADS
    status = library.close(session, timeout_ms);
    Py_END_ALLOW_THREADS
    return PyLong_FromLong(status);
}

static PyMethodDef functions[] = {
    {"load", load, METH_VARARGS, NULL},
    {"abi_version", abi_version, METH_VARARGS, NULL},
    {"status_error", status_error, METH_VARARGS, NULL},
    {"open", open_session, METH_VARARGS, NULL},
    {"submit", submit, METH_VARARGS, NULL},
    {"cancel", cancel, METH_VARARGS, NULL},
    {"wait", wait_for, METH_VARARGS, NULL},
    {"take", take, METH_VARARGS, NULL},
    {"event_fd", event_fd, METH_VARARGS, NULL},
    {"close", close_session, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "reliquary._native",
    .m_doc = "The functions of reliquary.h.",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
