/* What a request's head says of its framing, and the rules that it must keep whoever has parsed it.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_HTTP_FRAMING_H
#define BERTH_HTTP_FRAMING_H

#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BERTH_HEAD_MAX_BYTES = 16384, /* of a request */
    BERTH_MAX_FIELDS = 63,        /* more are refused: civetweb drops the 65th without a word */
};

/* Fields that are asked for by every request or of which there must be one at most. */
enum berth_field {
    BERTH_FIELD_OTHER,
    BERTH_FIELD_HOST,
    BERTH_FIELD_LENGTH,
    BERTH_FIELD_CODING,
    BERTH_FIELD_UPGRADE,
    BERTH_FIELD_EXPECT,
    BERTH_FIELD_CONNECTION,
    BERTH_FIELD_TYPE,
    BERTH_FIELD_ORIGIN,
    BERTH_FIELD_AUTHORIZATION,
    BERTH_FIELD_RANGE,
    BERTH_FIELD_IF_RANGE,
    BERTH_FIELD_IF_NONE_MATCH, /* this and those after it may be there twice: the first counts */
    BERTH_FIELD_IF_MATCH,
    BERTH_FIELD_ACCEPT_ENCODING,
    BERTH_FIELD_TRACEPARENT,
    BERTH_FIELD_COUNT
};

enum berth_field berth_field_find(const char *name, size_t length);

/* What a request that passed says of its framing. */
struct berth_framing {
    const char *fields[BERTH_FIELD_COUNT]; /* NULL: not there; of OTHER nothing */
    int64_t body_bytes;                    /* -1: no Content-Length */
    bool expects_continue;
    bool keeps_alive; /* the client's wish, by its version and Connection */
};

/* One request, parsed. All texts end in NUL and lie in its engine's memory. */
struct berth_request {
    const char *method;
    const char *target;  /* as received, without the query */
    const char *query;   /* NULL: none */
    const char *version; /* "1.0" or "1.1" */
    struct berth_framing framing;
    size_t field_count;
    struct {
        const char *name;
        const char *value; /* without space around it */
    } fields[BERTH_MAX_FIELDS];
};

/* RFC 9110 section 5.6.2: letters, digits and !#$%&'*+-.^_`|~ */
bool berth_is_token_char(unsigned char c);
/* Visible ASCII, space, and bytes above. Tabs are not taken. */
bool berth_is_field_value(const char *text, size_t length);

/* Notes a field that is looked for; of some a second one is refused. BERTH_INVALID. */
enum berth_code berth_framing_note(struct berth_framing *framing, const char *name, size_t length,
                                   const char *value, struct berth_error *error);
/* Holds all that was noted against RFC 9112, and sets the rest of `framing`. BERTH_INVALID with a
 * rule that problem.c gives its status. */
enum berth_code berth_framing_check(struct berth_framing *framing, const char *method,
                                    const char *version, struct berth_error *error);

/* Is `option` in the comma-separated list? NULL is no list. */
bool berth_list_has(const char *list, const char *option);

#endif
