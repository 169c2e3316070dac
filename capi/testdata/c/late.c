/*
 * late.c LIBRARY - a library that is loaded when the program has long been
 * running: in a child of fork(), and not at all any more after dlclose, were it
 * up to the program.
 */
#include "check.h"

#include <dlfcn.h>
#include <spawn.h>

static int32_t (*open_)(const char *, size_t, reliquary_session *, char **, size_t *);
static int32_t (*call_)(reliquary_session, const char *, size_t, const char *, size_t, char **, size_t *);
static int32_t (*close_)(reliquary_session, int64_t);
static void (*free_)(void *);

static void *load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library, "%s", dlerror());
    *(void **)&open_ = dlsym(library, "reliquary_open");
    *(void **)&call_ = dlsym(library, "reliquary_call");
    *(void **)&close_ = dlsym(library, "reliquary_close");
    *(void **)&free_ = dlsym(library, "reliquary_free");
    CHECK(open_ && call_ && close_ && free_, "%s", dlerror());
    return library;
}

static void use(void) {
    reliquary_session session;
    char *answer;
    size_t size;
    CHECK(open_(NOWHERE, sizeof NOWHERE - 1, &session, &answer, &size) == RELIQUARY_OK, "open: %s", answer);
    free_(answer);
    CHECK(call_(session, "fault_echo", 10, "{}", 2, &answer, &size) == RELIQUARY_OK && strcmp(answer, "{}") == 0, "call: %s", answer);
    free_(answer);
    CHECK(close_(session, -1) == RELIQUARY_OK, "close");
}

static void succeeds(pid_t pid, const char *what) {
    int status;
    CHECK(pid > 0, "%s: %s", what, strerror(errno));
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s ended with %x", what, status);
}

extern char **environ;

int main(int argc, char **argv) {
    CHECK(argc >= 2, "usage: late LIBRARY");
    /* Loaded after fork. */
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        load(argv[1]);
        use();
        exit(0);
    }
    succeeds(pid, "a child that loads");
    void *library = load(argv[1]);
    use();
    CHECK(dlclose(library) == 0, "%s", dlerror());
    use();
    if (argc == 2) {
        /* New programs are as free as any, though this process has loaded it. */
        char *again[] = {argv[0], argv[1], "new", NULL};
        CHECK(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, again, environ) == 0, "posix_spawn");
        succeeds(pid, "posix_spawn");
        pid = fork();
        if (pid == 0) {
            execv("/proc/self/exe", again);
            _exit(1);
        }
        succeeds(pid, "fork and exec");
    }
    puts("ok");
    return 0;
}
