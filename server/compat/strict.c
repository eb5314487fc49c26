/* Shared packages that a module takes only in its own range (`strictVersion`): its runtime throws
 * when the page has another. Which copy a composed page uses is certain: the shell starts its
 * containers in the order of the slots, and the first that brings a package provides it. */
#include "compat.h"

#include "berth/json.h"
#include "berth/semver.h"

#include <stdlib.h>
#include <string.h>

enum { SHARES_MAX = 512 };

/* The containers of a page, in order, each once. */
struct line {
    const char *modules[BERTH_PAGE_MAX_SLOTS];
    const char *versions[BERTH_PAGE_MAX_SLOTS];
    const json_t *descriptions[BERTH_PAGE_MAX_SLOTS];
    size_t count;
};

static bool ends(const char *text, const char *ending) {
    size_t length = strlen(text), wanted = strlen(ending);
    return length >= wanted && strcmp(text + length - wanted, ending) == 0;
}

static bool is_container(const json_t *description) {
    const char *format = berth_json_string(description, "format");
    const char *entry = berth_json_string(description, "entry");
    return format && entry && strcmp(format, "native-federation") != 0 &&
           strcmp(format, "es-module") != 0 && (ends(entry, ".js") || ends(entry, ".mjs"));
}

static bool is_in(const struct line *line, const char *module) {
    for (size_t i = 0; i < line->count; i++)
        if (strcmp(line->modules[i], module) == 0)
            return true;
    return false;
}

static void add(struct line *line, const char *module, const char *version,
                const json_t *description) {
    if (!is_container(description) || is_in(line, module))
        return;
    line->modules[line->count] = module;
    line->versions[line->count] = version;
    line->descriptions[line->count++] = description;
}

/* `own` stands for the module in question; NULL: it is not there. */
static void add_slot(const struct compat *compat, const char *name,
                     const struct berth_compat_version *own, struct line *line) {
    if (strcmp(name, compat->module) != 0) {
        const struct berth_compat_module *module = compat_live(compat, name);
        if (module)
            add(line, name, module->version, module->description);
    } else if (own) {
        add(line, name, own->version, own->description);
    }
}

static struct line line_of(const struct compat *compat, const struct berth_page *page,
                           const struct berth_compat_version *own) {
    struct line line = {.count = 0};
    for (size_t i = 0; i < page->slot_count; i++)
        add_slot(compat, page->slots[i].module, own, &line);
    return line;
}

static bool is_refused(const struct berth_share *share) {
    const char *range = berth_json_string(share->wanted, "requiredVersion");
    const char *version = berth_json_string(share->copy, "version");
    return json_is_true(json_object_get(share->wanted, "singleton")) &&
           json_is_true(json_object_get(share->wanted, "strictVersion")) && range && version &&
           berth_range_satisfied(range, version) == BERTH_UNSATISFIED;
}

/* Whether the same module refuses the same package in another line, too. */
static bool is_refused_in(const struct line *line, const struct berth_share *shares, size_t count,
                          const char *module, const char *package) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(line->modules[shares[i].user], module) == 0 &&
            strcmp(berth_json_string(shares[i].wanted, "name"), package) == 0)
            return is_refused(&shares[i]);
    return false;
}

static void add_refused(struct compat *compat, const char *page, const struct line *line,
                        const struct berth_share *share, bool already) {
    const char *package = berth_json_string(share->wanted, "name");
    json_t *finding = compat_finding(
        compat,
        &(struct compat_words){"shared-strict", package,
                               "build them for ranges that have a version in common, or change "
                               "the order of the slots"},
        "%s@%s takes %s in %s only, and would get %s of %s@%s", line->modules[share->user],
        line->versions[share->user], package, berth_json_string(share->wanted, "requiredVersion"),
        berth_json_string(share->copy, "version"), line->modules[share->provider],
        line->versions[share->provider]);
    if (finding)
        compat_add_user(finding, compat_page_user(page, NULL));
    compat_add(compat, finding, true, already);
}

static void check_page(struct compat *compat, const struct berth_compat_page *page,
                       struct berth_share *next, struct berth_share *live) {
    struct line then = line_of(compat, page->page, compat->next);
    struct line now = line_of(compat, page->page, compat->live);
    size_t next_count = berth_shares_of_containers(then.descriptions, then.count, next, SHARES_MAX);
    size_t live_count = berth_shares_of_containers(now.descriptions, now.count, live, SHARES_MAX);
    for (size_t i = 0; i < next_count; i++)
        if (is_refused(&next[i]))
            add_refused(compat, page->name, &then, &next[i],
                        is_refused_in(&now, live, live_count, then.modules[next[i].user],
                                      berth_json_string(next[i].wanted, "name")));
}

static bool shows(const struct berth_page *page, const char *module) {
    for (size_t i = 0; i < page->slot_count; i++)
        if (strcmp(page->slots[i].module, module) == 0)
            return true;
    return false;
}

void compat_check_strict(struct compat *compat) {
    struct berth_share *shares = calloc((size_t)2 * SHARES_MAX, sizeof *shares);
    compat->failed = compat->failed || !shares;
    for (size_t i = 0; shares && i < compat->world->page_count; i++)
        if (shows(compat->world->pages[i].page, compat->module))
            check_page(compat, &compat->world->pages[i], shares, shares + SHARES_MAX);
    free(shares);
}
