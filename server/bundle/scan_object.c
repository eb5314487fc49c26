/* Literals: objects and what is in them. */
#include "scan.h"

#include <string.h>

enum {
    MAX_MEMBERS = 64, /* looked at in one object */
    BACK_DISTANCE = 200,
};

char *berth_scan_string(const struct berth_js *js, size_t index) {
    bool string = berth_js_kind(js, index) == BERTH_JS_STRING;
    return string ? berth_js_value(js, index, BERTH_SCAN_NAME_BYTES) : NULL;
}

size_t berth_scan_object_around(const struct berth_js *js, size_t index) {
    for (int left = BACK_DISTANCE; index-- > 0 && left > 0; left--) {
        size_t open = berth_js_match(js, index);
        if (open && open < index)
            index = open;
        else if (berth_js_is_op(js, index, '{'))
            return index;
        else if (berth_js_is_op(js, index, '(') || berth_js_is_op(js, index, '['))
            return 0;
    }
    return 0;
}

bool berth_scan_is_key(const struct berth_js *js, size_t index, const char *key) {
    if (!berth_js_is_op(js, index + 1, ':'))
        return false;
    if (berth_js_is_name(js, index, key))
        return true;
    const struct berth_js_token *token = &js->tokens[index];
    size_t length = strlen(key);
    return berth_js_kind(js, index) == BERTH_JS_STRING && token->end - token->start == length + 2 &&
           memcmp(js->text + token->start + 1, key, length) == 0;
}

size_t berth_scan_member(const struct berth_js *js, size_t open, const char *key) {
    size_t close = berth_js_match(js, open);
    size_t index = open + 1;
    for (int left = MAX_MEMBERS; index < close && left > 0; left--) {
        if (berth_scan_is_key(js, index, key))
            return index + 2;
        for (int tokens = BACK_DISTANCE; index < close && !berth_js_is_op(js, index, ',') && tokens;
             tokens--)
            index = berth_js_match(js, index) > index ? berth_js_match(js, index) + 1 : index + 1;
        index++;
    }
    return 0;
}

int berth_scan_boolean(const struct berth_js *js, size_t index, size_t *ret_after) {
    bool negated = berth_js_is_op(js, index, '!');
    size_t at = negated ? index + 1 : index;
    *ret_after = at + 1;
    if (!negated && berth_js_is_name(js, at, "true"))
        return 1;
    if (!negated && berth_js_is_name(js, at, "false"))
        return 0;
    if (!negated || berth_js_kind(js, at) != BERTH_JS_NUMBER)
        return -1;
    return js->text[js->tokens[at].start] == '0';
}
