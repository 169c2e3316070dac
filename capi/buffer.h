/* buffer.h - what entry.go needs of C. */
#ifndef RELIQUARY_BUFFER_H
#define RELIQUARY_BUFFER_H

#include <stddef.h>

#include "reliquary.h"

/* A copy that free releases, followed by a NUL byte; null without memory. (Go's
   own C.malloc ends the process then.) */
char *reliquary_copy(const void *data, size_t size);

/* Calls a function of the host, which Go cannot do itself. */
void reliquary_wake(reliquary_wake_function wake, void *data);

#endif
