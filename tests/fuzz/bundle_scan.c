#include "scan.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_t *result = NULL;
    struct berth_js js;
    if (berth_scan((const char *)data, size, &result, NULL) == BERTH_OK)
        json_decref(result);
    json_t *specifiers = json_array();
    if (berth_js_tokenize(&js, (const char *)data, size, NULL) == BERTH_OK) {
        berth_scan_imports(&js, specifiers);
        berth_js_done(&js);
    }
    json_decref(specifiers);
    return 0;
}
