/* What the files of this room share. */
#ifndef BERTH_API_HANDLERS_H
#define BERTH_API_HANDLERS_H

#include "berth/api.h"
#include "berth/auth.h"
#include "berth/name.h"

enum { BERTH_API_JSON_MAX_BYTES = 64 * 1024, BERTH_REASON_MAX_BYTES = 500 };

/* --- permit.c --- */
/* Who asks, or the problem was answered. Any good token may ask what there is; lists show it the
 * modules that it is for. */
bool api_identify(struct berth_exchange *exchange, const struct berth_api *api,
                  struct berth_principal *ret);
/* The same by the value of an Authorization header, which other tools write in other ways. */
enum berth_code api_identify_by(struct berth_exchange *exchange, const struct berth_api *api,
                                const char *authorization, struct berth_principal *ret,
                                struct berth_error *error);
/* The same with a scope. `module` NULL: for all modules. */
bool api_permit(struct berth_exchange *exchange, const struct berth_api *api,
                enum berth_scope scope, const char *module, struct berth_principal *ret);
/* The same for the module of the URL, whose name is checked first; NULL when answered. */
const char *api_permit_module(struct berth_exchange *exchange, const struct berth_api *api,
                              enum berth_scope scope, struct berth_principal *ret);
/* A small JSON body whose members are all in the NULL-ended list. */
enum berth_code api_read(struct berth_exchange *exchange, size_t max_bytes, bool optional,
                         const char *const *known, json_t **ret, struct berth_error *error);
/* An optional text of at most BERTH_REASON_MAX_BYTES; *ret NULL when absent. */
enum berth_code api_reason(const char *text, struct berth_error *error);

/* --- upload.c --- */
/* An archive that was received, and what the request says of it. */
struct api_spooled {
    struct berth_upload *upload;
    struct berth_digest digest; /* when `given` */
    bool given;
};
/* Of the largest archive, now. */
int64_t api_max_archive_bytes(const struct berth_api *api);
/* Checks the headers and takes the body; on BERTH_OK the upload is the caller's to finish. */
enum berth_code api_spool(struct berth_exchange *exchange, const struct berth_api *api,
                          struct api_spooled *ret, struct berth_error *error);
/* ?activate=. BERTH_INVALID ("activate"). */
enum berth_code api_read_activate(const struct berth_exchange *exchange, bool *ret,
                                  struct berth_error *error);
/* 201, or 200 for what was there; frees what `uploaded` has. */
void api_answer_uploaded(struct berth_exchange *exchange, const struct berth_api *api,
                         struct berth_uploaded *uploaded);

/* --- bundles.c --- */
/* Gives up the upload (and returns the error) unless its package.json names a module that the
 * token may publish, and activate where that is wanted. */
enum berth_code api_package(struct berth_upload *upload, const struct berth_principal *principal,
                            bool activate, struct berth_package *ret, struct berth_error *error);
/* Has the token the scope for any module at all? Asked before a body is read. */
enum berth_code api_allow_some(const struct berth_principal *principal, enum berth_scope scope,
                               struct berth_error *error);

/* --- activity.c --- */
/* Who is told to have made a change; borrows both. */
struct berth_actor api_actor(const struct berth_exchange *exchange,
                             const struct berth_principal *principal);

/* --- wire.c: records to JSON; new references --- */
json_t *api_time(int64_t time_ms); /* null for 0 */
json_t *api_change_json(const struct berth_change *change);
json_t *api_version_json(const struct berth_version *version, const char *public_url, bool files);
const char *api_compression(enum berth_compression compression); /* "none", "quick", "best" */
void api_number_etag(int64_t number, char ret[32]);

/* --- system.c --- */
/* What the heads of all versions tell. */
struct api_counts {
    int64_t modules;
    int64_t versions;
    int64_t bytes;
    int64_t compressed[BERTH_COMPRESSION_BEST + 1];
    char module[BERTH_MODULE_MAX_BYTES + 1]; /* of the one before; heads come by module */
};
/* Adds them up from zero. */
enum berth_code api_count_heads(const struct berth_api *api, struct api_counts *ret,
                                struct berth_error *error);

/* --- counts.c --- */
/* Each upload when it has ended; `uploaded` is looked at after BERTH_OK. Without a token that may,
 * it was none. */
void api_count_upload(enum berth_code code, const struct berth_uploaded *uploaded,
                      const struct berth_error *error);
/* The same of an activation or rollback. */
void api_count_activation(enum berth_code code, bool rollback, bool changed,
                          const struct berth_error *error);

/* --- tokens.c --- */
json_t *api_scopes_json(unsigned scopes);

/* --- compat.c --- */
/* BERTH_INVALID ("force-reason") when it is forced without a reason. */
enum berth_code api_force(bool force, const char *reason, struct berth_error *error);
/* ?force= of an upload, with its reason. */
enum berth_code api_read_force(const struct berth_exchange *exchange, bool activate, bool *ret,
                               struct berth_error *error);
/* A problem with the report as "compatibility"; the report is taken, and may be NULL. */
void api_answer_refusal(struct berth_exchange *exchange, const struct berth_error *error,
                        json_t *report);

/* --- reports_open.c --- */
/* How many browsers have each page open, by its path, and how many each module. A module need not
 * be there: a slot may name what is not uploaded yet. New references. */
void api_open_pages(const struct berth_api *api, json_t **ret_pages, json_t **ret_modules);

/* --- by resource --- */
void api_not_found(struct berth_exchange *exchange, const char *rule, const char *text);
void api_get_modules(struct berth_exchange *exchange, void *app);
void api_get_module(struct berth_exchange *exchange, void *app);
void api_get_versions(struct berth_exchange *exchange, void *app);
void api_get_version(struct berth_exchange *exchange, void *app);
void api_get_environments(struct berth_exchange *exchange, void *app);
void api_get_health(struct berth_exchange *exchange, void *app);
void api_get_imports(struct berth_exchange *exchange, void *app);
void api_patch_imports(struct berth_exchange *exchange, void *app);
void api_patch_services(struct berth_exchange *exchange, void *app);
void api_delete_service(struct berth_exchange *exchange, void *app);
void api_post_pilet(struct berth_exchange *exchange, void *app);
void api_post_bundle(struct berth_exchange *exchange, void *app);
void api_put_version(struct berth_exchange *exchange, void *app);
void api_delete_version(struct berth_exchange *exchange, void *app);
void api_get_compatibility(struct berth_exchange *exchange, void *app);
void api_get_live(struct berth_exchange *exchange, void *app);
void api_put_live(struct berth_exchange *exchange, void *app);
void api_post_rollback(struct berth_exchange *exchange, void *app);
void api_post_stage(struct berth_exchange *exchange, void *app);
void api_get_openapi(struct berth_exchange *exchange, void *app);
void api_get_pages(struct berth_exchange *exchange, void *app);
void api_get_page(struct berth_exchange *exchange, void *app);
void api_put_page(struct berth_exchange *exchange, void *app);
void api_delete_page(struct berth_exchange *exchange, void *app);
void api_post_gc(struct berth_exchange *exchange, void *app);
void api_get_backup(struct berth_exchange *exchange, void *app);
void api_get_system(struct berth_exchange *exchange, void *app);
void api_get_tokens(struct berth_exchange *exchange, void *app);
void api_post_token(struct berth_exchange *exchange, void *app);
void api_delete_token(struct berth_exchange *exchange, void *app);
void api_rotate_token(struct berth_exchange *exchange, void *app);
void api_get_activity(struct berth_exchange *exchange, void *app);
void api_get_activity_check(struct berth_exchange *exchange, void *app);

void api_get_console(struct berth_exchange *exchange, void *app);
void api_get_console_file(struct berth_exchange *exchange, void *app);
void api_get_events(struct berth_exchange *exchange, void *app);
void api_get_reports(struct berth_exchange *exchange, void *app);
void api_get_metrics(struct berth_exchange *exchange, void *app);
void api_post_preview(struct berth_exchange *exchange, void *app);
void api_get_session(struct berth_exchange *exchange, void *app);

#endif
