/* Style sheets on their way into a page: whatever comes in, what comes out ends no element, and
 * says the same when it is read once more. */
#include "css.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 22 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct berth_buffer once, twice;
    berth_buffer_init(&once, MAX_BYTES);
    berth_buffer_init(&twice, MAX_BYTES);
    bool good = berth_css_inline(&once, (const char *)data, size, "/m/a@1.0.0/", true);
    if (!good && once.length)
        abort();
    if (good && once.length && !once.failed) {
        if (memmem(once.data, once.length, "</", 2))
            abort();
        if (!berth_css_inline(&twice, once.data, once.length, "/m/a@1.0.0/", true) ||
            once.length != twice.length || memcmp(once.data, twice.data, once.length) != 0)
            abort();
    }
    berth_buffer_done(&once);
    berth_buffer_done(&twice);
    return 0;
}
