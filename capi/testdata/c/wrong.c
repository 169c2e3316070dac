/*
 * wrong.c MISTAKE - a program that makes a mistake with the library's memory, so
 * that the tests know that their sanitizers would see one.
 */
#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: wrong MISTAKE");
    reliquary_session session = open_with(NOWHERE);
    char *volatile answer;
    size_t size;
    CHECK(reliquary_call(session, "fault_echo", 10, "{\"x\":1}", 7, (char **)&answer, &size) == RELIQUARY_OK, "call");
    CHECK(reliquary_close(session, -1) == RELIQUARY_OK, "close");
    if (strcmp(argv[1], "leak") == 0) {
        answer = NULL;
    } else if (strcmp(argv[1], "twice") == 0) {
        reliquary_free(answer);
        reliquary_free(answer);
    } else if (strcmp(argv[1], "after") == 0) {
        reliquary_free(answer);
        putchar(answer[1]);
    } else if (strcmp(argv[1], "beyond") == 0) {
        putchar(answer[size + 1]);
        reliquary_free(answer);
    } else {
        reliquary_free(answer);
    }
    puts("ok");
    return 0;
}
