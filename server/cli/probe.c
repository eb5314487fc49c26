#include "probe.h"

#include "client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_MAX_BYTES = 64 * 1024, CONNECT_MS = 5000 };

static size_t take_head(char *data, size_t size, size_t count, void *context) {
    struct cli_probe *probe = context;
    size_t length = size * count;
    if (length >= 5 && memcmp(data, "HTTP/", 5) == 0) { /* of an answer after a 1xx */
        berth_buffer_done(&probe->head);
        berth_buffer_init(&probe->head, HEAD_MAX_BYTES);
        return length;
    }
    size_t name = 0;
    while (name < length && data[name] != ':')
        name++;
    for (size_t i = 0; i < length; i++) {
        char letter = data[i];
        if (i < name && letter >= 'A' && letter <= 'Z')
            letter += 'a' - 'A';
        if (letter != '\r')
            berth_buffer_add(&probe->head, &letter, 1);
    }
    return length;
}

static size_t take_body(char *data, size_t size, size_t count, void *context) {
    struct cli_probe *probe = context;
    berth_buffer_add(&probe->body, data, size * count);
    return probe->body.failed ? 0 : size * count;
}

static size_t take_first(char *data, size_t size, size_t count, void *context) {
    (void)take_body(data, size, count, context);
    return 0; /* that is all we wanted */
}

static void set_options(CURL *curl, const struct cli_probe_request *request, int patience_ms,
                        struct curl_slist *headers, struct cli_probe *probe) {
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)patience_ms);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, probe->problem);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, probe);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, request->streams ? take_first : take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, probe);
    if (request->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
    if (cli_is_loopback(request->url))
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, request->unverified ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, request->unverified ? 0L : 2L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "berth-doctor/" BERTH_VERSION);
}

void cli_probe_run(const struct cli_probe_request *request, int patience_ms,
                   struct cli_probe *ret) {
    *ret = (struct cli_probe){0};
    _Static_assert(sizeof ret->problem >= CURL_ERROR_SIZE, "libcurl writes as much");
    berth_buffer_init(&ret->head, HEAD_MAX_BYTES);
    berth_buffer_init(&ret->body, CLI_PROBE_MAX_BYTES);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    for (size_t i = 0; request->headers[i]; i++)
        headers = curl_slist_append(headers, request->headers[i]);
    if (curl) {
        set_options(curl, request, patience_ms, headers, ret);
        CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK && !ret->problem[0])
            (void)snprintf(ret->problem, sizeof ret->problem, "%s", curl_easy_strerror(code));
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
        curl_easy_cleanup(curl);
    }
    curl_slist_free_all(headers);
    curl_global_cleanup();
    cli_probe_header(ret, "date", ret->date, sizeof ret->date);
}

void cli_probe_done(struct cli_probe *probe) {
    berth_buffer_done(&probe->head);
    berth_buffer_done(&probe->body);
}

void cli_probe_header(const struct cli_probe *probe, const char *name, char *ret, size_t size) {
    size_t length = strlen(name);
    *ret = '\0';
    for (const char *line = probe->head.data; line && *line;) {
        const char *end = strchr(line, '\n');
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            const char *value = line + length + 1 + strspn(line + length + 1, " \t");
            (void)snprintf(ret, size, "%.*s", (int)strcspn(value, "\n"), value);
            return;
        }
        line = end ? end + 1 : NULL;
    }
}
