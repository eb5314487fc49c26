/* What is known of modules, versions, activations, pages and tokens: a struct of functions, so that
 * a second backend can stand beside SQLite. tests/conformance runs against every backend.
 *
 * Every change that readers see (an activation, a page) is a row with a **generation**: one counter
 * for the whole registry that only grows by one. A call that returns BERTH_OK for a change has made
 * it durable; a call that fails has changed nothing.
 *
 * Every call that changes something writes one **audit record** in the same transaction, and none
 * when it changed nothing. (Left out are what the server notes by itself: a token's last use, and
 * variants.)
 *
 * Records handed to callbacks are borrowed for the call. A callback returns false to stop; the walk
 * then returns BERTH_OK. A callback must not call the registry: SQLite's aborts when it does.
 *
 * Thread rules: internally locked; every function may be called from any thread.
 */
#ifndef BERTH_REGISTRY_H
#define BERTH_REGISTRY_H

#include "berth/coding.h"
#include "berth/digest.h"
#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who changes something. Borrowed for the call. */
struct berth_actor {
    const char *name;   /* the token's name, or "berth serve" for the server itself */
    const char *token;  /* its id; NULL for the server itself */
    const char *remote; /* the client's address; NULL for the server itself */
};

struct berth_asset {
    char *path; /* normalised, relative, UTF-8 */
    struct berth_digest digest;
    int64_t bytes;
    struct berth_variant variants[BERTH_CODING_COUNT]; /* what version_get found; else zero */
};

/* How far a version's assets are compressed. */
enum berth_compression {
    BERTH_COMPRESSION_NONE = 0,
    BERTH_COMPRESSION_QUICK = 1, /* each has its variants, made at a quick level */
    BERTH_COMPRESSION_BEST = 2,  /* ... at the best; nothing is left to do */
};

struct berth_version {
    char *module;
    char *version;              /* semver */
    struct berth_digest digest; /* of the contents: paths and bytes, not the archive */
    struct berth_digest archive_digest;
    int64_t archive_bytes;
    int64_t bytes;     /* sum of the assets */
    char *description; /* JSON: what was detected (see berth/bundle.h) */
    int64_t created_ms;
    char *created_by; /* the token's name */
    enum berth_compression compression;
    struct berth_asset *assets;
    size_t asset_count; /* sorted by path, bytewise */
};

/* A variant of the blob with that digest. */
struct berth_variant_record {
    struct berth_digest blob;
    enum berth_coding coding;
    struct berth_variant variant;
};

/* Frees what the record owns, not the record. */
void berth_version_done(struct berth_version *version);

enum berth_change_kind {
    BERTH_CHANGE_ACTIVATION = 1,
    BERTH_CHANGE_ROLLBACK = 2,
    BERTH_CHANGE_PAGE = 3,
    BERTH_CHANGE_PAGE_DELETED = 4,
    BERTH_CHANGE_EXTERNALS = 5,
};

/* One row of history. Strings not meant for the kind are NULL. */
struct berth_change {
    int64_t generation;
    enum berth_change_kind kind;
    const char *module;   /* activation, rollback */
    const char *version;  /* what became live */
    const char *previous; /* what was live before; NULL for a first activation */
    const char *page;     /* page changes */
    int64_t at_ms;
    const char *by; /* the token's name */
    const char *reason;
};

enum { BERTH_ANY_GENERATION = -1 };

struct berth_activate {
    const char *module;
    const char *version; /* NULL with rollback: what was live before the present one */
    bool rollback;
    int64_t expected; /* the module's live generation, 0 for "nothing is live", or ANY */
    int64_t at_ms;
    struct berth_actor by;
    const char *reason; /* may be NULL */
    bool force;         /* the desk's: what would break does not stop it */
    size_t breaks;      /* that it was forced over, for the audit */
};

/* What a change did; the caller frees it with berth_activated_done. */
struct berth_activated {
    int64_t generation;
    char *version;
    char *previous; /* NULL when nothing was live */
    bool changed;   /* false: that version was live already, no row was made */
};
void berth_activated_done(struct berth_activated *activated);

struct berth_version_delete {
    const char *module;
    const char *version;
    int64_t at_ms;
    struct berth_actor by;
    const char *reason; /* may be NULL */
};

struct berth_page_record {
    const char *name;
    const char *path;
    const char *manifest; /* JSON text as validated */
    int64_t revision;     /* counts this page's changes from 1 */
    int64_t generation;
    int64_t at_ms;
    const char *by;
};

struct berth_page_put {
    const char *name;
    const char *path;
    const char *manifest; /* NULL deletes the page */
    int64_t expected;     /* the page's revision, 0 for "does not exist", or ANY */
    int64_t at_ms;
    struct berth_actor by;
    const char *reason;
};

/* What an import map names that is not hosted here. */
enum berth_external_kind {
    BERTH_EXTERNAL_IMPORT = 1,    /* a specifier and its URL */
    BERTH_EXTERNAL_SCOPE = 2,     /* a scope's prefix, and its object as JSON text */
    BERTH_EXTERNAL_INTEGRITY = 3, /* a URL and its integrity */
};
struct berth_external {
    enum berth_external_kind kind;
    const char *key;
    const char *value; /* NULL takes it away */
};

struct berth_externals_put {
    const struct berth_external *items;
    size_t count;
    int64_t at_ms;
    struct berth_actor by;
    const char *reason; /* may be NULL */
};

enum berth_scope {
    BERTH_SCOPE_READ = 1,
    BERTH_SCOPE_PUBLISH = 2,
    BERTH_SCOPE_ACTIVATE = 4,
    BERTH_SCOPE_ADMIN = 8, /* all of the above, pages and tokens */
};

struct berth_token_record {
    const char *id;             /* 12 hex digits, public */
    const char *name;           /* for people and the history */
    struct berth_digest secret; /* SHA-256 of the token */
    const char *module;         /* pattern, see berth/name.h */
    unsigned scopes;            /* enum berth_scope, or-ed */
    int64_t created_ms;
    int64_t expires_ms;      /* 0: never */
    int64_t revoked_ms;      /* 0: not revoked */
    int64_t used_ms;         /* last use, to the minute; 0: never */
    const char *replaced_by; /* the id of the token that a rotation made of it, or NULL */
};

struct berth_token_rotate {
    const char *id;   /* the old one */
    const char *next; /* the new one's id, with its secret */
    struct berth_digest secret;
    int64_t at_ms;
    int64_t overlap_ms; /* how long the old one stays good, if it is not to end before */
    struct berth_actor by;
};

/* What was changed, when and by whom. Each record has the hash of the one before it in its own, so
 * that none can be changed, left out or put in between without all later hashes. */
struct berth_audit_record {
    int64_t id; /* from 1, without gaps */
    int64_t at_ms;
    const char *action;  /* "upload", "activate", "rollback", "delete", "page-put", "page-delete",
                            "token-issue", "token-rotate", "token-revoke", "imports" */
    const char *module;  /* NULL for pages and tokens */
    const char *subject; /* module@version, the page's name, the token's id */
    const char *actor;
    const char *token; /* as in berth_actor, and so the next */
    const char *remote;
    const char *reason;  /* may be NULL */
    const char *details; /* a JSON object as text */
    struct berth_digest hash;
};

/* SHA-256 of the previous record's hash (32 zero bytes before the first) and of the record: its
 * fields in the order above but for the hash, numbers in decimal digits, each as a netstring
 * ("4:menu,"), or "-," for NULL. false when out of memory. */
bool berth_audit_hash(const struct berth_digest *previous, const struct berth_audit_record *record,
                      struct berth_digest *ret);

struct berth_audit_filter {
    int64_t before; /* newest first, ids below this; 0: no bound */
    int64_t after;  /* with `oldest_first`: ids above this */
    bool oldest_first;
    int limit;
    const char *modules; /* a token's pattern: records of these modules only. NULL: all, those of
                            no module too */
    const char *action;  /* NULL: any */
};

struct berth_registry;

typedef bool (*berth_version_fn)(const struct berth_version *version, void *context);
typedef bool (*berth_change_fn)(const struct berth_change *change, void *context);
typedef bool (*berth_page_fn)(const struct berth_page_record *page, void *context);
typedef bool (*berth_external_fn)(const struct berth_external *external, void *context);
typedef bool (*berth_token_fn)(const struct berth_token_record *token, void *context);
typedef bool (*berth_audit_fn)(const struct berth_audit_record *record, void *context);

/* What keeping the data directory needs (see the end of the operations). */
struct berth_asset_row {
    const char *module;
    const char *version;
    const char *path;
    struct berth_digest digest;
    int64_t bytes;
};
struct berth_variant_row {
    struct berth_digest blob;
    const char *coding; /* as in Content-Encoding; may be one that this berth does not know */
    struct berth_digest digest;
    int64_t bytes;
};
typedef bool (*berth_asset_fn)(const struct berth_asset_row *row, void *context);
typedef bool (*berth_variant_fn)(const struct berth_variant_row *row, void *context);
typedef bool (*berth_named_blob_fn)(const struct berth_digest *digest, int64_t bytes,
                                    void *context);
typedef bool (*berth_text_fn)(const char *text, void *context);

/* All are mandatory. */
struct berth_registry_ops {
    void (*close)(struct berth_registry *registry);

    /* The newest generation; 0 in a fresh registry. */
    enum berth_code (*generation)(struct berth_registry *registry, int64_t *ret,
                                  struct berth_error *error);

    /* Adds a version in one transaction (and its module, if new), at its created_ms. The same
     * contents under an existing version: BERTH_OK with *ret_created false. Other contents:
     * BERTH_CONFLICT ("version-exists"). Under one that was deleted, with whatever contents:
     * BERTH_CONFLICT ("version-deleted"), since its URLs were promised never to change. `reason`
     * may be NULL. */
    enum berth_code (*version_add)(struct berth_registry *registry,
                                   const struct berth_version *version,
                                   const struct berth_actor *by, const char *reason,
                                   bool *ret_created, struct berth_error *error);

    /* Takes a version away, for good: its name stays taken, history names it, and no other call
     * finds it ("version-unknown" then is "version-deleted"). Its assets' rows go, so that none of
     * them names its blobs; rows of variants stay, as those of blobs that no asset names. No way
     * back leads to it any more. BERTH_CONFLICT ("version-live"); BERTH_NOT_FOUND as version_get,
     * so twice is an error. */
    enum berth_code (*version_delete)(struct berth_registry *registry,
                                      const struct berth_version_delete *request,
                                      struct berth_error *error);

    /* All versions as heads, without description and assets (NULL, 0), or those of one module; by
     * module name, then in order of upload. Costs one row each, whatever they hold. */
    enum berth_code (*heads_each)(struct berth_registry *registry, const char *module,
                                  berth_version_fn fn, void *context, struct berth_error *error);

    /* One version, whole: description, assets, and of each asset the variants that there are.
     * Calls fn once, or BERTH_NOT_FOUND ("module-unknown", "version-unknown", "version-deleted").
     */
    enum berth_code (*version_get)(struct berth_registry *registry, const char *module,
                                   const char *version, berth_version_fn fn, void *context,
                                   struct berth_error *error);

    /* The newest uploaded version of the module that has the path: a copy to free, or NULL when
     * none has it. Found by an index, however many versions there are. */
    enum berth_code (*version_with)(struct berth_registry *registry, const char *module,
                                    const char *path, char **ret, struct berth_error *error);

    /* Notes variants of blobs (which are durable already) and how far a version is, in one
     * transaction. A variant replaces an older one of the same blob and coding; one of 0 bytes
     * says that there is none that is smaller. BERTH_NOT_FOUND as version_get. */
    enum berth_code (*variants_put)(struct berth_registry *registry, const char *module,
                                    const char *version, enum berth_compression compression,
                                    const struct berth_variant_record *records, size_t count,
                                    struct berth_error *error);

    /* Heads of the versions that are less compressed than that, in order of upload. */
    enum berth_code (*uncompressed_each)(struct berth_registry *registry,
                                         enum berth_compression below, berth_version_fn fn,
                                         void *context, struct berth_error *error);

    /* All versions with their descriptions and assets (but no variants), or those of one module;
     * by module name, then in order of upload. */
    enum berth_code (*versions_each)(struct berth_registry *registry, const char *module,
                                     berth_version_fn fn, void *context, struct berth_error *error);

    /* Makes a version live. BERTH_NOT_FOUND as version_get, BERTH_STALE
     * ("generation-stale") when `expected` does not hold, BERTH_CONFLICT ("no-way-back") for a
     * rollback without a version when there is nothing earlier. Activating what is live already
     * changes nothing (after the precondition was checked).
     *
     * The way back is a stack: a rollback without a version goes to what was live before the
     * present activation was made, and a second one goes further back, never forward again. A
     * rollback to a named version continues from where that version's own latest activation came
     * from; to one that never was live, it is a step like an activation. Versions that were deleted
     * are passed over, and so is what is live. */
    enum berth_code (*activate)(struct berth_registry *registry,
                                const struct berth_activate *request, struct berth_activated *ret,
                                struct berth_error *error);

    /* Where a rollback without a version would go: a copy to free, or NULL when there is no way
     * back (or no such module). */
    enum berth_code (*way_back)(struct berth_registry *registry, const char *module, char **ret,
                                struct berth_error *error);

    /* The change that made each live version live; one per module that has one. */
    enum berth_code (*live_each)(struct berth_registry *registry, berth_change_fn fn, void *context,
                                 struct berth_error *error);

    /* History, newest first, at most `limit` rows with a generation below `before` (0: no bound);
     * of one module or one page when that is not NULL. */
    enum berth_code (*changes_each)(struct berth_registry *registry, const char *module,
                                    const char *page, int64_t before, int limit, berth_change_fn fn,
                                    void *context, struct berth_error *error);

    /* Creates, replaces or deletes a page. BERTH_STALE as above; BERTH_CONFLICT ("page-path") when
     * another page has the path; BERTH_NOT_FOUND ("page-unknown") when deleting what is not there.
     * The same manifest again makes no row: *ret_generation is then the page's own. */
    enum berth_code (*page_put)(struct berth_registry *registry,
                                const struct berth_page_put *request, int64_t *ret_generation,
                                int64_t *ret_revision, struct berth_error *error);
    /* Current pages by name. */
    enum berth_code (*pages_each)(struct berth_registry *registry, berth_page_fn fn, void *context,
                                  struct berth_error *error);
    /* Revisions of one page, newest first; a deletion has a NULL manifest. */
    enum berth_code (*page_revisions_each)(struct berth_registry *registry, const char *name,
                                           berth_page_fn fn, void *context,
                                           struct berth_error *error);

    /* Sets and takes away externals, all of them or none. What is so already is passed over; when
     * that is all of it, no row is made: *ret_changed false, and *ret_generation is the newest. */
    enum berth_code (*externals_put)(struct berth_registry *registry,
                                     const struct berth_externals_put *request,
                                     int64_t *ret_generation, bool *ret_changed,
                                     struct berth_error *error);
    /* By kind and key, bytewise. */
    enum berth_code (*externals_each)(struct berth_registry *registry, berth_external_fn fn,
                                      void *context, struct berth_error *error);

    enum berth_code (*token_add)(struct berth_registry *registry,
                                 const struct berth_token_record *token,
                                 const struct berth_actor *by, struct berth_error *error);
    /* Whether there may be a token with that secret that is good at that time; told from memory,
     * and "no" is sure. */
    bool (*token_may_be_good)(struct berth_registry *registry, const struct berth_digest *secret,
                              int64_t now_ms);
    /* By the SHA-256 of the secret: calls fn once, or BERTH_NOT_FOUND. */
    enum berth_code (*token_find)(struct berth_registry *registry,
                                  const struct berth_digest *secret, berth_token_fn fn,
                                  void *context, struct berth_error *error);
    enum berth_code (*token_used)(struct berth_registry *registry, const char *id, int64_t at_ms,
                                  struct berth_error *error);
    /* BERTH_NOT_FOUND ("token-unknown"); revoking twice is fine and keeps the first time. */
    enum berth_code (*token_revoke)(struct berth_registry *registry, const char *id, int64_t at_ms,
                                    const struct berth_actor *by, struct berth_error *error);
    /* A new token with the name, module and scopes of the old one, which ends after the overlap.
     * Where the old one was made to expire, the new one lives as long as that was made to. Calls fn
     * with the new one. BERTH_NOT_FOUND ("token-unknown"); BERTH_CONFLICT ("token-ended": it is
     * revoked or has expired; "token-rotated": it has a replacement already; "token-exists"). */
    enum berth_code (*token_rotate)(struct berth_registry *registry,
                                    const struct berth_token_rotate *request, berth_token_fn fn,
                                    void *context, struct berth_error *error);
    enum berth_code (*tokens_each)(struct berth_registry *registry, berth_token_fn fn,
                                   void *context, struct berth_error *error);

    /* The records that the filter lets through. */
    enum berth_code (*audit_each)(struct berth_registry *registry,
                                  const struct berth_audit_filter *filter, berth_audit_fn fn,
                                  void *context, struct berth_error *error);
    /* Goes through all records that there are at the call, in portions between which others get
     * their turn. BERTH_IO ("audit-broken") naming the first id whose record or place is not what
     * its hash says. Records cut off the end leave a chain that is whole: *ret_count and *ret_last,
     * the last hash, are there to be held against a copy kept elsewhere. */
    enum berth_code (*audit_check)(struct berth_registry *registry, int64_t *ret_count,
                                   struct berth_digest *ret_last, struct berth_error *error);

    /* Every asset of every version, by order of upload; every variant that has a blob. Both, and
     * variants_prune, work in portions between which others get their turn; what comes or goes
     * meanwhile is told or not. */
    enum berth_code (*assets_each)(struct berth_registry *registry, berth_asset_fn fn,
                                   void *context, struct berth_error *error);
    enum berth_code (*variants_each)(struct berth_registry *registry, berth_variant_fn fn,
                                     void *context, struct berth_error *error);
    /* Forgets the variants of blobs that no version has any more. */
    enum berth_code (*variants_prune)(struct berth_registry *registry, struct berth_error *error);
    /* Forgets the variants that are that blob; versions that had them are to be compressed anew. */
    enum berth_code (*variant_forget)(struct berth_registry *registry,
                                      const struct berth_digest *digest, struct berth_error *error);
    /* Looks at everything the backend has; fn gets a text for each fault, some 20 at most. */
    enum berth_code (*check)(struct berth_registry *registry, berth_text_fn fn, void *context,
                             struct berth_error *error);
    /* A consistent copy at `path`, where nothing may be yet, made while others read and write; then
     * fn gets each blob that the copy names, once. What is there after a failure is the caller's to
     * remove. In fn the registry may be called. */
    enum berth_code (*copy)(struct berth_registry *registry, const char *path,
                            berth_named_blob_fn fn, void *context, struct berth_error *error);
};

/* Every backend's object begins with this. */
struct berth_registry {
    const struct berth_registry_ops *ops;
};

/* SQLite in the file DIRECTORY/db, created where there never was one. BERTH_IO ("database-damaged",
 * "database-newer", and "database-missing" where a kept copy or blobs/ tell of one that was there)
 * with one clear line: a damaged, newer or lost file is never recreated. One of an older schema N
 * is brought to ours, when a copy of it is kept as db.schema-N ("database-copy" when there can be
 * none). The file is held for this object alone: a second open is BERTH_BUSY ("database-busy"). */
enum berth_code berth_registry_sqlite_open(const char *directory, struct berth_registry **ret,
                                           struct berth_error *error);

/* The same file as it is found, for those who look at a directory that no server has: nothing in it
 * changes, and what would write fails. One of an older schema is read into memory, all of it, and
 * brought to ours there. BERTH_NOT_FOUND ("database-missing"). */
struct berth_schema {
    int64_t found; /* 0: it could not be told */
    int64_t ours;
};
enum berth_code berth_registry_sqlite_look(const char *directory, struct berth_registry **ret,
                                           struct berth_schema *ret_schema,
                                           struct berth_error *error);

#endif
