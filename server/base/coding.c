#include "berth/coding.h"

#include <string.h>
#include <strings.h>

enum { MAX_MEMBERS = 64, MAX_Q = 1000, UNSAID = -1 };

/* Of identity when the header says nothing of it: what is asked for by name is better. */
enum { LEAST_Q = 1 };

static const char *const names[BERTH_CODING_COUNT] = {
    [BERTH_BROTLI] = "br",
    [BERTH_ZSTD] = "zstd",
    [BERTH_GZIP] = "gzip",
};

const char *berth_coding_name(enum berth_coding coding) {
    return names[coding];
}

static const char *skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* qvalue = "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3"0" ]; where it ends, or NULL. */
static const char *read_q(const char *at, const char *end, int *ret) {
    if (at == end || (*at != '0' && *at != '1'))
        return NULL;
    *ret = (*at++ - '0') * MAX_Q;
    if (at == end || *at != '.')
        return at;
    at++;
    for (int unit = MAX_Q / 10; unit > 0 && at < end && *at >= '0' && *at <= '9'; unit /= 10)
        *ret += (*at++ - '0') * unit;
    return *ret <= MAX_Q ? at : NULL;
}

/* What follows the name: nothing, or ";q=" and a value. -1 when malformed. */
static int weight(const char *at, const char *end) {
    int q = MAX_Q;
    at = skip_space(at, end);
    if (at == end)
        return q;
    if (*at != ';')
        return -1;
    at = skip_space(at + 1, end);
    if (end - at < 3 || (*at != 'q' && *at != 'Q') || at[1] != '=')
        return -1;
    at = read_q(at + 2, end, &q);
    return at && skip_space(at, end) == end ? q : -1;
}

static bool is_name(const char *at, size_t length, const char *name) {
    return strlen(name) == length && strncasecmp(at, name, length) == 0;
}

/* What is said twice counts as the less: nobody gets what it has refused. */
static void say(int *said, int q) {
    if (*said == UNSAID || q < *said)
        *said = q;
}

static void read_member(const char *at, const char *end, struct berth_accept *ret, int *any) {
    at = skip_space(at, end);
    size_t length = 0;
    while (at + length < end && !strchr(" \t;", at[length]))
        length++;
    int q = weight(at + length, end);
    if (q < 0)
        return;
    if (is_name(at, length, "*"))
        say(any, q);
    else if (is_name(at, length, "identity"))
        say(&ret->identity, q);
    else if (is_name(at, length, "x-gzip"))
        say(&ret->codings[BERTH_GZIP], q);
    for (int coding = 0; coding < BERTH_CODING_COUNT; coding++)
        if (is_name(at, length, names[coding]))
            say(&ret->codings[coding], q);
}

struct berth_accept berth_accept_parse(const char *header) {
    struct berth_accept accept = {.identity = UNSAID};
    int any = UNSAID;
    for (int coding = 0; coding < BERTH_CODING_COUNT; coding++)
        accept.codings[coding] = UNSAID;
    const char *at = header ? header : "";
    for (int count = 0; *at && count < MAX_MEMBERS; count++) {
        const char *end = strchrnul(at, ',');
        read_member(at, end, &accept, &any);
        at = *end ? end + 1 : end;
    }
    for (int coding = 0; coding < BERTH_CODING_COUNT; coding++)
        if (accept.codings[coding] == UNSAID)
            accept.codings[coding] = any == UNSAID ? 0 : any;
    if (accept.identity == UNSAID)
        accept.identity = any == UNSAID ? LEAST_Q : any;
    return accept;
}

int berth_accept_choose(const struct berth_accept *accept, int64_t identity_bytes,
                        const int64_t bytes[BERTH_CODING_COUNT]) {
    int chosen = -1;
    int best_q = accept->identity;
    int64_t best_bytes = identity_bytes;
    for (int coding = 0; coding < BERTH_CODING_COUNT; coding++) {
        int q = accept->codings[coding];
        if (bytes[coding] <= 0 || q <= 0)
            continue;
        if (q > best_q || (q == best_q && bytes[coding] < best_bytes)) {
            chosen = coding;
            best_q = q;
            best_bytes = bytes[coding];
        }
    }
    return chosen;
}
