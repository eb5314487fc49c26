/* The one door between JSON text and json_t.
 *
 * jansson recurses: on a 100 KiB worker stack json_loadb dies at about 770 nested arrays and
 * json_dumps at about 300 (2.14, measured). So depth is counted in a flat scan before jansson sees
 * the text. Duplicate keys are refused (RFC 8259 leaves them undefined).
 *
 * Thread rules: functions are reentrant; a json_t belongs to one thread at a time.
 */
#ifndef BERTH_JSON_H
#define BERTH_JSON_H

#include "berth/error.h"
#include <jansson.h>
#include <stddef.h>

enum { BERTH_JSON_MAX_DEPTH = 32 };

/* Parses an object or array of at most `max_bytes`. On success *ret is a new reference. Errors:
 * BERTH_TOO_LARGE ("json-size", "json-depth"), BERTH_INVALID ("json-syntax") with line and column
 * in `where`. */
enum berth_code berth_json_parse(const char *text, size_t length, size_t max_bytes, json_t **ret,
                                 struct berth_error *error);

/* Compact text, keys in insertion order; free() it. NULL only when out of memory. The value must
 * not be deeper than BERTH_JSON_MAX_DEPTH. */
char *berth_json_text(const json_t *value);
char *berth_json_pretty(const json_t *value);

/* Writes a text as a JSON string, with its quotes but without a NUL, and returns the end: at most
 * six bytes for each of the text's, and two. For those who write many lines; what is not UTF-8 gets
 * "?" for each byte from 0x80 on. */
char *berth_json_put_string(char *at, const char *text);

/* Borrowed member reads that take any value: NULL or `fallback` when absent or of another type. */
const char *berth_json_string(const json_t *object, const char *key);
json_int_t berth_json_integer(const json_t *object, const char *key, json_int_t fallback);

/* A key as a JSON pointer has it (RFC 6901 section 3), cut to fit. */
void berth_json_pointer_key(const char *key, char *ret, size_t size);

/* JSON Schema counts characters, and so does this. */
size_t berth_json_characters(const char *text);

#endif
