/* fork.h - whether this process is the one that loaded the library. */
#ifndef RELIQUARY_FORK_H
#define RELIQUARY_FORK_H

/* 1 in a child of fork(). Costs a load or two; never enters Go. */
int reliquary_forked(void);

#endif
