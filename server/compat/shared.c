/* Shared packages of which there is one for all in a page: whether what the next version brings and
 * wants goes together with what its mates do. Which copy a page ends up with depends on what is
 * loaded first, so these are warnings. */
#include "compat.h"

#include "berth/json.h"
#include "berth/semver.h"

#include <stdlib.h>
#include <string.h>

struct packages {
    struct compat *compat;
    json_t *next; /* {name: member of `shared`}, borrowed members */
    json_t *live;
    json_t *findings; /* {key: finding}: one for all mates with the same trouble */
};

static json_t *by_name(const struct berth_compat_version *version) {
    json_t *names = json_object();
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(json_object_get(version ? version->description : NULL, "shared"), index,
                       item) {
        const char *name = berth_json_string(item, "name");
        if (name)
            json_object_set(names, name, item);
    }
    return names;
}

static bool is_singleton(const json_t *item) {
    return json_is_true(json_object_get(item, "singleton"));
}

static bool exclude(const json_t *a, const json_t *b) {
    const char *one = berth_json_string(a, "requiredVersion");
    const char *other = berth_json_string(b, "requiredVersion");
    return one && other && strcmp(one, other) != 0 &&
           berth_ranges_meet(one, other) == BERTH_UNSATISFIED;
}

/* What one brings is out of what the other, who takes whichever there is, wants. */
static bool is_outside(const json_t *brings, const json_t *wants) {
    const char *version = berth_json_string(brings, "version");
    const char *range = berth_json_string(wants, "requiredVersion");
    return version && range && is_singleton(wants) &&
           berth_range_satisfied(range, version) == BERTH_UNSATISFIED;
}

enum trouble { TROUBLE_NONE, TROUBLE_EXCLUDED, TROUBLE_OUTSIDE };

static enum trouble trouble_of(const json_t *own, const json_t *mate) {
    if (!own || !(is_singleton(own) || is_singleton(mate)))
        return TROUBLE_NONE;
    if (exclude(own, mate))
        return TROUBLE_EXCLUDED;
    return is_outside(own, mate) || is_outside(mate, own) ? TROUBLE_OUTSIDE : TROUBLE_NONE;
}

static const char *or_any(const char *range) {
    return range ? range : "any version";
}

static const char *or_none(const char *version) {
    return version ? version : "none";
}

static json_t *excluded(struct compat *compat, const char *name, const json_t *own) {
    return compat_finding(
        compat,
        &(struct compat_words){"shared-excluded", name,
                               "build them for ranges that have a version in common"},
        "%s@%s wants %s %s, and no version of it suits those beside it, too", compat->module,
        compat->next->version, name, or_any(berth_json_string(own, "requiredVersion")));
}

static json_t *outside(struct compat *compat, const char *name, const json_t *own) {
    return compat_finding(
        compat,
        &(struct compat_words){"shared-outside", name,
                               "build them with versions that are in the ranges of all"},
        "%s@%s brings %s %s and wants %s: with those beside it, one may get a version that it does "
        "not want",
        compat->module, compat->next->version, name, or_none(berth_json_string(own, "version")),
        or_any(berth_json_string(own, "requiredVersion")));
}

static json_t *mate_user(const struct berth_compat_module *mate, const json_t *item) {
    json_t *user = compat_module_user(mate);
    const char *requires = berth_json_string(item, "requiredVersion");
    const char *provides = berth_json_string(item, "version");
    if (requires)
        json_object_set_new(user, "requires", json_string(requires));
    if (provides)
        json_object_set_new(user, "provides", json_string(provides));
    return user;
}

/* The finding for a rule and a package, new or as before; borrowed. */
static json_t *finding_for(struct packages *packages, char kind, bool already, const char *name,
                           json_t *(*make)(struct compat *, const char *, const json_t *),
                           const json_t *own) {
    json_t *key = json_pack("s++", already ? "a" : "n",
                            kind == 'x'   ? "x"
                            : kind == 'o' ? "o"
                                          : "m",
                            name);
    const char *text = json_string_value(key);
    json_t *finding = text ? json_object_get(packages->findings, text) : NULL;
    if (text && !finding) {
        finding = make(packages->compat, name, own);
        json_object_set_new(packages->findings, text, finding);
    }
    json_decref(key);
    return finding;
}

static void check_pair(struct packages *packages, const struct berth_compat_module *mate,
                       const char *name, const json_t *theirs) {
    const json_t *own = json_object_get(packages->next, name);
    enum trouble trouble = trouble_of(own, theirs);
    if (trouble == TROUBLE_NONE)
        return;
    bool already = trouble_of(json_object_get(packages->live, name), theirs) == trouble;
    bool apart = trouble == TROUBLE_EXCLUDED;
    json_t *finding =
        finding_for(packages, apart ? 'x' : 'o', already, name, apart ? excluded : outside, own);
    if (finding)
        compat_add_user(finding, mate_user(mate, theirs));
}

static long major_of(const json_t *item) {
    const char *version = berth_json_string(item, "version");
    return version && berth_semver_check(version, NULL) == BERTH_OK ? strtol(version, NULL, 10)
                                                                    : -1;
}

static json_t *major(struct compat *compat, const char *name, const json_t *own) {
    return compat_finding(
        compat,
        &(struct compat_words){"shared-major", name,
                               "look at them together in a page before many do"},
        "%s@%s brings %s %s, another major version than now, and those beside it may get it",
        compat->module, compat->next->version, name, or_none(berth_json_string(own, "version")));
}

/* A step to another major version, where its ranges let all take it. */
static void check_major(struct packages *packages, const struct berth_compat_module *mate,
                        const char *name, const json_t *theirs) {
    const json_t *own = json_object_get(packages->next, name);
    long before = major_of(json_object_get(packages->live, name));
    long now = major_of(own);
    if (!is_singleton(own) || !is_singleton(theirs) || before < 0 || now < 0 || before == now ||
        trouble_of(own, theirs) != TROUBLE_NONE)
        return;
    json_t *finding = finding_for(packages, 'm', false, name, major, own);
    if (finding)
        compat_add_user(finding, mate_user(mate, theirs));
}

static void check_mate(struct packages *packages, const struct berth_compat_module *mate) {
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(json_object_get(mate->description, "shared"), index, item) {
        const char *name = berth_json_string(item, "name");
        if (!name || !json_object_get(packages->next, name))
            continue;
        check_pair(packages, mate, name, item);
        check_major(packages, mate, name, item);
    }
}

static void check_all(struct packages *packages) {
    struct compat *compat = packages->compat;
    bool *mates = compat_mates(compat);
    compat->failed = compat->failed || !mates;
    for (size_t i = 0; mates && i < compat->world->module_count; i++)
        if (mates[i])
            check_mate(packages, &compat->world->modules[i]);
    free(mates);
    const char *key;
    json_t *finding;
    json_object_foreach(packages->findings, key, finding)
        compat_add(compat, json_incref(finding), false, *key == 'a');
}

void compat_check_shared(struct compat *compat) {
    struct packages packages = {.compat = compat,
                                .next = by_name(compat->next),
                                .live = by_name(compat->live),
                                .findings = json_object()};
    if (json_object_size(packages.next))
        check_all(&packages);
    json_decref(packages.next);
    json_decref(packages.live);
    json_decref(packages.findings);
}
