#include "scan.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_t *result = NULL;
    if (berth_scan((const char *)data, size, &result, NULL) == BERTH_OK)
        json_decref(result);
    return 0;
}
