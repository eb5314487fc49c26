/* The rows of the registry: what they name must be there, and fit together. */
#include "check_parts.h"

#include "berth/json.h"
#include "berth/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DESCRIPTION_MAX_BYTES = 8 * 1024 * 1024, PAGE_JSON_MAX_BYTES = 2 * BERTH_PAGE_MAX_BYTES };

struct row_walk {
    struct checked *checked;
    json_t *live; /* {module: version} */
    int64_t heads;
    int64_t assets;
    bool damaged; /* the backend says so of itself */
    char module[BERTH_WHERE_BYTES];
};

static void fault(struct checked *checked, const char *rule, const char *text, const char *where,
                  const char *hint) {
    check_note(checked, checked->check->faults, rule, text, where, hint);
}

static const char restore_hint[] = "restore the data directory from a backup";

/* --- blobs that are named --- */

static struct checked_blob *name_blob(struct checked *checked, const struct berth_digest *digest,
                                      int64_t bytes) {
    bool known = berth_digests_find(&checked->index, digest) != NULL;
    struct checked_blob *blob = check_blob(checked, digest);
    if (blob && !known)
        blob->state = CHECKED_MISSING;
    else if (blob && blob->state == CHECKED_SOUND && blob->bytes != bytes)
        blob->state = CHECKED_SIZE;
    return blob;
}

static void note_user(struct checked *checked, struct checked_blob *blob, const char *user,
                      bool live) {
    if (blob->state == CHECKED_SOUND || (blob->user && (blob->user_is_live || !live)))
        return;
    free(blob->user);
    blob->user = strdup(user);
    blob->user_is_live = live;
    checked->failed = checked->failed || !blob->user;
}

static bool check_asset(struct row_walk *walk, const struct berth_version *version,
                        const struct berth_asset *asset, bool live) {
    char user[BERTH_WHERE_BYTES];
    struct checked_blob *blob = name_blob(walk->checked, &asset->digest, asset->bytes);
    if (!blob)
        return false;
    blob->files++;
    (void)snprintf(user, sizeof user, "%s@%s %s", version->module, version->version, asset->path);
    note_user(walk->checked, blob, user, live);
    walk->checked->check->files++;
    return true;
}

static void check_description(struct checked *checked, const struct berth_version *version,
                              const char *where) {
    json_t *description;
    if (version->description &&
        berth_json_parse(version->description, strlen(version->description), DESCRIPTION_MAX_BYTES,
                         &description, NULL) == BERTH_OK)
        json_decref(description);
    else
        fault(checked, "version-description", "what was detected in the version cannot be read",
              where, restore_hint);
}

static bool check_version(const struct berth_version *version, void *context) {
    struct row_walk *walk = context;
    struct checked *checked = walk->checked;
    const char *live_version = berth_json_string(walk->live, version->module);
    bool live = live_version && strcmp(live_version, version->version) == 0;
    char where[BERTH_WHERE_BYTES];
    int64_t bytes = 0;
    (void)snprintf(where, sizeof where, "%s@%s", version->module, version->version);
    checked->check->versions++;
    checked->check->modules += strcmp(walk->module, version->module) != 0;
    (void)snprintf(walk->module, sizeof walk->module, "%s", version->module);
    for (size_t i = 0; i < version->asset_count; i++) {
        bytes += version->assets[i].bytes;
        if (!check_asset(walk, version, &version->assets[i], live))
            return false;
    }
    if (version->asset_count == 0 || bytes != version->bytes)
        fault(checked, "version-files", "the version's files are not all there", where,
              restore_hint);
    check_description(checked, version, where);
    if (live)
        (void)json_object_del(walk->live, version->module);
    return !checked->failed;
}

static bool check_variant(const struct berth_variant_row *row, void *context) {
    struct row_walk *walk = context;
    struct checked *checked = walk->checked;
    uint64_t *place = berth_digests_find(&checked->index, &row->blob);
    bool used = place && checked->blobs[*place].files > 0;
    char hex[BERTH_HEX_BYTES];
    char user[BERTH_WHERE_BYTES];
    struct checked_blob *blob = used ? name_blob(checked, &row->digest, row->bytes) : NULL;
    if (!used) /* left of a version that was deleted; gc forgets it */
        return true;
    if (!blob)
        return false;
    blob->variants++;
    berth_digest_hex(&row->blob, hex);
    (void)snprintf(user, sizeof user, "the %s variant of blob %s", row->coding, hex);
    note_user(checked, blob, user, false);
    return !checked->failed;
}

/* --- the rest --- */

static bool note_live(const struct berth_change *change, void *context) {
    struct row_walk *walk = context;
    if (json_object_set_new(walk->live, change->module, json_string(change->version)) != 0)
        walk->checked->failed = true;
    return !walk->checked->failed;
}

static bool check_page(const struct berth_page_record *record, void *context) {
    struct row_walk *walk = context;
    struct berth_error error = {0};
    struct berth_page page;
    json_t *json = NULL;
    enum berth_code code = berth_json_parse(record->manifest, strlen(record->manifest),
                                            PAGE_JSON_MAX_BYTES, &json, &error);
    if (code == BERTH_OK)
        code = berth_page_parse(json, &page, &error);
    if (code == BERTH_OK)
        berth_page_done(&page);
    else
        fault(walk->checked, "page-manifest", error.text, record->name, restore_hint);
    json_decref(json);
    return !walk->checked->failed;
}

static bool check_text(const char *text, void *context) {
    struct row_walk *walk = context;
    walk->damaged = true;
    fault(walk->checked, "database-damaged", text, "db", restore_hint);
    return !walk->checked->failed;
}

/* Whose row is not there, or not readable: FOREIGN KEYs tell of it too, but not that it is live. */
static void tell_lost(struct row_walk *walk) {
    const char *module;
    json_t *version;
    json_object_foreach(walk->live, module, version) {
        char where[BERTH_WHERE_BYTES];
        (void)snprintf(where, sizeof where, "%s@%s", module, json_string_value(version));
        fault(walk->checked, "live-missing", "what is live is not among the versions", where,
              restore_hint);
    }
}

static bool count_head(const struct berth_version *head, void *context) {
    (void)head;
    ((struct row_walk *)context)->heads++;
    return true;
}

static bool count_asset(const struct berth_asset_row *row, void *context) {
    (void)row;
    ((struct row_walk *)context)->assets++;
    return true;
}

/* A version is told whole, from rows of several tables: where one of those is lost it is not told
 * at all, and its blobs must not look as if nobody had them. So the rows are counted too. */
static enum berth_code count_rows(struct row_walk *walk, struct berth_registry *registry,
                                  struct berth_error *error) {
    const struct cli_check *check = walk->checked->check;
    char text[BERTH_TEXT_BYTES];
    enum berth_code code = registry->ops->heads_each(registry, NULL, count_head, walk, error);
    if (!code)
        code = registry->ops->assets_each(registry, count_asset, walk, error);
    if (code || (walk->heads == check->versions && walk->assets == check->files))
        return code;
    walk->damaged = true;
    (void)snprintf(text, sizeof text,
                   "there are rows of %" PRId64 " versions and %" PRId64 " files, but only %" PRId64
                   " and %" PRId64 " can be read whole",
                   walk->heads, walk->assets, check->versions, check->files);
    fault(walk->checked, "rows-lost", text, "db", restore_hint);
    return BERTH_OK;
}

static enum berth_code check_audit(struct row_walk *walk, struct berth_registry *registry,
                                   struct berth_error *error) {
    struct berth_error problem = {0};
    struct berth_digest last;
    int64_t count = 0;
    enum berth_code code = registry->ops->audit_check(registry, &count, &last, &problem);
    if (code != BERTH_IO)
        return code ? berth_fail(error, code, problem.rule, "%s", problem.text) : BERTH_OK;
    fault(walk->checked, problem.rule, problem.text, "db",
          "the database was changed by other means than berth: compare it with a backup");
    return BERTH_OK;
}

static enum berth_code walk_rows(struct row_walk *walk, struct berth_registry *registry,
                                 struct berth_error *error) {
    const struct berth_registry_ops *ops = registry->ops;
    enum berth_code code = ops->check(registry, check_text, walk, error);
    if (!code)
        code = ops->live_each(registry, note_live, walk, error);
    if (!code)
        code = ops->versions_each(registry, NULL, check_version, walk, error);
    if (!code && !walk->checked->failed)
        tell_lost(walk);
    if (!code && !walk->checked->failed)
        code = count_rows(walk, registry, error);
    if (!code)
        code = ops->variants_each(registry, check_variant, walk, error);
    walk->checked->rows_known = !code && !walk->damaged && !walk->checked->failed;
    if (!code)
        code = ops->pages_each(registry, check_page, walk, error);
    return code ? code : check_audit(walk, registry, error);
}

enum berth_code check_rows(struct checked *checked, struct berth_registry *registry,
                           struct berth_error *error) {
    struct berth_error problem = {0};
    struct row_walk walk = {.checked = checked, .live = json_object()};
    enum berth_code code = walk.live ? walk_rows(&walk, registry, &problem) : BERTH_NO_MEMORY;
    json_decref(walk.live);
    if (code == BERTH_NO_MEMORY)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (code)
        fault(checked, problem.rule, problem.text, "db",
              problem.hint[0] ? problem.hint : restore_hint);
    return BERTH_OK;
}
