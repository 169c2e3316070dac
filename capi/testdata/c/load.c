/* load.c LIBRARY CONFIG - what loading costs: time, memory, threads. Prints numbers. */
#include "check.h"

#include <dlfcn.h>

int main(int argc, char **argv) {
    CHECK(argc == 3, "usage: load LIBRARY CONFIG");
    long before = resident(), own = private_memory();
    double began = now();
    void *library = dlopen(argv[1], RTLD_NOW);
    CHECK(library, "%s", dlerror());
    double loaded = now();
    int32_t (*open_)(const char *, size_t, reliquary_session *, char **, size_t *);
    int32_t (*call_)(reliquary_session, const char *, size_t, const char *, size_t, char **, size_t *);
    *(void **)&open_ = dlsym(library, "reliquary_open");
    *(void **)&call_ = dlsym(library, "reliquary_call");
    CHECK(open_ && call_, "%s", dlerror());
    reliquary_session session;
    char *answer;
    size_t size;
    CHECK(open_(argv[2], strlen(argv[2]), &session, &answer, &size) == RELIQUARY_OK, "open: %s", answer);
    double opened = now();
    /* An operation that no server need be asked for. */
    call_(session, "list_artifact_types", 19, "{\"project\":1}", 13, &answer, &size);
    double called = now();
    CHECK(answer && strstr(answer, "\"INVALID\""), "call: %s", answer);
    printf("load-ms %.3f open-ms %.3f call-ms %.3f total-ms %.3f KiB-resident %ld KiB-private %ld threads %d\n",
           loaded - began, opened - loaded, called - opened, called - began, resident() - before,
           private_memory() - own, thread_count());
    return 0;
}
