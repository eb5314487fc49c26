/* What a running server is made of. */
#ifndef BERTH_SERVE_SERVER_H
#define BERTH_SERVE_SERVER_H

#include "berth/api.h"
#include "berth/auth.h"
#include "berth/site.h"
#include "berth/variant.h"
#include "options.h"

enum { SERVE_URL_BYTES = 64 };

struct server {
    int argc; /* for a reload, as the process was started */
    char **argv;
    struct berth_serve_options options; /* that hold now */
    char *own[SERVE_OPTION_MAX];        /* texts that came by a reload; else NULL */
    struct berth_store *store;
    struct berth_registry *registry;
    struct berth_frontend frontend;
    struct berth_desk *desk;
    struct berth_compressor *compressor;
    struct berth_site site;
    struct berth_api api;
    struct berth_failures *failures;
    struct berth_listener *public_listener;
    struct berth_listener *admin_listener;
    struct serve_console *console;
};

#endif
