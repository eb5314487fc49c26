/* The parsers of server/http on any text: the first byte chooses one. What each must hold whatever
 * comes is asserted; the sanitizers watch the rest. */
#include "http/conditional.h"
#include "http/query.h"
#include "http/range.h"
#include "http/route.h"
#include "http/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

static void fuzz_url(const char *text, char *scratch) {
    if (berth_url_decode(text, scratch, NULL) != BERTH_OK)
        return;
    size_t length = strlen(scratch);
    must(length <= strlen(text) && scratch[0] == '/' && berth_url_is_utf8(scratch, length));
    must(!strchr(scratch, '\\') && !strstr(scratch, "//") && !strstr(scratch, "/../"));
    for (size_t i = 0; i < length; i++)
        must((unsigned char)scratch[i] >= 0x20 && scratch[i] != 0x7f);
}

static void fuzz_query(const char *text, char *scratch) {
    struct berth_query query;
    if (berth_query_parse(text, scratch, &query, NULL) != BERTH_OK)
        return;
    for (size_t i = 0; i < query.count; i++) {
        const char *end = query.pairs[i].value + strlen(query.pairs[i].value);
        must(query.pairs[i].name >= scratch && end <= scratch + strlen(text));
        must(berth_query_get(&query, query.pairs[i].name) != NULL);
    }
}

static void fuzz_range(const char *text) {
    static const int64_t totals[] = {0, 1, 2, 10000, INT64_MAX};
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
        struct berth_range range = berth_range_parse(text, totals[i]);
        if (range.kind == BERTH_RANGE_PART)
            must(range.first >= 0 && range.length > 0 && range.first <= totals[i] - range.length);
        else if (range.kind == BERTH_RANGE_WHOLE)
            must(range.first == 0 && range.length == totals[i]);
    }
}

static void fuzz_etags(const char *text) {
    int64_t expected = -2;
    (void)berth_etag_in_list(text, "\"abc\"");
    (void)berth_etag_equals_strongly(text, "\"abc\"");
    if (berth_expected_parse(text, NULL, &expected, NULL) == BERTH_OK)
        must(expected >= 0);
}

static void fuzz_route(const char *text) {
    static const char *const patterns[] = {
        "/m/{module}@{version}~{epoch}/{path*}", "/m/{module}@{version}/{path*}",
        "/m/{module}/remoteEntry.js", "/v{a}.{b}/{c}x", "/{path*}"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct berth_route_match match;
        if (!berth_route_match(patterns[i], text, &match))
            continue;
        for (size_t p = 0; p < match.count; p++) {
            const struct berth_route_param *param = &match.params[p];
            must(param->value_length > 0 && param->value > text &&
                 param->value + param->value_length <= text + strlen(text));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    char *text = malloc(size);
    char *scratch = malloc(size);
    must(text && scratch);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % 5) {
    case 0:
        fuzz_url(text, scratch);
        break;
    case 1:
        fuzz_query(text, scratch);
        break;
    case 2:
        fuzz_range(text);
        break;
    case 3:
        fuzz_etags(text);
        break;
    default:
        fuzz_route(text);
        break;
    }
    free(text);
    free(scratch);
    return 0;
}
