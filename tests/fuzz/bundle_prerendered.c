/* Any bytes as prerendered HTML. What is taken stays taken between two elements of a page, and has
 * as many tags that open as tags that close. */
#include "prerendered.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth) {
    if (!truth)
        abort();
}

static void try_around(const char *text, size_t size) {
    static const char before[] = "<section><div>", after[] = "</div><hr></section>";
    size_t length = sizeof before - 1 + size + sizeof after - 1;
    char *page = malloc(length);
    bool styled = false;
    require(page);
    memcpy(page, before, sizeof before - 1);
    memcpy(page + sizeof before - 1, text, size);
    memcpy(page + sizeof before - 1 + size, after, sizeof after - 1);
    struct berth_error error = {0};
    if (berth_prerendered_check(page, length, &styled, &error) != BERTH_OK)
        require(strstr(error.text, "256") != NULL);
    free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct berth_error error = {0};
    bool styled = false;
    if (berth_prerendered_check((const char *)data, size, &styled, &error) == BERTH_OK)
        try_around((const char *)data, size);
    else
        require(error.rule[0] && error.text[0] && error.hint[0]);
    return 0;
}
