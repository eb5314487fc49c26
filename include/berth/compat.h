/* What a version would do to what is live, if it became live: who uses what it no longer exposes,
 * which shared packages do not go together, and which of its own remotes are not there.
 *
 * A **break** would certainly fail in a page that works now: an expose is gone that a page's slot
 * or another live module takes; a page's document is gone; a package that is shared once and
 * strictly comes in a version that is out of the range. All else is a **warning**: what may fail,
 * what cannot be told, and what is broken already with the version that is live, so that going back
 * from a broken state is always possible. Where nothing is live yet, nothing is a break.
 *
 * What is compared is what descriptions say (berth/bundle.h). What they do not say is told as not
 * known; code that puts the names of remotes together at run time is not seen.
 *
 * Thread rules: reentrant; the values belong to the caller's thread for the call.
 */
#ifndef BERTH_COMPAT_H
#define BERTH_COMPAT_H

#include "berth/manifest.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A version of the module in question. */
struct berth_compat_version {
    const char *version;
    const json_t *description;
    /* Whether it has the file; NULL: not known. */
    bool (*has_file)(const void *context, const char *path);
    const void *context;
};

/* A module as it is. */
struct berth_compat_module {
    const char *name;
    const char *version; /* that is live; NULL: none is */
    const json_t *description;
};

struct berth_compat_page {
    const char *name;
    const struct berth_page *page;
};

struct berth_compat_world {
    int64_t generation;
    const char *public_url;                    /* "" when it is not known */
    const struct berth_compat_module *modules; /* sorted by name */
    size_t module_count;
    const struct berth_compat_page *pages;
    size_t page_count;
};

/* The report, a new reference; NULL when out of memory. `live` is NULL when no version is.
 *
 *   module, version, live (or null), generation
 *   compatible  whether there is no break
 *   breaks, warnings
 *               [{"rule", "what": an expose, a package, a file or a module, "text", "hint",
 *                 "already"?: true: so it is with the live version as well,
 *                 "users"?: [{"page", "slot"?} | {"module", "version", "requires"?, "provides"?}],
 *                 "more"?: how many users are not listed}], at most 100
 *   moreBreaks, moreWarnings
 *               how many are not listed; absent: none
 *   parts       {"exposes", "shared", "remotes": {"known"}, "consumers": {"known", "unknown"?:
 *               ["module@version", ...]}}: what the versions that are compared say of themselves
 *   checked     {"modules", "pages"}: how many live ones there are
 *
 * Rules: "expose-gone", "exposes-unknown", "document-gone", "shared-strict", "shared-excluded",
 * "shared-outside", "shared-major", "remote-missing", "remote-not-live", "remote-expose-missing".
 */
json_t *berth_compat_report(const struct berth_compat_world *world, const char *module,
                            const struct berth_compat_version *live,
                            const struct berth_compat_version *next);

/* How many breaks there are, those that are not listed too. */
size_t berth_compat_breaks(const json_t *report);

#endif
