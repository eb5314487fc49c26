/* Which copies of shared packages a page uses.
 *
 * Thread rules: pure.
 */
#ifndef BERTH_COMPOSE_SHARED_H
#define BERTH_COMPOSE_SHARED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A module's use of a shared package. Borrowed. */
struct berth_share {
    size_t user;          /* the module's place among the descriptions */
    size_t provider;      /* whose copy it uses; maybe its own */
    bool alone;           /* there is another copy, for the others */
    const json_t *copy;   /* the provider's member of `shared` */
    const json_t *wanted; /* the user's own */
};

/* Of containers that are initialised in this order, as webpack's and Module Federation's runtimes
 * do it in the shell's scopes (frontends/shell/src/scope.ts): who brings a package first provides
 * it to the page, and his copy counts as loaded. A later module takes that one if it wants one for
 * all (`singleton`) or if it is in its range and newer than its own; else its own. Fills at most
 * `max`, and returns how many. */
size_t berth_shares_of_containers(const json_t *const *descriptions, size_t count,
                                  struct berth_share *ret, size_t max);

/* Of Native Federation's modules, which import by name: of each package the copy that suits the
 * most of them is for all, the newest of equals; who does not want that one keeps its own. */
size_t berth_shares_of_imports(const json_t *const *descriptions, size_t count,
                               struct berth_share *ret, size_t max);

#endif
