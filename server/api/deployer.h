/* A change of the import map: collected and checked first, then applied.
 *
 * Thread rules: one thread at a time.
 */
#ifndef BERTH_API_DEPLOYER_H
#define BERTH_API_DEPLOYER_H

#include "handlers.h"

enum { DEPLOYER_KEY_MAX_BYTES = 512, DEPLOYER_URL_MAX_BYTES = 2048 };

/* A version of a module that is hosted here, and is to be live. Owns both. */
struct deployed {
    char *module;
    char *version;
};

struct deployment {
    const struct berth_api *api;
    const struct berth_principal *principal;
    struct berth_external *items; /* own their strings */
    size_t item_count, item_capacity;
    struct deployed *modules;
    size_t module_count, module_capacity;
};

/* PATCH /services. */
struct service {
    const char *name;
    const char *url;
    const char *integrity; /* or NULL */
    int levels;            /* folders to be taken off for "name/"; 1 is the URL's own */
};

/* Each asks whether the token may: BERTH_DENIED. BERTH_INVALID for what is malformed, and for a URL
 * that is hosted here but is not the entry of a version of the module of that name. */
enum berth_code deployment_add_map(struct deployment *deployment, const json_t *body,
                                   struct berth_error *error);
enum berth_code deployment_add_service(struct deployment *deployment, const struct service *service,
                                       struct berth_error *error);
/* Also what is not there. BERTH_CONFLICT ("module-live") for a module that is live here. */
enum berth_code deployment_remove(struct deployment *deployment, const char *name,
                                  struct berth_error *error);

/* What is named elsewhere in one change, then each activation. */
enum berth_code deployment_apply(struct deployment *deployment, struct berth_actor by,
                                 struct berth_error *error);
void deployment_done(struct deployment *deployment);

/* deployer_url.c: the parts of a URL that is hosted here, PUBLIC_URL/m/module@version/path. */
struct hosted {
    char module[BERTH_MODULE_MAX_BYTES + 1];
    char version[BERTH_VERSION_MAX_BYTES + 1];
    const char *path; /* in the URL */
};
/* Is it under PUBLIC_URL/m/ (or /m/)? False also in *ret_good when it is no file of a version. */
bool deployer_hosted(const char *url, const char *public_url, struct hosted *ret, bool *ret_good);
/* BERTH_INVALID ("url") unless it is http, https, or a path. */
enum berth_code deployer_check_url(const char *url, const char *where, struct berth_error *error);
/* The folder of the URL, with `levels` - 1 further ones taken off; free() it. NULL when there is
 * none to be named, or memory is out. */
char *deployer_folder(const char *url, int levels);

#endif
