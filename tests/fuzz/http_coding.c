/* Accept-Encoding of any bytes: weights stay in their range, and what is chosen was there and was
 * acceptable. */
#include "berth/coding.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

static void choose(const struct berth_accept *accept, unsigned present) {
    int64_t bytes[BERTH_CODING_COUNT];
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        bytes[i] = present & (1U << i) ? 100 - 20 * (i % 2) : 0;
    int choice = berth_accept_choose(accept, 90, bytes);
    must(choice >= -1 && choice < BERTH_CODING_COUNT);
    if (choice >= 0)
        must(bytes[choice] > 0 && accept->codings[choice] > 0 &&
             accept->codings[choice] >= accept->identity);
    for (int i = 0; choice >= 0 && i < BERTH_CODING_COUNT; i++)
        must(!bytes[i] || accept->codings[i] <= accept->codings[choice]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    must(text != NULL);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    struct berth_accept accept = berth_accept_parse(text);
    must(accept.identity >= 0 && accept.identity <= 1000);
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        must(accept.codings[i] >= 0 && accept.codings[i] <= 1000);
    for (unsigned present = 0; present < 1U << BERTH_CODING_COUNT; present++)
        choose(&accept, present);
    free(text);
    return 0;
}
