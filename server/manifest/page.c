#include "page_rules.h"

#include "berth/json.h"
#include "berth/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    POINTER_BYTES = 96,
    PATH_MAX_CHARACTERS = 256,
    TEXT_MAX_CHARACTERS = 200,
    LANGUAGE_MAX_CHARACTERS = 35,
};

/* What paths may not begin with, since the public listener keeps it for itself. */
static const char *const reserved[] = {"m",      "manifests", "events",       "reports", "livez",
                                       "readyz", "_berth",    "api/v1/pilet", NULL};

enum berth_code berth_page_refuse(struct berth_error *error, const char *rule, const char *pointer,
                                  const char *text) {
    enum berth_code code = berth_fail(error, BERTH_REFUSED, rule, "%s", text);
    berth_error_where(error, "%s", *pointer ? pointer : "/");
    berth_error_hint(error, "the rules are in %s", BERTH_PAGE_SCHEMA);
    return code;
}

static bool is_one_of(const char *text, const char *const *list) {
    for (; *list; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

enum berth_code berth_page_check_keys(const json_t *object, const char *const *known,
                                      const char *pointer, struct berth_error *error) {
    const char *key;
    json_t *value;
    /* jansson's macro wants a non-const object but only reads. */
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        if (is_one_of(key, known))
            continue;
        enum berth_code code = berth_fail(error, BERTH_REFUSED, "page-key", "unknown member");
        char escaped[POINTER_BYTES];
        berth_json_pointer_key(key, escaped, sizeof escaped);
        berth_error_where(error, "%s/%s", pointer, escaped);
        berth_error_hint(error, "the rules are in %s", BERTH_PAGE_SCHEMA);
        return code;
    }
    return BERTH_OK;
}

/* A string member of 1 to `max` characters. */
static enum berth_code take_text(const json_t *object, const char *key, size_t max,
                                 const char *pointer, const char **ret, struct berth_error *error) {
    char where[POINTER_BYTES * 2];
    (void)snprintf(where, sizeof where, "%s/%s", pointer, key);
    const char *text = berth_json_string(object, key);
    if (!text)
        return berth_page_refuse(error, "page-member", where, "a string is needed here");
    if (!*text || berth_json_characters(text) > max)
        return berth_page_refuse(error, "page-text", where, "the text is empty or too long");
    *ret = text;
    return BERTH_OK;
}

static bool path_is_clean(const char *path) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._~-/";
    if (*path != '/' || path[strspn(path, allowed)] || strstr(path, "//"))
        return false;
    for (const char *segment = path; segment; segment = strchr(segment + 1, '/'))
        if (segment[1] == '.')
            return false;
    return true;
}

static enum berth_code check_path(const char *path, struct berth_error *error) {
    if (!path_is_clean(path))
        return berth_page_refuse(error, "page-path", "/path",
                                 "a path starts with / and has letters, digits, - _ ~ and dots "
                                 "inside its segments");
    for (const char *const *word = reserved; *word; word++) {
        size_t length = strlen(*word);
        if (strncmp(path + 1, *word, length) == 0 &&
            (path[1 + length] == '/' || path[1 + length] == '\0'))
            return berth_page_refuse(error, "page-path", "/path",
                                     "this path belongs to the server itself");
    }
    return BERTH_OK;
}

/* BCP 47 in shape: letters and digits in groups of at most eight. */
static bool language_is_clean(const char *text) {
    size_t group = 0;
    for (; *text; text++) {
        bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
        bool digit = *text >= '0' && *text <= '9';
        if (*text == '-' && group)
            group = 0;
        else if ((!letter && !digit) || ++group > 8)
            return false;
    }
    return group > 0;
}

/* The pointer of a slot's member. */
static const char *member_pointer(char ret[POINTER_BYTES], size_t slot, const char *key) {
    (void)snprintf(ret, POINTER_BYTES, "/slots/%zu%s%s", slot, *key ? "/" : "", key);
    return ret;
}

static enum berth_code take_fallback(const json_t *slot, size_t index, const char **ret,
                                     struct berth_error *error) {
    char pointer[POINTER_BYTES];
    const char *html = berth_json_string(slot, "fallback");
    if (!html || strlen(html) > BERTH_FALLBACK_MAX_BYTES)
        return berth_page_refuse(error, "page-fallback", member_pointer(pointer, index, "fallback"),
                                 "fallback is HTML text of at most 64 KiB");
    *ret = html;
    return BERTH_OK;
}

/* A name that is malformed is a page that breaks a rule; the name's own rule says how to do it. */
static enum berth_code refuse_name(struct berth_error *error, const char *pointer,
                                   const struct berth_error *why) {
    enum berth_code code = berth_fail(error, BERTH_REFUSED, "page-name", "%s", why->text);
    berth_error_where(error, "%s", pointer);
    berth_error_hint(error, "%s", why->hint);
    return code;
}

static enum berth_code check_module(const char *module, const char *pointer,
                                    struct berth_error *error) {
    struct berth_error why = {0};
    if (berth_module_name_check(module, &why) == BERTH_OK)
        return BERTH_OK;
    return refuse_name(error, pointer, &why);
}

static enum berth_code check_slot_name(const char *name, const char *pointer,
                                       struct berth_error *error) {
    struct berth_error why = {0};
    if (berth_name_check("slot", name, &why) == BERTH_OK)
        return BERTH_OK;
    return refuse_name(error, pointer, &why);
}

/* The policies of berth.json. */
static enum berth_code take_policy(const json_t *slot, size_t index, const char **ret,
                                   struct berth_error *error) {
    static const char *const policies[] = {"component", "pinned", "remount", "reload", NULL};
    char pointer[POINTER_BYTES];
    const char *policy = berth_json_string(slot, "policy");
    if (!policy || !is_one_of(policy, policies))
        return berth_page_refuse(error, "page-policy", member_pointer(pointer, index, "policy"),
                                 "policy is component, pinned, remount or reload");
    *ret = policy;
    return BERTH_OK;
}

static enum berth_code parse_slot(const json_t *value, size_t index, struct berth_slot *ret,
                                  struct berth_error *error) {
    static const char *const known[] = {"name",     "module", "expose", "props",
                                        "fallback", "policy", NULL};
    char pointer[POINTER_BYTES], member[POINTER_BYTES];
    (void)member_pointer(pointer, index, "");
    if (!json_is_object(value))
        return berth_page_refuse(error, "page-slot", pointer, "a slot is an object");
    struct berth_slot slot = {.fallback = "", .props = json_object_get(value, "props")};
    enum berth_code code = berth_page_check_keys(value, known, pointer, error);
    if (code == BERTH_OK)
        code = take_text(value, "name", TEXT_MAX_CHARACTERS, pointer, &slot.name, error);
    if (code == BERTH_OK)
        code = check_slot_name(slot.name, member_pointer(member, index, "name"), error);
    if (code == BERTH_OK)
        code = take_text(value, "module", TEXT_MAX_CHARACTERS, pointer, &slot.module, error);
    if (code == BERTH_OK)
        code = check_module(slot.module, member_pointer(member, index, "module"), error);
    if (code == BERTH_OK)
        code = take_text(value, "expose", TEXT_MAX_CHARACTERS, pointer, &slot.expose, error);
    if (code == BERTH_OK && json_object_get(value, "fallback"))
        code = take_fallback(value, index, &slot.fallback, error);
    if (code == BERTH_OK && json_object_get(value, "policy"))
        code = take_policy(value, index, &slot.policy, error);
    if (code == BERTH_OK && slot.props && !json_is_object(slot.props))
        code = berth_page_refuse(error, "page-props", member_pointer(member, index, "props"),
                                 "props is an object");
    if (code != BERTH_OK)
        return code;
    *ret = slot;
    return BERTH_OK;
}

static enum berth_code check_slot_names(const struct berth_page *page, struct berth_error *error) {
    for (size_t i = 0; i < page->slot_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(page->slots[i].name, page->slots[j].name) == 0) {
                char pointer[POINTER_BYTES];
                return berth_page_refuse(error, "page-slot", member_pointer(pointer, i, "name"),
                                         "two slots have the same name");
            }
    return BERTH_OK;
}

static enum berth_code parse_slots(struct berth_page *page, struct berth_error *error) {
    const json_t *slots = json_object_get(page->root, "slots");
    size_t count = json_array_size(slots);
    if (count == 0 || count > BERTH_PAGE_MAX_SLOTS)
        return berth_page_refuse(error, "page-slots", "/slots",
                                 "a composed page has 1 to 64 slots (or is a document)");
    page->slots = calloc(count, sizeof *page->slots);
    if (!page->slots)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    page->slot_count = count;
    for (size_t i = 0; i < count; i++) {
        enum berth_code code = parse_slot(json_array_get(slots, i), i, &page->slots[i], error);
        if (code != BERTH_OK)
            return code;
    }
    return check_slot_names(page, error);
}

static enum berth_code parse_document(struct berth_page *page, const json_t *document,
                                      struct berth_error *error) {
    static const char *const known[] = {"module", "file", NULL};
    if (!json_is_object(document))
        return berth_page_refuse(error, "page-document", "/document", "an object is needed here");
    if (json_object_get(page->root, "slots") || json_object_get(page->root, "layout"))
        return berth_page_refuse(error, "page-document", "/document",
                                 "a document page has no slots and no layout");
    enum berth_code code = berth_page_check_keys(document, known, "/document", error);
    if (code == BERTH_OK)
        code = take_text(document, "module", TEXT_MAX_CHARACTERS, "/document",
                         &page->document_module, error);
    if (code == BERTH_OK)
        code = check_module(page->document_module, "/document/module", error);
    page->document_file = "index.html";
    if (code == BERTH_OK && json_object_get(document, "file"))
        code = take_text(document, "file", TEXT_MAX_CHARACTERS, "/document", &page->document_file,
                         error);
    return code;
}

static enum berth_code parse_page(struct berth_page *page, struct berth_error *error) {
    static const char *const known[] = {"$schema", "path", "title",    "language", "layout",
                                        "slots",   "csp",  "document", NULL};
    const json_t *schema = json_object_get(page->root, "$schema");
    enum berth_code code = berth_page_check_keys(page->root, known, "", error);
    if (code == BERTH_OK && schema && !json_is_string(schema))
        code = berth_page_refuse(error, "page-member", "/$schema", "a string is needed here");
    if (code == BERTH_OK)
        code = take_text(page->root, "path", PATH_MAX_CHARACTERS, "", &page->path, error);
    if (code == BERTH_OK)
        code = check_path(page->path, error);
    page->language = "en";
    if (code == BERTH_OK && json_object_get(page->root, "language"))
        code =
            take_text(page->root, "language", LANGUAGE_MAX_CHARACTERS, "", &page->language, error);
    if (code == BERTH_OK && !language_is_clean(page->language))
        code = berth_page_refuse(error, "page-language", "/language",
                                 "not a language tag such as en or pt-BR");
    const json_t *document = json_object_get(page->root, "document");
    if (code == BERTH_OK && (!document || json_object_get(page->root, "title")))
        code = take_text(page->root, "title", TEXT_MAX_CHARACTERS, "", &page->title, error);
    if (code == BERTH_OK)
        code = document ? parse_document(page, document, error) : parse_slots(page, error);
    if (code == BERTH_OK)
        code = berth_page_check_layout(page, error);
    if (code == BERTH_OK)
        code = berth_page_check_csp(page, error);
    return code;
}

enum berth_code berth_page_parse(json_t *root, struct berth_page *ret, struct berth_error *error) {
    if (!json_is_object(root))
        return berth_page_refuse(error, "page-object", "", "a page manifest is an object");
    struct berth_page page = {.root = json_incref(root),
                              .layout = json_object_get(root, "layout"),
                              .csp = json_object_get(root, "csp")};
    enum berth_code code = parse_page(&page, error);
    if (code == BERTH_OK)
        *ret = page;
    else
        berth_page_done(&page);
    return code;
}

void berth_page_done(struct berth_page *page) {
    free(page->slots);
    json_decref(page->root);
    *page = (struct berth_page){0};
}
