#include "check_parts.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_check_done(struct cli_check *check) {
    json_decref(check->faults);
    json_decref(check->notes);
    json_decref(check->repaired);
    *check = (struct cli_check){0};
}

/* A text that is no UTF-8, such as a file's name, must not hide the fault. */
static json_t *text_json(const char *text) {
    json_t *json = json_string(text);
    return json ? json : json_string("(a name that is no UTF-8)");
}

void check_note(struct checked *checked, json_t *list, const char *rule, const char *text,
                const char *where, const char *hint) {
    json_t *note = json_pack("{ss so}", "rule", rule, "text", text_json(text));
    if (note && where)
        (void)json_object_set_new(note, "where", text_json(where));
    if (note && hint)
        (void)json_object_set_new(note, "hint", text_json(hint));
    if (json_array_append_new(list, note) != 0)
        checked->failed = true;
}

/* Arrays grow at powers of two. */
struct checked_blob *check_blob(struct checked *checked, const struct berth_digest *digest) {
    size_t known = checked->index.count;
    uint64_t *place = berth_digests_add(&checked->index, digest);
    bool is_new = checked->index.count > known;
    if (place && is_new && (checked->count & (checked->count - 1)) == 0) {
        size_t capacity = checked->count ? 2 * checked->count : 1;
        struct checked_blob *grown = realloc(checked->blobs, capacity * sizeof *grown);
        checked->blobs = grown ? grown : checked->blobs;
        place = grown ? place : NULL;
    }
    if (!place) {
        checked->failed = true;
        return NULL;
    }
    if (is_new) {
        *place = checked->count++;
        checked->blobs[*place] = (struct checked_blob){.digest = *digest};
    }
    return &checked->blobs[*place];
}

/* --- the directory --- */

static bool is_ours(const char *name) {
    static const char *const names[] = {"db",      "db-wal", "db-shm", "db-journal",
                                        "blobs",   "tmp",    "lock",   "admin.token",
                                        "damaged", ".",      ".."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void look_at_entry(struct checked *checked, const char *name) {
    struct cli_check *check = checked->check;
    if (strcmp(name, BERTH_STORE_UNFINISHED) == 0)
        checked->unfinished = true;
    else if (strncmp(name, "db.new", 6) == 0)
        check_note(checked, check->notes, "temporary",
                   "left by a server that was killed while it started; the next one removes it",
                   name, NULL);
    else if (strncmp(name, "db.schema-", 10) == 0)
        check_note(checked, check->notes, "database-copy",
                   "the database as it was before it was brought to a newer schema; remove it when "
                   "nobody wants to go back",
                   name, NULL);
    else if (!is_ours(name))
        check_note(checked, check->faults, "foreign", "berth did not put this here", name,
                   "move it out of the data directory");
}

static void look_at_temporary(struct checked *checked, const char *name) {
    char where[BERTH_WHERE_BYTES];
    checked->check->temporaries++;
    (void)snprintf(where, sizeof where, "tmp/%s", name);
    check_note(checked, checked->check->notes, "temporary",
               "left by a server that was killed; the next start removes it", where, NULL);
}

static enum berth_code list(struct checked *checked, const char *name,
                            void (*fn)(struct checked *checked, const char *name),
                            struct berth_error *error) {
    char *path = NULL;
    if (asprintf(&path, "%s%s%s", berth_store_directory(checked->store), *name ? "/" : "", name) <
        0)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    DIR *folder = opendir(path);
    enum berth_code code =
        folder ? BERTH_OK
               : berth_fail_errno(error, "data-directory", "cannot read the data directory");
    berth_error_where(error, "%s", path);
    for (const struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            fn(checked, entry->d_name);
    if (folder)
        closedir(folder);
    free(path);
    return code;
}

/* --- repairs --- */

static enum berth_code repair_blob(struct checked *checked, struct berth_registry *registry,
                                   struct checked_blob *blob, struct berth_error *error) {
    char hex[BERTH_HEX_BYTES];
    char text[BERTH_TEXT_BYTES];
    bool there = blob->state == CHECKED_DAMAGED; /* of another size than a row says: sound */
    berth_digest_hex(&blob->digest, hex);
    enum berth_code code = BERTH_OK;
    /* Rows first: what is named is there, or was missed before. */
    if (blob->variants)
        code = registry->ops->variant_forget(registry, &blob->digest, error);
    if (!code && there)
        code = berth_blob_set_aside(checked->store, &blob->digest, error);
    if (code)
        return code;
    (void)snprintf(text, sizeof text, "%s blob %s", there ? "set aside" : "forgot the variant",
                   hex);
    check_note(checked, checked->check->repaired, there ? "set-aside" : "variant-forgotten", text,
               blob->user, NULL);
    blob->variants = 0;
    if (blob->state == CHECKED_SIZE)
        blob->state = blob->files ? CHECKED_SIZE : CHECKED_SOUND;
    else
        blob->state = blob->files ? CHECKED_MISSING : CHECKED_GONE; /* or nobody misses it */
    if (there) {
        checked->check->blobs--;
        checked->check->bytes -= blob->bytes;
        blob->bytes = 0;
    }
    return BERTH_OK;
}

static bool can_be_repaired(const struct checked_blob *blob) {
    return blob->state == CHECKED_DAMAGED ||
           (blob->state != CHECKED_SOUND && blob->state != CHECKED_UNREADABLE && blob->variants);
}

static bool is_anything_to_repair(const struct checked *checked) {
    for (size_t i = 0; i < checked->count; i++)
        if (can_be_repaired(&checked->blobs[i]))
            return true;
    return false;
}

/* Where not every row could be read, it is not known who uses a blob, so nothing is touched. Only
 * for repairs is the database opened as a server opens it, and so brought to our schema. */
static enum berth_code repair_all(struct checked *checked, struct berth_error *error) {
    struct berth_registry *registry = NULL;
    if (!checked->rows_known) {
        check_note(checked, checked->check->notes, "not-repaired",
                   "nothing was repaired, since not every row could be read", "db", NULL);
        return BERTH_OK;
    }
    if (!is_anything_to_repair(checked))
        return BERTH_OK;
    enum berth_code code =
        berth_registry_sqlite_open(berth_store_directory(checked->store), &registry, error);
    if (code)
        return code;
    for (size_t i = 0; !code && i < checked->count; i++)
        if (can_be_repaired(&checked->blobs[i]))
            code = repair_blob(checked, registry, &checked->blobs[i], error);
    registry->ops->close(registry);
    return code ? code : berth_store_sync(checked->store, error);
}

/* --- all of it --- */

static void note_schema(struct checked *checked, const struct berth_schema *schema) {
    char text[BERTH_TEXT_BYTES];
    checked->check->schema = schema->found;
    if (schema->found >= schema->ours)
        return;
    (void)snprintf(text, sizeof text,
                   "it has schema %" PRId64 "; the next start brings it to schema %" PRId64
                   ", and keeps a copy of it",
                   schema->found, schema->ours);
    check_note(checked, checked->check->notes, "schema-older", text, "db", NULL);
}

static enum berth_code check_registry(struct checked *checked, struct berth_error *error) {
    struct berth_registry *registry = NULL;
    struct berth_schema schema;
    struct berth_error problem = {0};
    if (berth_registry_sqlite_look(berth_store_directory(checked->store), &registry, &schema,
                                   &problem) != BERTH_OK) {
        check_note(checked, checked->check->faults, problem.rule, problem.text, "db",
                   problem.hint[0] ? problem.hint : "restore the data directory from a backup");
        return BERTH_OK;
    }
    note_schema(checked, &schema);
    enum berth_code code = check_rows(checked, registry, error);
    registry->ops->close(registry);
    return code;
}

static enum berth_code check_store(struct berth_store *store, bool repair, bool may_be_unfinished,
                                   struct cli_check *ret, struct berth_error *error) {
    struct checked checked = {.check = ret, .store = store};
    *ret =
        (struct cli_check){.faults = json_array(), .notes = json_array(), .repaired = json_array()};
    enum berth_code code = list(&checked, "", look_at_entry, error);
    if (!code && checked.unfinished && !may_be_unfinished)
        check_note(&checked, ret->faults, "restore-unfinished",
                   "a restore into this directory did not end", BERTH_STORE_UNFINISHED,
                   "empty the directory, then restore again");
    if (!code)
        code = list(&checked, "tmp", look_at_temporary, error);
    if (!code)
        code = check_blobs(&checked, error);
    if (!code)
        code = check_registry(&checked, error);
    if (!code && repair)
        code = repair_all(&checked, error);
    if (!code)
        check_tell_blobs(&checked);
    for (size_t i = 0; i < checked.count; i++)
        free(checked.blobs[i].user);
    free(checked.blobs);
    berth_digests_done(&checked.index);
    return code || !checked.failed ? code
                                   : berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

enum berth_code cli_check_new(struct berth_store *store, struct cli_check *ret,
                              struct berth_error *error) {
    return check_store(store, false, true, ret, error);
}

enum berth_code cli_check_data(const char *directory, bool repair, struct cli_check *ret,
                               struct berth_error *error) {
    struct berth_store *store = NULL;
    *ret = (struct cli_check){0};
    enum berth_code code = berth_store_open_found(directory, &store, error);
    if (!code)
        code = check_store(store, repair, false, ret, error);
    berth_store_close(store);
    berth_error_where(error, "%s", directory);
    return code;
}
