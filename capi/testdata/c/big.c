/* big.c BYTES - an answer of that many bytes arrives whole, and one more does not. */
#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: big BYTES");
    long long bytes = atoll(argv[1]);
    char config[256], input[64];
    snprintf(config, sizeof config,
             "{\"base_url\":\"http://127.0.0.1:9\",\"api_key\":\"0123456789012345678901234567890123456789\","
             "\"limits\":{\"answer_bytes\":%lld}}", bytes);
    reliquary_session session = open_with(config);
    char *answer;
    size_t size;
    snprintf(input, sizeof input, "{\"bytes\":%lld}", bytes);
    double began = now();
    int32_t status = reliquary_call(session, "fault_big", 9, input, strlen(input), &answer, &size);
    CHECK(status == RELIQUARY_OK && size == (size_t)bytes, "status %d, %lld bytes", status, (long long)size);
    CHECK(answer[0] == 0 && answer[size - 1] == 0 && answer[size] == 0, "it is not what was answered");
    printf("%lld bytes in %.0f ms\n", bytes, now() - began);
    reliquary_free(answer);
    snprintf(input, sizeof input, "{\"bytes\":%lld}", bytes + 1);
    call(session, "fault_big", input, RELIQUARY_ERR_TOO_LARGE, "over the limit");
    CHECK(reliquary_close(session, -1) == RELIQUARY_OK, "close");
    puts("ok");
    return 0;
}
