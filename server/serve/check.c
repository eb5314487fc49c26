#include "options.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static enum berth_code refuse(struct berth_error *error, const char *text, const char *word) {
    return berth_fail(error, BERTH_INVALID, "usage", "%s: %s", text, word);
}

/* An origin: no path, no slash at the end, since paths are put behind it and it goes into a policy.
 */
static enum berth_code check_origin(const char *option, const char *url,
                                    struct berth_error *error) {
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               ".-:[]";
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    if (!*url || (scheme && url[scheme] && !url[scheme + strspn(url + scheme, host)]))
        return BERTH_OK;
    return berth_fail(error, BERTH_INVALID, "usage",
                      "%s takes an origin such as https://cdn.example.org: %s", option, url);
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
    return refuse(error, "not an IPv4 address and a port, such as 127.0.0.1:8080", text);
}

static enum berth_code check_pair(const char *certificate_name, const char *certificate,
                                  const char *key_name, const char *key,
                                  struct berth_error *error) {
    if (!*certificate == !*key)
        return BERTH_OK;
    berth_fail(error, BERTH_INVALID, "usage", "%s is set, and %s is not",
               *certificate ? certificate_name : key_name,
               *certificate ? key_name : certificate_name);
    berth_error_hint(error, "TLS takes both, a certificate and its key; without TLS set none");
    return BERTH_INVALID;
}

enum berth_code serve_options_check(const struct berth_serve_options *options,
                                    struct berth_error *error) {
    enum berth_code code = check_origin("public-url", options->public_url, error);
    if (code == BERTH_OK)
        code = check_origin("console-url", options->console_url, error);
    if (code == BERTH_OK)
        code = check_address(options->listen, error);
    if (code == BERTH_OK)
        code = check_address(options->admin_listen, error);
    if (code == BERTH_OK)
        code = check_pair("tls-certificate", options->tls_certificate, "tls-key", options->tls_key,
                          error);
    if (code == BERTH_OK)
        code = check_pair("admin-tls-certificate", options->admin_tls_certificate, "admin-tls-key",
                          options->admin_tls_key, error);
    if (code == BERTH_OK && options->max_streams >= options->max_connections)
        code = refuse(error, "max-streams must be below max-connections",
                      "a stream holds a connection");
    return code;
}
