/* What the files of the check share. */
#ifndef BERTH_CLI_CHECK_PARTS_H
#define BERTH_CLI_CHECK_PARTS_H

#include "check.h"

#include "berth/digests.h"
#include "berth/registry.h"

/* UNREADABLE is no proof of damage: descriptors may be short, or the disk may give it later. */
enum checked_state {
    CHECKED_SOUND,
    CHECKED_DAMAGED,
    CHECKED_UNREADABLE,
    CHECKED_MISSING,
    CHECKED_SIZE,
    CHECKED_GONE
};

/* A blob that lies there, or one that is named and does not. */
struct checked_blob {
    struct berth_digest digest;
    int64_t bytes;
    enum checked_state state;
    int64_t files; /* of versions, that are this blob */
    int64_t variants;
    char *user; /* the first of either: "menu@1.0.0 main.js"; a live version's goes first */
    bool user_is_live;
};

struct checked {
    struct cli_check *check;
    struct berth_store *store;
    struct checked_blob *blobs;
    size_t count;
    struct berth_digests index; /* digest to place in `blobs` */
    bool unfinished;            /* a restore did not end */
    bool rows_known;            /* all were read: what none of them names is not named */
    bool failed;                /* out of memory */
};

/* Adds {rule, text, where?, hint?} to a list; where and hint may be NULL. */
void check_note(struct checked *checked, json_t *list, const char *rule, const char *text,
                const char *where, const char *hint);
/* NULL when out of memory. */
struct checked_blob *check_blob(struct checked *checked, const struct berth_digest *digest);

/* --- check_blobs.c --- */
enum berth_code check_blobs(struct checked *checked, struct berth_error *error);
void check_tell_blobs(struct checked *checked);

/* --- check_rows.c --- */
/* What is wrong in the registry is a fault; an error is a lack of memory. Sets `rows_known`. */
enum berth_code check_rows(struct checked *checked, struct berth_registry *registry,
                           struct berth_error *error);

#endif
