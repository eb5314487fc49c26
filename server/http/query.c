#include "query.h"

#include "url.h"
#include <string.h>

/* Decodes up to `stop`; returns where the next free byte is, or NULL. */
static char *decode(const char *raw, const char *stop, char *out, struct berth_error *error) {
    const char *start = out;
    for (; raw < stop; raw++) {
        int value = *raw == '+' ? ' ' : (unsigned char)*raw;
        if (*raw == '%') {
            value = berth_url_escape(raw);
            if (value < 0) {
                berth_fail(error, BERTH_INVALID, "query-escape",
                           "the query holds an incomplete escape");
                return NULL;
            }
            raw += 2;
        }
        if (value < 0x20 || value == 0x7f) {
            berth_fail(error, BERTH_INVALID, "query-control",
                       "the query holds a control character");
            return NULL;
        }
        *out++ = (char)value;
    }
    if (!berth_url_is_utf8(start, (size_t)(out - start))) {
        berth_fail(error, BERTH_INVALID, "query-utf8", "the query is not valid UTF-8");
        return NULL;
    }
    *out++ = '\0';
    return out;
}

/* One pair ends where `stop` is. A name without "=" needs no byte more than it has: its value is
 * the empty string at its own end. */
static char *add_pair(const char *raw, const char *stop, char *out, struct berth_query *query,
                      struct berth_error *error) {
    if (query->count == BERTH_QUERY_MAX_PAIRS) {
        berth_fail(error, BERTH_INVALID, "query-pairs", "the query has more than %d parameters",
                   BERTH_QUERY_MAX_PAIRS);
        return NULL;
    }
    const char *equals = memchr(raw, '=', (size_t)(stop - raw));
    const char *name = out;
    out = decode(raw, equals ? equals : stop, out, error);
    if (!out)
        return NULL;
    const char *value = out - 1;
    if (equals) {
        value = out;
        out = decode(equals + 1, stop, out, error);
    }
    query->pairs[query->count].name = name;
    query->pairs[query->count].value = value;
    query->count++;
    return out;
}

enum berth_code berth_query_parse(const char *raw, char *text, struct berth_query *ret,
                                  struct berth_error *error) {
    ret->count = 0;
    while (raw && *raw) {
        const char *stop = raw + strcspn(raw, "&");
        if (stop > raw) {
            text = add_pair(raw, stop, text, ret, error);
            if (!text)
                return BERTH_INVALID;
        }
        raw = *stop ? stop + 1 : stop;
    }
    return BERTH_OK;
}

const char *berth_query_get(const struct berth_query *query, const char *name) {
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->pairs[i].name, name) == 0)
            return query->pairs[i].value;
    }
    return NULL;
}
