/*
 * A Go runtime does not survive fork(): its threads are gone, and whatever they
 * held stays held. Whether a call hangs in the child depends on the moment, so
 * none may enter Go there. This is decided before Go is entered.
 *
 * Two signs, for either can be missing: a page that the kernel hands to children
 * zeroed (Linux 4.14; it sees raw clone calls too), and a handler that the C
 * library runs in the child of fork().
 */
#include "fork.h"

#if defined(_WIN32)

int reliquary_forked(void) { return 0; }

#else

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

/* Known to Linux since 4.14, to the headers of older C libraries not. */
#if defined(__linux__) && !defined(MADV_WIPEONFORK)
#define MADV_WIPEONFORK 18
#endif

static volatile int child;
static volatile unsigned char *wiped; /* first byte is 1 here, 0 in children */

static void in_child(void) { child = 1; }

/* Runs while the library is loaded, so that no fork can come before. */
__attribute__((constructor)) static void watch_forks(void) {
    pthread_atfork(NULL, NULL, in_child);
#ifdef MADV_WIPEONFORK
    long size = sysconf(_SC_PAGESIZE);
    if (size <= 0) return;
    void *page = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (madvise(page, (size_t)size, MADV_WIPEONFORK) != 0) {
        munmap(page, (size_t)size);
        return;
    }
    *(volatile unsigned char *)page = 1;
    wiped = page;
#endif
}

int reliquary_forked(void) { return child || (wiped && !*wiped); }

#endif
