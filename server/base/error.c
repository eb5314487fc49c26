#include "berth/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Drops the bytes of a character that was cut in the middle. */
static void trim_to_character(char *text) {
    size_t length = strlen(text);
    size_t start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (length - start < want)
        text[start - 1] = '\0';
}

__attribute__((format(printf, 3, 0))) static void format_text(char *ret, size_t size,
                                                              const char *format, va_list args) {
    int length = vsnprintf(ret, size, format, args);
    if (length < 0)
        ret[0] = '\0';
    else if ((size_t)length >= size)
        trim_to_character(ret);
}

static void fill(struct berth_error *error, enum berth_code code, const char *rule) {
    error->code = code;
    (void)snprintf(error->rule, sizeof error->rule, "%s", rule);
    error->where[0] = '\0';
    error->hint[0] = '\0';
}

enum berth_code berth_fail(struct berth_error *error, enum berth_code code, const char *rule,
                           const char *format, ...) {
    if (!error || error->code != BERTH_OK)
        return code;
    fill(error, code, rule);
    va_list args;
    va_start(args, format);
    format_text(error->text, sizeof error->text, format, args);
    va_end(args);
    return code;
}

static enum berth_code code_of_errno(int number) {
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return BERTH_NO_SPACE;
    case ENOMEM:
        return BERTH_NO_MEMORY;
    default:
        return BERTH_IO;
    }
}

enum berth_code berth_fail_errno(struct berth_error *error, const char *rule, const char *format,
                                 ...) {
    int number = errno;
    enum berth_code code = code_of_errno(number);
    if (!error || error->code != BERTH_OK)
        return code;
    fill(error, code, rule);
    va_list args;
    va_start(args, format);
    format_text(error->text, sizeof error->text, format, args);
    va_end(args);
    size_t used = strlen(error->text);
    char reason[128];
    (void)snprintf(error->text + used, sizeof error->text - used, ": %s",
                   strerror_r(number, reason, sizeof reason));
    return code;
}

void berth_error_where(struct berth_error *error, const char *format, ...) {
    if (!error || error->code == BERTH_OK || error->where[0])
        return;
    va_list args;
    va_start(args, format);
    format_text(error->where, sizeof error->where, format, args);
    va_end(args);
}

void berth_error_hint(struct berth_error *error, const char *format, ...) {
    if (!error || error->code == BERTH_OK || error->hint[0])
        return;
    va_list args;
    va_start(args, format);
    format_text(error->hint, sizeof error->hint, format, args);
    va_end(args);
}

bool berth_code_is_retryable(enum berth_code code) {
    return code == BERTH_TIMEOUT || code == BERTH_BUSY || code == BERTH_NO_SPACE ||
           code == BERTH_NO_MEMORY;
}
