#include "berth/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One row is an option, its default, its bounds and what an operator reads about it. */
struct option {
    const char *name;
    const char *value;
    size_t offset;
    const char *text; /* default of a string option; NULL for a number */
    int64_t number;
    int64_t least;
    int64_t most;
    const char *help;
};

#define TEXT(member) offsetof(struct berth_serve_options, member)
#define MIB          (INT64_C(1024) * 1024)

static const struct option options[] = {
    {"data", "DIR", TEXT(data), "./data", 0, 0, 0, "where everything is kept; made if missing"},
    {"listen", "ADDR:PORT", TEXT(listen), "127.0.0.1:8080", 0, 0, 0,
     "pages, assets, manifests, events; port 0: any free one"},
    {"admin-listen", "ADDR:PORT", TEXT(admin_listen), "127.0.0.1:8081", 0, 0, 0,
     "the API that publishes and rolls back"},
    {"public-url", "URL", TEXT(public_url), "", 0, 0, 0,
     "origin that URLs in answers begin with (default: root-relative URLs)"},
    {"frontend", "DIR", TEXT(frontend), "", 0, 0, 0,
     "folder with shell.js and live.js (default: as installed or built)"},
    {"max-connections", "N", TEXT(max_connections), NULL, 1024, 4, 20000,
     "public connections at once; beyond: 503"},
    {"admin-max-connections", "N", TEXT(admin_max_connections), NULL, 64, 2, 20000,
     "the same for the admin listener"},
    {"max-streams", "N", TEXT(max_streams), NULL, 512, 0, 20000,
     "event streams at once; must be below max-connections"},
    {"max-uploads", "N", TEXT(max_uploads), NULL, 4, 1, 256, "uploads at once; beyond: 503"},
    {"max-module-connections", "N", TEXT(max_module_connections), NULL, 0, 0, 20000,
     "large files of one module being sent at once; 0: half of max-connections"},
    {"max-token-failures", "N", TEXT(max_token_failures), NULL, 20, 1, 1000000,
     "bad tokens from one address; then one a second, beyond: 429"},
    {"max-archive-bytes", "N", TEXT(max_archive_bytes), NULL, 64 * MIB, 1, INT64_C(1) << 40,
     "largest archive"},
    {"max-unpacked-bytes", "N", TEXT(max_unpacked_bytes), NULL, 256 * MIB, 1, INT64_C(1) << 40,
     "all files of a version together"},
    {"max-file-bytes", "N", TEXT(max_file_bytes), NULL, 64 * MIB, 1, INT64_C(1) << 40,
     "one file of a version"},
    {"max-entries", "N", TEXT(max_entries), NULL, 20000, 1, 10000000,
     "files and folders in an archive"},
    {"max-ratio", "N", TEXT(max_ratio), NULL, 200, 1, 100000,
     "unpacked size in archive sizes, once over 1 MiB"},
    {"max-archive-seconds", "N", TEXT(max_archive_seconds), NULL, 30, 1, 3600,
     "how long reading an archive may take"},
    {"cache-bytes", "N", TEXT(cache_bytes), NULL, 1024 * MIB, 0, INT64_C(1) << 44,
     "memory for files of versions that are not live"},
    {"compress-threads", "N", TEXT(compress_threads), NULL, 1, 0, 8,
     "threads that compress files while nothing else runs; 0: none"},
    {"heartbeat-ms", "N", TEXT(heartbeat_ms), NULL, 15000, 50, 600000,
     "a comment on idle event streams"},
    {"drain-ms", "N", TEXT(drain_ms), NULL, 10000, 0, 600000,
     "how long a stop waits for what is in flight"},
    {"request-timeout-ms", "N", TEXT(request_timeout_ms), NULL, 15000, 100, 600000,
     "for a request's head, and for each write"},
    {"keep-alive-ms", "N", TEXT(keep_alive_ms), NULL, 30000, 100, 600000,
     "how long an idle connection is kept"},
    {"min-body-rate", "N", TEXT(min_body_rate), NULL, 1024, 1, INT64_C(1) << 30,
     "bytes a second that a body must come with"},
};
enum { OPTION_COUNT = sizeof options / sizeof *options };

static void *member(struct berth_serve_options *values, const struct option *option) {
    return (char *)values + option->offset;
}

static void set_default(struct berth_serve_options *values, const struct option *option) {
    if (option->text)
        *(const char **)member(values, option) = option->text;
    else
        *(int64_t *)member(values, option) = option->number;
}

static const struct option *find(const char *name, size_t length) {
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(options[i].name) == length && strncmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

static enum berth_code set_number(struct berth_serve_options *values, const struct option *option,
                                  const char *text, struct berth_error *error) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < option->least || number > option->most)
        return berth_fail(error, BERTH_INVALID, "usage",
                          "--%s takes a whole number from %lld to %lld", option->name,
                          (long long)option->least, (long long)option->most);
    *(int64_t *)member(values, option) = number;
    return BERTH_OK;
}

static enum berth_code usage_error(struct berth_error *error, const char *text, const char *word) {
    enum berth_code code = berth_fail(error, BERTH_INVALID, "usage", "%s: %s", text, word);
    berth_error_hint(error, "see berth serve --help");
    return code;
}

/* One option at argv[*at], which is left at its last word. */
static enum berth_code take(int argc, char **argv, int *at, struct berth_serve_options *values,
                            struct berth_error *error) {
    const char *word = argv[*at];
    if (strncmp(word, "--", 2) != 0)
        return usage_error(error, "not an option", word);
    size_t length = strcspn(word + 2, "=");
    const struct option *option = find(word + 2, length);
    if (!option)
        return usage_error(error, "unknown option", word);
    const char *value = word[2 + length] ? word + 3 + length : NULL;
    if (!value && ++*at < argc)
        value = argv[*at];
    if (!value)
        return usage_error(error, "a value is missing after", word);
    if (!option->text)
        return set_number(values, option, value, error);
    *(const char **)member(values, option) = value;
    return BERTH_OK;
}

/* An origin: no path, no slash at the end, since paths are put behind it and it goes into a policy.
 */
static enum berth_code check_public_url(const char *url, struct berth_error *error) {
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               ".-:[]";
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    if (!*url || (scheme && url[scheme] && !url[scheme + strspn(url + scheme, host)]))
        return BERTH_OK;
    return usage_error(error, "--public-url takes an origin such as https://cdn.example.org", url);
}

/* Looked at before anything is begun; the listeners look again. */
static enum berth_code check_address(const char *text, struct berth_error *error) {
    char host[INET_ADDRSTRLEN];
    struct in_addr address;
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : sizeof host;
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (length < sizeof host && digits >= 1 && digits <= 5 && !colon[1 + digits] &&
        strtol(colon + 1, NULL, 10) <= 65535) {
        memcpy(host, text, length);
        host[length] = '\0';
        if (inet_pton(AF_INET, host, &address) == 1)
            return BERTH_OK;
    }
    return usage_error(error, "not an IPv4 address and a port, such as 127.0.0.1:8080", text);
}

enum berth_code berth_serve_options_parse(int argc, char **argv, struct berth_serve_options *ret,
                                          bool *ret_help, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    *ret_help = false;
    for (size_t i = 0; i < OPTION_COUNT; i++)
        set_default(ret, &options[i]);
    for (int at = 1; code == BERTH_OK && at < argc; at++) {
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
            *ret_help = true;
        else
            code = take(argc, argv, &at, ret, error);
    }
    if (code == BERTH_OK)
        code = check_public_url(ret->public_url, error);
    if (code == BERTH_OK && !*ret_help)
        code = check_address(ret->listen, error);
    if (code == BERTH_OK && !*ret_help)
        code = check_address(ret->admin_listen, error);
    if (code == BERTH_OK && ret->max_streams >= ret->max_connections)
        code = usage_error(error, "--max-streams must be below --max-connections",
                           "a stream holds a connection");
    return code;
}

void berth_serve_usage(void) {
    (void)puts("berth serve: run the server\n\n"
               "usage: berth serve [OPTION VALUE]…\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char left[48];
        (void)snprintf(left, sizeof left, "--%s %s", options[i].name, options[i].value);
        if (options[i].text && *options[i].text)
            (void)printf("  %-32s %s (%s)\n", left, options[i].help, options[i].text);
        else if (options[i].text)
            (void)printf("  %-32s %s\n", left, options[i].help);
        else
            (void)printf("  %-32s %s (%lld)\n", left, options[i].help,
                         (long long)options[i].number);
    }
    (void)puts("\nOn the first start an admin token is written to DATA/admin.token.\n"
               "SIGTERM drains and stops; what is in flight may end within --drain-ms.");
}
