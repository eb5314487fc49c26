#include "berth/auth.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    unsigned scope;
} WORDS[] = {
    {"read", BERTH_SCOPE_READ},
    {"publish", BERTH_SCOPE_PUBLISH},
    {"activate", BERTH_SCOPE_ACTIVATE},
    {"admin", BERTH_SCOPE_ADMIN},
};
enum { WORD_COUNT = sizeof WORDS / sizeof WORDS[0] };

static unsigned scope_of(const char *word, size_t length) {
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (strlen(WORDS[i].word) == length && memcmp(WORDS[i].word, word, length) == 0)
            return WORDS[i].scope;
    return 0;
}

enum berth_code berth_scopes_parse(const char *text, unsigned *ret, struct berth_error *error) {
    unsigned scopes = 0;
    for (const char *word = text;; word++) {
        size_t length = strcspn(word, ",");
        unsigned scope = scope_of(word, length);
        if (scope == 0) {
            berth_fail(error, BERTH_INVALID, "scope-unknown", "\"%.*s\" is not a scope",
                       length < 64 ? (int)length : 64, word);
            berth_error_hint(error, "scopes are read, publish, activate and admin");
            return BERTH_INVALID;
        }
        scopes |= scope;
        word += length;
        if (*word == '\0')
            break;
    }
    *ret = scopes;
    return BERTH_OK;
}

void berth_scopes_text(unsigned scopes, char ret[48]) {
    size_t length = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (scopes & WORDS[i].scope)
            length += (size_t)snprintf(ret + length, 48 - length, "%s%s", length ? "," : "",
                                       WORDS[i].word);
}
