/*
 * columns.h - lists as columns, whose memory JavaScript sees as it lies.
 */
#ifndef RELIQUARY_NODE_COLUMNS_H
#define RELIQUARY_NODE_COLUMNS_H

#include "reliquary.h"
#include "text.h"

/*
 * What JavaScript gets of a result that holds columns: an array of the number of
 * rows, an ArrayBuffer with everything, and an array for each column, of its
 * name, Arrow's format of it, its length, how many nulls it has, an array with
 * where each of its buffers begins (-1 for one that is not there), and the
 * column of the items, where it is one of lists.
 *
 * The memory is given back when the ArrayBuffer is collected, in whatever
 * environment that is. NULL for a result that holds no columns, and when there
 * is no memory; the event's status says which.
 */
napi_value columns_of(napi_env env, reliquary_event *event);

#endif
