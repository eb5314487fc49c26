/* Which copies of shared packages a page, or all that is live, uses. */
#include "berth/manifest.h"

#include "berth/json.h"
#include "berth/semver.h"

#include <string.h>

enum { MAX_COPIES = 64 };

/* The modules' shared packages by name. It has places, not references: other threads count the same
 * descriptions' references. */
struct index {
    const json_t *const *descriptions;
    size_t count;
    json_t *places; /* [{name: place in `shared`}] */
};

static struct index make_index(const json_t *const *descriptions, size_t count) {
    struct index index = {descriptions, count, json_array()};
    for (size_t i = 0; i < count; i++) {
        json_t *names = json_object();
        const json_t *shared = json_object_get(descriptions[i], "shared");
        for (size_t j = 0; j < json_array_size(shared); j++) {
            const char *name = berth_json_string(json_array_get(shared, j), "name");
            if (name && !json_object_get(names, name))
                json_object_set_new(names, name, json_integer((json_int_t)j));
        }
        json_array_append_new(index.places, names);
    }
    return index;
}

static const json_t *find(const struct index *index, size_t user, const char *name) {
    const json_t *place = json_object_get(json_array_get(index->places, user), name);
    if (!place)
        return NULL;
    return json_array_get(json_object_get(index->descriptions[user], "shared"),
                          (size_t)json_integer_value(place));
}

static bool is_singleton(const json_t *item) {
    return json_is_true(json_object_get(item, "singleton"));
}

/* Positive: `a` is newer. What is no version is older than all. */
static int compare(const json_t *a, const json_t *b) {
    const char *versions[2] = {berth_json_string(a, "version"), berth_json_string(b, "version")};
    bool valid[2];
    for (int i = 0; i < 2; i++)
        valid[i] = versions[i] && berth_semver_check(versions[i], NULL) == BERTH_OK;
    if (valid[0] && valid[1])
        return berth_semver_compare(versions[0], versions[1]);
    return valid[0] - valid[1];
}

static bool same_version(const json_t *a, const json_t *b) {
    const char *one = berth_json_string(a, "version"), *other = berth_json_string(b, "version");
    return one && other && strcmp(one, other) == 0;
}

static bool is_in_range(const json_t *wanted, const json_t *copy) {
    const char *range = berth_json_string(wanted, "requiredVersion");
    const char *version = berth_json_string(copy, "version");
    return range && version && berth_range_satisfied(range, version) == BERTH_SATISFIED;
}

/* A module that brings no copy takes what it gets. */
static bool takes_from_scope(const json_t *wanted, const json_t *provided) {
    if (!berth_json_string(wanted, "version") || same_version(wanted, provided) ||
        is_singleton(wanted))
        return true;
    bool fits = is_in_range(wanted, provided) || !berth_json_string(wanted, "requiredVersion");
    return fits && compare(provided, wanted) > 0;
}

/* The first before `user` that brings a copy; `user` itself when there is none. */
static size_t first_provider(const struct index *index, size_t user, const char *name) {
    for (size_t i = 0; i < user; i++)
        if (berth_json_string(find(index, i, name), "version"))
            return i;
    return user;
}

size_t berth_shares_of_containers(const json_t *const *descriptions, size_t count,
                                  struct berth_share *ret, size_t max) {
    struct index index = make_index(descriptions, count);
    size_t found = 0;
    for (size_t user = 0; user < count; user++) {
        const char *name;
        json_t *place;
        json_object_foreach(json_array_get(index.places, user), name, place) {
            if (found == max)
                continue;
            size_t first = first_provider(&index, user, name);
            const json_t *wanted = find(&index, user, name), *provided = find(&index, first, name);
            bool alone = first != user && !takes_from_scope(wanted, provided);
            ret[found++] = (struct berth_share){user, alone ? user : first, alone,
                                                alone ? wanted : provided, wanted};
        }
    }
    json_decref(index.places);
    return found;
}

/* Stock loaders of Native Federation give each module its own copy, and one file to those whose
 * copies are of one version; a range says which others it may be. */
static bool takes_import(const json_t *wanted, const json_t *copy) {
    return same_version(wanted, copy) || is_in_range(wanted, copy) ||
           (is_singleton(wanted) && !berth_json_string(wanted, "requiredVersion"));
}

static size_t count_takers(const struct index *index, const char *name, const json_t *copy) {
    size_t takers = 0;
    for (size_t i = 0; i < index->count; i++) {
        const json_t *wanted = find(index, i, name);
        takers += wanted && takes_import(wanted, copy);
    }
    return takers;
}

/* The modules that bring a file of it, each version once, the newest first. */
static size_t find_copies(const struct index *index, const char *name, size_t ret[MAX_COPIES]) {
    size_t count = 0;
    for (size_t i = 0; i < index->count; i++) {
        const json_t *copy = find(index, i, name);
        size_t at = 0;
        bool known = !berth_json_string(copy, "file");
        for (; !known && at < count && compare(find(index, ret[at], name), copy) >= 0; at++)
            known = same_version(find(index, ret[at], name), copy);
        if (known || at == MAX_COPIES)
            continue;
        count -= count == MAX_COPIES;
        memmove(ret + at + 1, ret + at, (count - at) * sizeof *ret);
        ret[at] = i;
        count++;
    }
    return count;
}

/* How many modules there are when none has a file of it. */
static size_t best_import(const struct index *index, const char *name) {
    size_t copies[MAX_COPIES];
    size_t count = find_copies(index, name, copies), best = index->count, most = 0;
    for (size_t i = 0; i < count; i++) {
        size_t takers = count_takers(index, name, find(index, copies[i], name));
        if (i == 0 || takers > most) {
            best = copies[i];
            most = takers;
        }
    }
    return best;
}

/* Found once for each package: there may be many users. */
static size_t best_known(json_t *known, const struct index *index, const char *name) {
    const json_t *value = json_object_get(known, name);
    if (value)
        return (size_t)json_integer_value(value);
    size_t best = best_import(index, name);
    json_object_set_new(known, name, json_integer((json_int_t)best));
    return best;
}

size_t berth_shares_of_imports(const json_t *const *descriptions, size_t count,
                               struct berth_share *ret, size_t max) {
    struct index index = make_index(descriptions, count);
    json_t *known = json_object();
    size_t found = 0;
    for (size_t user = 0; user < count; user++) {
        const char *name;
        json_t *place;
        json_object_foreach(json_array_get(index.places, user), name, place) {
            size_t best = found < max ? best_known(known, &index, name) : count;
            if (best == count)
                continue;
            const json_t *wanted = find(&index, user, name), *copy = find(&index, best, name);
            bool alone = berth_json_string(wanted, "file") && !takes_import(wanted, copy);
            ret[found++] = (struct berth_share){user, alone ? user : best, alone,
                                                alone ? wanted : copy, wanted};
        }
    }
    json_decref(known);
    json_decref(index.places);
    return found;
}
