/* Shared packages that a module takes only in its own range (`strictVersion`): its runtime throws
 * when the page has another. Which copy a composed page uses is certain: the shell starts its
 * containers in the order of the slots, and the first that brings a package provides it. */
#include "compat.h"

#include "berth/json.h"
#include "berth/semver.h"

#include <string.h>

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

static const json_t *find_package(const json_t *description, const char *name) {
    const json_t *shared = json_object_get(description, "shared");
    for (size_t i = 0; i < json_array_size(shared); i++) {
        const char *found = berth_json_string(json_array_get(shared, i), "name");
        if (found && strcmp(found, name) == 0)
            return json_array_get(shared, i);
    }
    return NULL;
}

/* Who provides a singleton to a module of the line, as berth_shares_of_containers has it: the first
 * that brings it, or the module itself. */
static size_t provider_of(const struct line *line, size_t user, const char *package) {
    for (size_t i = 0; i < user; i++)
        if (berth_json_string(find_package(line->descriptions[i], package), "version"))
            return i;
    return user;
}

/* A strict singleton, and whether the copy of its provider is out of its range. */
static bool is_refused(const struct line *line, size_t user, const json_t *wanted) {
    const char *package = berth_json_string(wanted, "name");
    const char *range = berth_json_string(wanted, "requiredVersion");
    if (!package || !range || !json_is_true(json_object_get(wanted, "strictVersion")) ||
        !json_is_true(json_object_get(wanted, "singleton")))
        return false;
    size_t provider = provider_of(line, user, package);
    const char *version =
        berth_json_string(find_package(line->descriptions[provider], package), "version");
    return version && berth_range_satisfied(range, version) == BERTH_UNSATISFIED;
}

/* Whether the same module refuses the same package in another line, too. */
static bool is_refused_in(const struct line *line, const char *module, const char *package) {
    for (size_t i = 0; i < line->count; i++)
        if (strcmp(line->modules[i], module) == 0) {
            const json_t *wanted = find_package(line->descriptions[i], package);
            return wanted && is_refused(line, i, wanted);
        }
    return false;
}

static void add_refused(struct compat *compat, const char *page, const struct line *line,
                        size_t user, const json_t *wanted, bool already) {
    const char *package = berth_json_string(wanted, "name");
    size_t provider = provider_of(line, user, package);
    const json_t *copy = find_package(line->descriptions[provider], package);
    json_t *finding = compat_finding(
        compat,
        &(struct compat_words){"shared-strict", package,
                               "build them for ranges that have a version in common, or change "
                               "the order of the slots"},
        "%s@%s takes %s in %s only, and would get %s of %s@%s", line->modules[user],
        line->versions[user], package, berth_json_string(wanted, "requiredVersion"),
        berth_json_string(copy, "version"), line->modules[provider], line->versions[provider]);
    if (finding)
        compat_add_user(finding, compat_page_user(page, NULL));
    compat_add(compat, finding, true, already);
}

static void check_page(struct compat *compat, const struct berth_compat_page *page) {
    struct line next = line_of(compat, page->page, compat->next);
    struct line live = line_of(compat, page->page, compat->live);
    for (size_t i = 0; i < next.count; i++) {
        size_t index = 0;
        const json_t *wanted = NULL;
        json_array_foreach(json_object_get(next.descriptions[i], "shared"), index, wanted) {
            if (is_refused(&next, i, wanted))
                add_refused(
                    compat, page->name, &next, i, wanted,
                    is_refused_in(&live, next.modules[i], berth_json_string(wanted, "name")));
        }
    }
}

static bool shows(const struct berth_page *page, const char *module) {
    for (size_t i = 0; i < page->slot_count; i++)
        if (strcmp(page->slots[i].module, module) == 0)
            return true;
    return false;
}

void compat_check_strict(struct compat *compat) {
    for (size_t i = 0; i < compat->world->page_count; i++)
        if (shows(compat->world->pages[i].page, compat->module))
            check_page(compat, &compat->world->pages[i]);
}
