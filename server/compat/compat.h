/* What the files of this room share: one comparison.
 *
 * Thread rules: as of berth/compat.h.
 */
#ifndef BERTH_COMPAT_COMPAT_H
#define BERTH_COMPAT_COMPAT_H

#include "berth/compat.h"

struct compat {
    const struct berth_compat_world *world;
    const char *module;
    const struct berth_compat_version *live; /* or NULL */
    const struct berth_compat_version *next;
    json_t *breaks;
    json_t *warnings;
    size_t more_breaks; /* than are listed */
    size_t more_warnings;
    json_t *containers; /* {container: module, or null when several have it}; made when needed */
    bool failed;        /* out of memory */
};

/* --- compat.c --- */

/* {"rule", "what", "text", "hint", "users": []}; NULL when out of memory. */
struct compat_words {
    const char *rule;
    const char *what;
    const char *hint;
};
json_t *compat_finding(struct compat *compat, const struct compat_words *words, const char *format,
                       ...) __attribute__((format(printf, 3, 4)));
/* Takes the user; beyond the bound it is only counted. */
void compat_add_user(json_t *finding, json_t *user);
json_t *compat_page_user(const char *page, const char *slot); /* slot may be NULL */
json_t *compat_module_user(const struct berth_compat_module *module);
/* Takes the finding. `broken` is for what fails for certain: it is a break unless it was so
 * `already`, or nothing is live. */
void compat_add(struct compat *compat, json_t *finding, bool broken, bool already);

/* Where a module stands among the world's, or module_count. */
size_t compat_place(const struct compat *compat, const char *name);
const struct berth_compat_module *compat_live(const struct compat *compat, const char *name);

/* Of a description; NULL is fine. */
bool compat_knows_exposes(const json_t *description);
bool compat_exposes(const json_t *description, const char *name);

/* Which module a member of `remotes` means. A pinned version and what is elsewhere is nobody. */
enum compat_sure { COMPAT_NOBODY, COMPAT_LIKELY, COMPAT_SURE };
enum compat_sure compat_target(struct compat *compat, const json_t *remote, const char **ret);

/* --- exposes.c, remotes.c, shared.c, strict.c, mates.c --- */
void compat_check_exposes(struct compat *compat);
void compat_check_remotes(struct compat *compat);
void compat_check_shared(struct compat *compat);
void compat_check_strict(struct compat *compat);

/* Which live modules may be in a page with this one, by place: those of its pages, those that take
 * from it and from which it takes, and theirs. An array of module_count to free, or NULL. */
bool *compat_mates(struct compat *compat);

#endif
