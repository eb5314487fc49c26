/* What page.c and page_layout.c share: refusing with a JSON pointer. */
#ifndef BERTH_MANIFEST_PAGE_RULES_H
#define BERTH_MANIFEST_PAGE_RULES_H

#include "berth/error.h"
#include "berth/manifest.h"

/* BERTH_REFUSED with the rule, the pointer and a text. */
enum berth_code berth_page_refuse(struct berth_error *error, const char *rule, const char *pointer,
                                  const char *text);

/* Every key of `object` must be in the NULL-ended list. */
enum berth_code berth_page_check_keys(const json_t *object, const char *const *known,
                                      const char *pointer, struct berth_error *error);

/* Layout (its areas give every slot of the page one rectangle) and further CSP sources. */
enum berth_code berth_page_check_layout(const struct berth_page *page, struct berth_error *error);
enum berth_code berth_page_check_csp(const struct berth_page *page, struct berth_error *error);

#endif
