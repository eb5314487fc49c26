/* The rules for one path, as a table: each has a slug that callers may rely on. Rules about several
 * paths at once are in tree.c. */
#include "path.h"
#include "berth/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unistr.h>

enum { MAX_ESCAPED_BYTES = 4 * 4 }; /* one character of four bytes, each as \xNN */

struct path_rule {
    const char *slug;
    const char *text;
    bool (*breaks)(const char *path, size_t length);
};

static const char *segment_end(const char *segment) {
    const char *slash = strchr(segment, '/');
    return slash ? slash : segment + strlen(segment);
}

/* Is there a segment (possibly the empty last one) that is `text`? */
static bool has_segment(const char *path, const char *text) {
    size_t want = strlen(text);
    for (const char *segment = path;; segment++) {
        const char *end = segment_end(segment);
        if ((size_t)(end - segment) == want && memcmp(segment, text, want) == 0)
            return true;
        if (!*end)
            return false;
        segment = end;
    }
}

static bool has_code_point(const char *path, size_t length, bool (*wanted)(ucs4_t)) {
    const uint8_t *at = (const uint8_t *)path;
    const uint8_t *end = at + length;
    while (at < end) {
        ucs4_t code = 0;
        at += u8_mbtouc(&code, at, (size_t)(end - at));
        if (wanted(code))
            return true;
    }
    return false;
}

/* C0, DEL, C1, and the two separators that end a line in JavaScript and in some logs. */
static bool is_control(ucs4_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

/* Unicode's Bidi_Control: characters that make a name look like another. */
static bool is_bidi(ucs4_t code) {
    return code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static bool holds_nul(const char *path, size_t length) {
    return memchr(path, '\0', length) != NULL;
}

static bool is_empty(const char *path, size_t length) {
    (void)path;
    return length == 0;
}

static bool is_too_long(const char *path, size_t length) {
    (void)path;
    return length > BERTH_PATH_MAX_BYTES;
}

static bool is_not_utf8(const char *path, size_t length) {
    return u8_check((const uint8_t *)path, length) != NULL;
}

static bool is_absolute(const char *path, size_t length) {
    (void)length;
    return path[0] == '/';
}

static bool has_backslash(const char *path, size_t length) {
    return memchr(path, '\\', length) != NULL;
}

static bool has_drive(const char *path, size_t length) {
    bool letter = (path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z');
    return length > 1 && letter && path[1] == ':';
}

static bool has_control(const char *path, size_t length) {
    return has_code_point(path, length, is_control);
}

static bool has_bidi(const char *path, size_t length) {
    return has_code_point(path, length, is_bidi);
}

static bool has_empty_segment(const char *path, size_t length) {
    (void)length;
    return has_segment(path, "");
}

static bool has_dot_segment(const char *path, size_t length) {
    (void)length;
    return has_segment(path, ".");
}

static bool has_parent_segment(const char *path, size_t length) {
    (void)length;
    return has_segment(path, "..");
}

static bool has_long_segment(const char *path, size_t length) {
    (void)length;
    for (const char *segment = path;; segment++) {
        const char *end = segment_end(segment);
        if (end - segment > BERTH_PATH_SEGMENT_BYTES)
            return true;
        if (!*end)
            return false;
        segment = end;
    }
}

static bool is_too_deep(const char *path, size_t length) {
    int depth = 1;
    for (size_t i = 0; i < length; i++)
        depth += path[i] == '/';
    return depth > BERTH_PATH_MAX_DEPTH;
}

/* In this order: the later rules may rely on valid UTF-8 without NUL. */
static const struct path_rule rules[] = {
    {"path-nul", "the name holds a NUL byte", holds_nul},
    {"path-empty", "the name is empty", is_empty},
    {"path-long", "the name is longer than 512 bytes", is_too_long},
    {"path-utf8", "the name is not valid UTF-8", is_not_utf8},
    {"path-absolute", "the name is absolute", is_absolute},
    {"path-backslash", "the name holds a backslash", has_backslash},
    {"path-drive", "the name begins with a drive letter", has_drive},
    {"path-control", "the name holds a control character", has_control},
    {"path-bidi", "the name holds a character that changes the direction of text", has_bidi},
    {"path-segment-empty", "the name has an empty segment", has_empty_segment},
    {"path-dot", "the name has a \".\" segment", has_dot_segment},
    {"path-parent", "the name has a \"..\" segment", has_parent_segment},
    {"path-segment-long", "the name has a segment longer than 255 bytes", has_long_segment},
    {"path-deep", "the name is more than 16 folders deep", is_too_deep},
};

static void strip_leading_dot(char *path, size_t *length) {
    if (*length < 2 || path[0] != '.' || path[1] != '/')
        return;
    *length -= 2;
    memmove(path, path + 2, *length + 1);
}

enum berth_code berth_path_check(char *path, size_t length, struct berth_error *error) {
    strip_leading_dot(path, &length);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!rules[i].breaks(path, length))
            continue;
        berth_fail(error, BERTH_REFUSED, rules[i].slug, "%s", rules[i].text);
        berth_path_where(error, path, length);
        berth_error_hint(error, "pack the files under plain relative names");
        return BERTH_REFUSED;
    }
    return BERTH_OK;
}

void berth_path_where(struct berth_error *error, const char *name, size_t length) {
    char shown[BERTH_WHERE_BYTES];
    size_t used = 0;
    const uint8_t *at = (const uint8_t *)name;
    const uint8_t *end = at + length;
    while (at < end && used + MAX_ESCAPED_BYTES < sizeof shown) {
        ucs4_t code = 0;
        int size = u8_mbtoucr(&code, at, (size_t)(end - at));
        bool plain = size > 0 && !is_control(code) && !is_bidi(code);
        for (int i = 0; i < (size > 0 ? size : 1); i++) {
            if (plain)
                shown[used++] = (char)*at++;
            else
                used += (size_t)snprintf(shown + used, sizeof shown - used, "\\x%02x", *at++);
        }
    }
    shown[used] = '\0';
    berth_error_where(error, "%s", shown);
}

char *berth_path_key(const char *path) {
    size_t length = 0;
    /* u8_casefold normalises after folding, so "É", "é" and "e" + U+0301 meet. */
    uint8_t *key =
        u8_casefold((const uint8_t *)path, strlen(path), NULL, UNINORM_NFC, NULL, &length);
    if (!key)
        return NULL;
    uint8_t *text = realloc(key, length + 1);
    if (!text) {
        free(key);
        return NULL;
    }
    text[length] = '\0';
    return (char *)text;
}
