#include "trace.h"

#include <string.h>
#include <strings.h>

/* Where the parts are: "00-<32 digits>-<16 digits>-<2 digits>". */
enum { ID_AT = 3, PARENT_AT = 36, FLAGS_AT = 53, WHOLE_BYTES = 55 };

static bool is_hex(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    return true;
}

static bool is_zero(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] != '0')
            return false;
    return true;
}

/* `length` digits, not all of them zero. */
static bool is_id(const char *text, size_t length) {
    return is_hex(text, length) && !is_zero(text, length);
}

static bool is_version(const char *text, size_t length) {
    if (!is_hex(text, 2) || strncmp(text, "ff", 2) == 0)
        return false;
    if (strncmp(text, "00", 2) == 0)
        return length == WHOLE_BYTES;
    return length == WHOLE_BYTES || text[WHOLE_BYTES] == '-';
}

bool berth_trace_parse(const char *text, struct berth_trace *ret) {
    size_t length = strlen(text);
    *ret = (struct berth_trace){0};
    if (length < WHOLE_BYTES || !is_version(text, length) || text[ID_AT - 1] != '-' ||
        text[PARENT_AT - 1] != '-' || text[FLAGS_AT - 1] != '-' ||
        !is_id(text + ID_AT, sizeof ret->id - 1) ||
        !is_id(text + PARENT_AT, sizeof ret->parent - 1) || !is_hex(text + FLAGS_AT, 2))
        return false;
    memcpy(ret->id, text + ID_AT, sizeof ret->id - 1);
    memcpy(ret->parent, text + PARENT_AT, sizeof ret->parent - 1);
    return true;
}

void berth_trace_read(const struct berth_request *request, struct berth_trace *ret) {
    const char *value = request->framing.fields[BERTH_FIELD_TRACEPARENT];
    int count = 0;
    ret->id[0] = ret->parent[0] = '\0';
    if (!value)
        return;
    for (size_t i = 0; i < request->field_count; i++)
        count += strcasecmp(request->fields[i].name, "traceparent") == 0;
    if (count == 1)
        (void)berth_trace_parse(value, ret);
}
