/* What went wrong, in words that every room shares.
 *
 * Functions that can fail return an `enum berth_code` and take a caller-owned `struct berth_error
 * *` as their last parameter. It may be NULL; it never allocates; the first error wins, so a
 * cleanup that fails on the way out cannot hide the cause. Domain code knows only these meanings:
 * the table that gives HTTP statuses is in server/http/problem.c.
 *
 * Thread rules: a value, owned by one thread at a time.
 */
#ifndef BERTH_ERROR_H
#define BERTH_ERROR_H

#include <stdbool.h>

enum berth_code {
    BERTH_OK = 0,
    BERTH_INVALID,         /* the caller's words are malformed */
    BERTH_UNAUTHENTICATED, /* no token, or one that is unknown, revoked or expired */
    BERTH_DENIED,          /* a good token that may not do this */
    BERTH_NOT_FOUND,
    BERTH_CONFLICT,    /* contradicts what is stored */
    BERTH_STALE,       /* a precondition (If-Match) did not hold */
    BERTH_TOO_LARGE,   /* over a named limit */
    BERTH_UNSUPPORTED, /* not a kind of input that is taken at all */
    BERTH_REFUSED,     /* well-formed, but breaks a rule */
    BERTH_TIMEOUT,     /* the other side was too slow */
    BERTH_BUSY,        /* a limit on concurrency; try again */
    BERTH_NO_SPACE,    /* the disk is full */
    BERTH_NO_MEMORY,
    BERTH_IO, /* the disk, the database or a library failed */
    BERTH_CODE_COUNT
};

enum {
    BERTH_RULE_BYTES = 64,
    BERTH_WHERE_BYTES = 640,
    BERTH_TEXT_BYTES = 320,
    BERTH_HINT_BYTES = 320,
};

struct berth_error {
    enum berth_code code;
    char rule[BERTH_RULE_BYTES];   /* stable slug of what was broken: "path-absolute" */
    char where[BERTH_WHERE_BYTES]; /* archive member, JSON pointer, option; may be empty */
    char text[BERTH_TEXT_BYTES];   /* one short sentence, lower case, no full stop */
    char hint[BERTH_HINT_BYTES];   /* what to do about it; may be empty */
};

/* Fills `error` unless it already holds an error, and returns `code`. `rule` and the texts are
 * copied and cut to fit, at a UTF-8 character's border. */
enum berth_code berth_fail(struct berth_error *error, enum berth_code code, const char *rule,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same with errno's text appended; ENOSPC and EDQUOT become BERTH_NO_SPACE, ENOMEM
 * BERTH_NO_MEMORY, all else BERTH_IO. Reads errno first. */
enum berth_code berth_fail_errno(struct berth_error *error, const char *rule, const char *format,
                                 ...) __attribute__((format(printf, 3, 4)));

/* Add the place, or the advice, to an error that has none yet. No-ops on NULL and on no error. */
void berth_error_where(struct berth_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void berth_error_hint(struct berth_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* True for the codes where the same call may succeed later without a change by the caller. */
bool berth_code_is_retryable(enum berth_code code);

#endif
