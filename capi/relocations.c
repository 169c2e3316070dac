/*
 * What moves the library to where it was loaded is 2 MB that are read once. They
 * are given back as soon as that is done: they come from the file, and would be
 * read again if somebody looked.
 */
#if defined(__linux__) && defined(__LP64__)

#define _GNU_SOURCE
#include <elf.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where the file begins and what it says of itself, by its linker; a program that
   is linked without a dynamic section has none. */
extern const char __ehdr_start[] __attribute__((weak, visibility("hidden")));
extern const Elf64_Dyn _DYNAMIC[] __attribute__((weak, visibility("hidden")));

/* Runs when the library has been moved, and before anybody can use it. */
__attribute__((constructor)) static void drop_relocations(void) {
    if (!_DYNAMIC || !__ehdr_start) return;
    uintptr_t base = (uintptr_t)__ehdr_start, from = 0, size = 0;
    for (const Elf64_Dyn *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_RELA) from = d->d_un.d_ptr;
        if (d->d_tag == DT_RELASZ) size = d->d_un.d_val;
    }
    if (!from || !size) return;
    if (from < base) from += base; /* glibc has added it, others leave it away */
    long page = sysconf(_SC_PAGESIZE);
    if (page <= 0) return;
    uintptr_t mask = (uintptr_t)page - 1, first = (from + mask) & ~mask, end = (from + size) & ~mask;
    if (first < end) madvise((void *)first, end - first, MADV_DONTNEED);
}

#else

typedef int nothing_to_do_here;

#endif
