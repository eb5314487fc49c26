/* Names that people give: modules, pages, slots.
 *
 * A module is `name` or `@scope/name`, each part 1 to 64 of [a-z0-9._-], not starting with a dot
 * and not only dots. A page or slot name is one such part.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_NAME_H
#define BERTH_NAME_H

#include "berth/error.h"
#include <stdbool.h>

enum { BERTH_NAME_PART_BYTES = 64, BERTH_MODULE_MAX_BYTES = 2 * BERTH_NAME_PART_BYTES + 2 };

/* BERTH_INVALID ("module-name" / "name"). `what` is the word for the message: "page", "slot". */
enum berth_code berth_module_name_check(const char *text, struct berth_error *error);
enum berth_code berth_name_check(const char *what, const char *text, struct berth_error *error);

// Does a token's pattern cover a module: "*", "@scope/*", or the module's own name.
bool berth_module_matches(const char *pattern, const char *module);
/* BERTH_INVALID ("module-pattern") unless it has one of these forms. */
enum berth_code berth_module_pattern_check(const char *pattern, struct berth_error *error);

#endif
