/* relocations.c LIBRARY - what was read to move the library is given back. */
#include "check.h"

#include <dlfcn.h>

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: relocations LIBRARY");
    CHECK(dlopen(argv[1], RTLD_NOW), "%s", dlerror());
    /* The relocations stand at the beginning of the file, which is mapped first. */
    FILE *f = fopen("/proc/self/smaps", "r");
    CHECK(f, "/proc/self/smaps cannot be read");
    char line[4096];
    int found = 0;
    long size = -1, resident = -1;
    while (resident < 0 && fgets(line, sizeof line, f)) {
        if (strstr(line, "libreliquary.so")) found = 1;
        if (found) {
            sscanf(line, "Size: %ld", &size);
            sscanf(line, "Rss: %ld", &resident);
        }
    }
    fclose(f);
    CHECK(size > 4096 && resident >= 0, "the mapping has %ld KiB, of which %ld are resident", size, resident);
    CHECK(resident < 1500, "of %ld KiB %ld are resident", size, resident);
    printf("%ld of %ld KiB\n", resident, size);
    puts("ok");
    return 0;
}
