#include "range.h"

#include <stdbool.h>
#include <strings.h>

static const char *skip_space(const char *at) {
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* Section 14.1.2 sets no bound on the digits: too large a number is just beyond every end. */
static const char *read_number(const char *at, int64_t *ret, bool *ret_present) {
    int64_t value = 0;
    *ret_present = *at >= '0' && *at <= '9';
    for (; *at >= '0' && *at <= '9'; at++)
        value = value > (INT64_MAX - 9) / 10 ? INT64_MAX / 10 : value * 10 + (*at - '0');
    *ret = value;
    return at;
}

static struct berth_range whole(int64_t total) {
    return (struct berth_range){BERTH_RANGE_WHOLE, 0, total};
}

static struct berth_range outside(void) {
    return (struct berth_range){BERTH_RANGE_OUTSIDE, 0, 0};
}

static struct berth_range suffix(int64_t length, int64_t total) {
    if (length == 0)
        return outside();
    /* A suffix of nothing is satisfiable, but no Content-Range can say which part it is. */
    if (total == 0)
        return whole(total);
    if (length > total)
        length = total;
    return (struct berth_range){BERTH_RANGE_PART, total - length, length};
}

struct berth_range berth_range_parse(const char *header, int64_t total) {
    if (!header || strncasecmp(header, "bytes=", 6) != 0)
        return whole(total);
    int64_t first, last;
    bool has_first, has_last;
    const char *at = read_number(skip_space(header + 6), &first, &has_first);
    if (*at != '-')
        return whole(total);
    at = skip_space(read_number(at + 1, &last, &has_last));
    if (*at || (!has_first && !has_last))
        return whole(total);
    if (!has_first)
        return suffix(last, total);
    if (has_last && last < first)
        return whole(total);
    if (first >= total)
        return outside();
    if (!has_last || last >= total)
        last = total - 1;
    return (struct berth_range){BERTH_RANGE_PART, first, last - first + 1};
}
