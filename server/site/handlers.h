/* The handlers of this room's route table, by file. */
#ifndef BERTH_SITE_HANDLERS_H
#define BERTH_SITE_HANDLERS_H

#include "berth/site.h"

/* asset.c */
void site_get_asset(struct berth_exchange *exchange, void *app);
void site_get_alias(struct berth_exchange *exchange, void *app);
void site_get_frontend(struct berth_exchange *exchange, void *app);

/* listing.c */
void site_get_listing(struct berth_exchange *exchange, void *app);
void site_get_pilets(struct berth_exchange *exchange, void *app);

/* native.c */
void site_get_module_events(struct berth_exchange *exchange, void *app);

/* page.c */
void site_get_page(struct berth_exchange *exchange, void *app);
/* `kept`: with an ETag, for the browser's cache. */
void site_answer_template(struct berth_exchange *exchange, const struct berth_template *template,
                          bool kept);

/* preview.c: true when it has answered, or the exchange was deferred. */
bool site_answer_preview(struct berth_exchange *exchange, struct berth_site *site,
                         const struct berth_snapshot *snapshot);

/* events.c */
void site_get_events(struct berth_exchange *exchange, void *app);

/* report.c */
void site_post_report(struct berth_exchange *exchange, void *app);
/* Counts one; false when there were too many in this second. */
bool site_within_rate(struct berth_site *site);
/* Counts the report that a request brings. BERTH_BUSY ("limit-reports") over the rate. */
enum berth_code site_admit_report(void *app, struct berth_error *error);
/* The body as JSON, a new reference. */
enum berth_code site_read_report(struct berth_exchange *exchange, size_t max_bytes, json_t **ret,
                                 struct berth_error *error);

/* csp.c */
void site_post_csp(struct berth_exchange *exchange, void *app);

/* routes.c */
void site_not_found(struct berth_exchange *exchange, const char *text, const char *hint);

#endif
