/* Versions, ranges and names of any text, one a line: precedence is an order, and what is taken is
 * safe in a URL and on a command line. */
#include "berth/name.h"
#include "berth/semver.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINES = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

static int sign(int value) {
    return (value > 0) - (value < 0);
}

static void check_order(char *const *versions, size_t count) {
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++) {
            int order = sign(berth_semver_compare(versions[a], versions[b]));
            must(order == -sign(berth_semver_compare(versions[b], versions[a])));
            must(a != b || order == 0);
            for (size_t c = 0; c < count && order <= 0; c++)
                if (berth_semver_compare(versions[b], versions[c]) <= 0)
                    must(berth_semver_compare(versions[a], versions[c]) <= 0);
        }
}

/* Ranges: a version that is in two of them is proof that they meet. */
static void check_ranges(char *const *ranges, size_t count, char *const *versions,
                         size_t version_count) {
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++) {
            enum berth_satisfaction met = berth_ranges_meet(ranges[a], ranges[b]);
            must(met == berth_ranges_meet(ranges[b], ranges[a]));
            for (size_t v = 0; v < version_count; v++)
                must(met != BERTH_UNSATISFIED ||
                     berth_range_satisfied(ranges[a], versions[v]) != BERTH_SATISFIED ||
                     berth_range_satisfied(ranges[b], versions[v]) != BERTH_SATISFIED);
        }
}

static void check_text(const char *text) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+_";
    if (berth_semver_check(text, NULL) == BERTH_OK)
        must(strlen(text) <= BERTH_VERSION_MAX_BYTES && !text[strspn(text, plain)]);
    if (berth_name_check("name", text, NULL) == BERTH_OK)
        must(strlen(text) <= BERTH_NAME_PART_BYTES && *text && !text[strspn(text, plain)]);
    if (berth_module_name_check(text, NULL) == BERTH_OK) {
        must(strlen(text) <= BERTH_MODULE_MAX_BYTES && text[0] != '.' && !strstr(text, "//") &&
             !strstr(text, "/."));
        must(berth_module_matches("*", text) && berth_module_matches(text, text));
        must(berth_module_pattern_check(text, NULL) == BERTH_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *versions[MAX_LINES], *lines[MAX_LINES];
    size_t count = 0, line_count = 0;
    char *text = malloc(size + 1);
    char *rest = NULL;
    must(text != NULL);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        check_text(line);
        if (line_count < MAX_LINES)
            lines[line_count++] = line;
        if (count < MAX_LINES && berth_semver_check(line, NULL) == BERTH_OK)
            versions[count++] = line;
    }
    check_order(versions, count);
    check_ranges(lines, line_count, versions, count);
    free(text);
    return 0;
}
