#include "berth/variant.h"

#include <string.h>
#include <strings.h>

/* Beside text of any kind, what holds plain numbers or outlines. Formats that are compressed
 * inside (PNG, WOFF2, MP4, ZIP, PDF) are not here: nothing is won but time lost. */
static const char *const types[] = {
    "application/javascript",
    "application/json",
    "application/wasm",
    "application/xml",
    "application/vnd.apple.mpegurl",
    "application/vnd.ms-fontobject",
    "font/collection",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/vnd.microsoft.icon",
};

static bool ends_with(const char *text, size_t length, const char *end) {
    size_t count = strlen(end);
    return length > count && strncasecmp(text + length - count, end, count) == 0;
}

bool berth_variant_wanted(const char *content_type, int64_t bytes) {
    size_t length = strcspn(content_type, "; \t");
    if (bytes < BERTH_VARIANT_MIN_BYTES || bytes > BERTH_VARIANT_MAX_BYTES)
        return false;
    if (strncasecmp(content_type, "text/", 5) == 0)
        return true;
    if (ends_with(content_type, length, "+json") || ends_with(content_type, length, "+xml"))
        return true;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i]) == length && strncasecmp(types[i], content_type, length) == 0)
            return true;
    return false;
}
