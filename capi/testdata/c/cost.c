/* cost.c - nanoseconds per call, for each way in. Prints names and numbers. */
#include "check.h"

#define REPEAT 100000

int main(void) {
    reliquary_session s = open_with(NOWHERE);
    char *answer;
    size_t size, n;
    reliquary_event e;
#define COST(name, statement)                                                   \
    do {                                                                        \
        for (int i = 0; i < REPEAT / 10; i++) { statement; }                     \
        double began = now();                                                   \
        for (int i = 0; i < REPEAT; i++) { statement; }                          \
        printf(name "-ns %.0f ", (now() - began) * 1e6 / REPEAT);               \
    } while (0)
    COST("version", reliquary_abi_version());
    COST("enter", reliquary_cancel(s, 1)); /* into Go and back, with nothing to do */
    COST("call", reliquary_call(s, "fault_echo", 10, "{}", 2, &answer, &size); reliquary_free(answer));
    COST("held", reliquary_submit(s, 1, RELIQUARY_HELD, "fault_echo", 10, "{}", 2); reliquary_wait(s, 1, -1, &e); reliquary_free(e.data));
    COST("queued", reliquary_submit(s, 1, 0, "fault_echo", 10, "{}", 2); reliquary_take(s, -1, &e, 1, &n); reliquary_free(e.data));
    putchar('\n');
    CHECK(reliquary_close(s, -1) == RELIQUARY_OK, "close");
    return 0;
}
