#include "options.h"

#include "berth/bundle.h"

#include <stddef.h>

#define TEXT(member) offsetof(struct berth_serve_options, member)
#define MIB          (INT64_C(1024) * 1024)
#define RESTART      SERVE_RESTART
#define RELOAD       SERVE_RELOAD

const struct serve_option serve_options[] = {
    {"data", "DIR", TEXT(data), "./data", 0, 0, 0, RESTART,
     "where everything is kept; made if missing"},
    {"listen", "ADDR:PORT", TEXT(listen), "127.0.0.1:8080", 0, 0, 0, RESTART,
     "pages, assets, manifests, events; port 0: any free one"},
    {"admin-listen", "ADDR:PORT", TEXT(admin_listen), "127.0.0.1:8081", 0, 0, 0, RESTART,
     "the API that publishes and rolls back"},
    {"tls-certificate", "FILE", TEXT(tls_certificate), "", 0, 0, 0, RELOAD,
     "PEM: certificate of the public listener, then its chain; needs tls-key (default: no TLS)"},
    {"tls-key", "FILE", TEXT(tls_key), "", 0, 0, 0, RELOAD, "PEM: its private key"},
    {"admin-tls-certificate", "FILE", TEXT(admin_tls_certificate), "", 0, 0, 0, RELOAD,
     "the same for the admin listener"},
    {"admin-tls-key", "FILE", TEXT(admin_tls_key), "", 0, 0, 0, RELOAD, "PEM: its private key"},
    {"public-url", "URL", TEXT(public_url), "", 0, 0, 0, RESTART,
     "origin that URLs in answers begin with (default: root-relative URLs)"},
    {"console-url", "URL", TEXT(console_url), "", 0, 0, 0, RESTART,
     "origin of the console, which may show pages in a frame (default: the admin listener's)"},
    {"frontend", "DIR", TEXT(frontend), "", 0, 0, 0, RESTART,
     "folder with shell.js and live.js (default: as installed or built)"},
    {"console", "DIR", TEXT(console), "", 0, 0, 0, RESTART,
     "console to publish where none is live but the server's own (default: as installed or built); "
     "off: none"},
    {"max-connections", "N", TEXT(max_connections), NULL, 1024, 4, 20000, RESTART,
     "public connections at once; beyond: 503"},
    {"admin-max-connections", "N", TEXT(admin_max_connections), NULL, 64, 2, 20000, RESTART,
     "the same for the admin listener"},
    {"max-streams", "N", TEXT(max_streams), NULL, 512, 0, 20000, RELOAD,
     "event streams at once; must be below max-connections"},
    {"max-uploads", "N", TEXT(max_uploads), NULL, 4, 1, 256, RELOAD,
     "uploads at once; beyond: 503"},
    {"max-module-connections", "N", TEXT(max_module_connections), NULL, 0, 0, 20000, RESTART,
     "large files of one module being sent at once; 0: half of max-connections"},
    {"max-token-failures", "N", TEXT(max_token_failures), NULL, 20, 1, 1000000, RELOAD,
     "bad tokens from one address; then one a second, beyond: 429"},
    {"max-archive-bytes", "N", TEXT(max_archive_bytes), NULL, BERTH_ARCHIVE_BYTES, 1,
     INT64_C(1) << 40, RELOAD, "largest archive"},
    {"max-unpacked-bytes", "N", TEXT(max_unpacked_bytes), NULL, BERTH_UNPACKED_BYTES, 1,
     INT64_C(1) << 40, RELOAD, "all files of a version together"},
    {"max-file-bytes", "N", TEXT(max_file_bytes), NULL, BERTH_FILE_BYTES, 1, INT64_C(1) << 40,
     RELOAD, "one file of a version"},
    {"max-entries", "N", TEXT(max_entries), NULL, BERTH_ENTRIES, 1, 10000000, RELOAD,
     "files and folders in an archive"},
    {"max-ratio", "N", TEXT(max_ratio), NULL, BERTH_RATIO, 1, 100000, RELOAD,
     "unpacked size in archive sizes, once over 1 MiB"},
    {"max-archive-seconds", "N", TEXT(max_archive_seconds), NULL, 30, 1, 3600, RELOAD,
     "how long reading an archive may take"},
    {"cache-bytes", "N", TEXT(cache_bytes), NULL, 1024 * MIB, 0, INT64_C(1) << 44, RELOAD,
     "memory for files of versions that are not live"},
    {"compress-threads", "N", TEXT(compress_threads), NULL, 1, 0, 8, RESTART,
     "threads that compress files while nothing else runs; 0: none"},
    {"heartbeat-ms", "N", TEXT(heartbeat_ms), NULL, 15000, 50, 600000, RELOAD,
     "a comment on idle event streams"},
    {"drain-ms", "N", TEXT(drain_ms), NULL, 10000, 0, 600000, RELOAD,
     "how long a stop waits for what is in flight"},
    {"request-timeout-ms", "N", TEXT(request_timeout_ms), NULL, 15000, 100, 600000, RELOAD,
     "for a request's head, and for each write"},
    {"keep-alive-ms", "N", TEXT(keep_alive_ms), NULL, 30000, 100, 600000, RELOAD,
     "how long an idle connection is kept"},
    {"min-body-rate", "N", TEXT(min_body_rate), NULL, 1024, 1, INT64_C(1) << 30, RELOAD,
     "bytes a second that a body must come with"},
};
_Static_assert(sizeof serve_options / sizeof *serve_options <= SERVE_OPTION_MAX,
               "what a value was set by is kept for so many");
const size_t serve_option_count = sizeof serve_options / sizeof *serve_options;
