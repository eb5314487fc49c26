#include "client.h"

#include "profile.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_MS = 10 * 1000,
    CALL_TIMEOUT_MS = 60 * 1000, /* of everything but uploads */
    STALL_S = 120,               /* an upload that moves less than a byte a second for so long */
};

static enum berth_code out_of_memory(struct berth_error *error) {
    return berth_fail(error, BERTH_NO_MEMORY, "no-memory", "out of memory");
}

static enum berth_code bad_url(struct berth_error *error, const char *server, const char *why) {
    berth_fail(error, BERTH_INVALID, "server-url", "%s is no server URL: %s", server, why);
    berth_error_hint(error, "give --server or BERTH_SERVER as in http://127.0.0.1:8081");
    return BERTH_INVALID;
}

/* A part of the URL that must not be there: the query, say. */
static bool has_part(CURLU *url, CURLUPart part) {
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

/* A name may begin with "127.", too: only an address counts. */
static bool is_loopback_host(const char *host) {
    struct in_addr address;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

bool cli_is_loopback(const char *text) {
    char *host = NULL;
    CURLU *url = curl_url();
    bool loopback = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                    curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                    is_loopback_host(host);
    curl_free(host);
    curl_url_cleanup(url);
    return loopback;
}

static enum berth_code check_url(CURLU *url, const char *server, struct berth_error *error) {
    if (!strstr(server, "://"))
        return bad_url(error, server, "it must begin with http:// or https://");
    CURLUcode code = curl_url_set(url, CURLUPART_URL, server, CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK)
        return bad_url(error, server, curl_url_strerror(code));
    char *scheme = NULL;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return out_of_memory(error);
    bool known = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
    curl_free(scheme);
    if (!known)
        return bad_url(error, server, "only http and https are spoken");
    /* The message does not repeat a URL that may hold a password. */
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        return bad_url(error, "that", "it must not hold a name or password");
    if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
        return bad_url(error, server, "it must not have a query or fragment");
    return BERTH_OK;
}

static enum berth_code set_token(struct cli_client *client, const char *token,
                                 struct berth_error *error) {
    size_t length = strlen(token);
    bool good = length > 0 && length <= CLI_TOKEN_MAX_BYTES;
    for (size_t i = 0; good && i < length; i++)
        good = isgraph((unsigned char)token[i]);
    if (!good) {
        berth_fail(error, BERTH_INVALID, "token",
                   "the token is empty or holds characters no token has");
        berth_error_hint(error, "it looks like berth_ and 43 letters and digits, on one line");
        return BERTH_INVALID;
    }
    if (asprintf(&client->authorization, "Authorization: Bearer %s", token) < 0) {
        client->authorization = NULL;
        return out_of_memory(error);
    }
    return BERTH_OK;
}

static enum berth_code set_server(struct cli_client *client, const char *server,
                                  struct berth_error *error) {
    CURLU *url = curl_url();
    if (!url)
        return out_of_memory(error);
    enum berth_code code = check_url(url, server, error);
    /* A proxy from the environment is for the world outside. */
    if (code == BERTH_OK && cli_is_loopback(server))
        curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
    curl_url_cleanup(url);
    if (code != BERTH_OK)
        return code;
    client->server = strdup(server);
    if (!client->server)
        return out_of_memory(error);
    for (size_t end = strlen(server); end > 0 && client->server[end - 1] == '/'; end--)
        client->server[end - 1] = '\0';
    return BERTH_OK;
}

/* A file that cannot be read is told before anything is sent; curl tells of its contents. */
static enum berth_code set_ca_file(struct cli_client *client, const char *path,
                                   struct berth_error *error) {
    if (!path)
        return BERTH_OK;
    FILE *file = fopen(path, "re");
    if (!file) {
        berth_fail_errno(error, "ca-file", "cannot read the file of certificates to trust");
        berth_error_where(error, "%s", path);
        berth_error_hint(error, "name it with --ca-file, BERTH_CA_FILE or a profile's ca-file");
        return error->code;
    }
    (void)fclose(file);
    client->ca_file = strdup(path);
    if (!client->ca_file)
        return out_of_memory(error);
    curl_easy_setopt(client->curl, CURLOPT_CAINFO, path);
    curl_easy_setopt(client->curl, CURLOPT_CAPATH, NULL); /* that file alone */
    return BERTH_OK;
}

enum berth_code cli_client_init(struct cli_client *client, const struct cli_access *access,
                                struct berth_error *error) {
    *client = (struct cli_client){0};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client->curl = curl_easy_init();
    if (!client->curl)
        return out_of_memory(error);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, client->detail);
    curl_easy_setopt(client->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(client->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(client->curl, CURLOPT_USERAGENT, "berth/" BERTH_VERSION);
    enum berth_code code = set_server(client, access->server, error);
    if (code == BERTH_OK)
        code = set_ca_file(client, access->ca_file, error);
    return code == BERTH_OK && access->token ? set_token(client, access->token, error) : code;
}

void cli_client_done(struct cli_client *client) {
    if (client->curl) {
        curl_easy_cleanup(client->curl);
        curl_global_cleanup();
    }
    free(client->authorization);
    free(client->ca_file);
    free(client->server);
    *client = (struct cli_client){0};
}

char *cli_url_escape(const char *text) {
    char *escaped = curl_easy_escape(NULL, text, 0);
    char *copy = escaped ? strdup(escaped) : NULL;
    curl_free(escaped);
    return copy;
}

/* What the callbacks of one exchange share. */
struct transfer {
    const struct cli_request *request;
    struct cli_answer *answer;
    int64_t offset;
    CURL *curl;
    int write_errno; /* of the file that the body goes to */
    bool cut;        /* the file ended before its time, or could not be read */
};

static size_t put_into_file(struct transfer *transfer, const char *data, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t written = write(transfer->request->into_fd, data + done, length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            transfer->write_errno = errno;
            return 0;
        }
        done += (size_t)written;
    }
    transfer->offset += (int64_t)length;
    cli_progress_step(transfer->request->progress, transfer->offset, 0);
    return length;
}

static size_t take_body(char *data, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    if (transfer->request->into_file && transfer->offset == 0) {
        long status = 0;
        curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
        transfer->answer->in_file = status == 200;
    }
    if (transfer->answer->in_file)
        return put_into_file(transfer, data, size * count);
    berth_buffer_add(&transfer->answer->body, data, size * count);
    return transfer->answer->body.failed ? 0 : size * count;
}

static size_t give_body(char *ret, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    int64_t left = transfer->request->body_bytes - transfer->offset;
    size_t want = size * count;
    want = (int64_t)want < left ? want : (size_t)left;
    ssize_t got;
    do {
        got = pread(transfer->request->body_fd, ret, want, transfer->offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0 || (got == 0 && left > 0)) {
        transfer->cut = true;
        return CURL_READFUNC_ABORT;
    }
    transfer->offset += got;
    return (size_t)got;
}

static int rewind_body(void *context, curl_off_t offset, int origin) {
    struct transfer *transfer = context;
    if (origin != SEEK_SET || offset < 0 || offset > transfer->request->body_bytes)
        return CURL_SEEKFUNC_FAIL;
    transfer->offset = offset;
    return CURL_SEEKFUNC_OK;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up) {
    const struct transfer *transfer = context;
    (void)down_total;
    (void)down;
    (void)up_total;
    cli_progress_step(transfer->request->progress, up, transfer->request->body_bytes);
    return 0;
}

static bool add_header(struct curl_slist **list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool add_header(struct curl_slist **list, const char *format, ...) {
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (length < 0)
        return false;
    struct curl_slist *longer = curl_slist_append(*list, line);
    free(line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static bool add_headers(const struct cli_client *client, const struct cli_request *request,
                        struct curl_slist **list) {
    bool good = add_header(list, "Accept: application/json, application/problem+json");
    if (client->authorization)
        good = good && add_header(list, "%s", client->authorization);
    if (request->content_type)
        good = good && add_header(list, "Content-Type: %s", request->content_type);
    if (request->repr_digest)
        good = good && add_header(list, "Repr-Digest: %s", request->repr_digest);
    if (request->expected > 0)
        good = good && add_header(list, "If-Match: \"%" PRId64 "\"", request->expected);
    else if (request->expected == 0)
        good = good && add_header(list, "If-None-Match: *");
    if (request->body_bytes > 0) {
        /* Whatever its size: a token or version that is refused is refused before the body is sent,
         * and the refusal cannot be lost to a reset of the connection. */
        good = good && add_header(list, "Expect: 100-continue");
    }
    return good;
}

static void set_upload(CURL *curl, struct transfer *transfer) {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, rewind_body);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->request->body_bytes);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 0L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    if (transfer->request->progress) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    }
}

static long call_timeout_ms(const struct cli_request *request) {
    if (request->into_file || request->takes_long)
        return 0;
    return request->timeout_ms > 0 ? request->timeout_ms : CALL_TIMEOUT_MS;
}

static void set_call(CURL *curl, const struct cli_request *request) {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, call_timeout_ms(request));
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, request->into_file ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    if (request->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    } else {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    }
}

static void copy_header(CURL *curl, const char *name, char *ret, size_t size) {
    struct curl_header *header;
    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        snprintf(ret, size, "%s", header->value);
}

static void read_head(CURL *curl, struct cli_answer *answer) {
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    copy_header(curl, "Content-Type", answer->content_type, sizeof answer->content_type);
    copy_header(curl, "X-Request-Id", answer->request_id, sizeof answer->request_id);
    copy_header(curl, "Location", answer->location, sizeof answer->location);
    char retry_after[64] = "";
    copy_header(curl, "Retry-After", retry_after, sizeof retry_after);
    answer->has_retry_after = retry_after[0] != '\0';
    curl_off_t seconds = 0; /* a date is understood too */
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
    answer->retry_after_s = seconds;
}

static enum berth_code explain(struct cli_client *client, const struct transfer *transfer,
                               CURLcode code, struct berth_error *error) {
    if (code == CURLE_OK)
        return BERTH_OK;
    if (transfer->write_errno) {
        errno = transfer->write_errno;
        return berth_fail_errno(error, "backup-file", "cannot write the file");
    }
    if (transfer->answer->body.failed) {
        return berth_fail(error, BERTH_IO, "answer-too-large",
                          "%s sent an answer of more than %d MiB", client->server,
                          CLI_ANSWER_MAX_BYTES / 1024 / 1024);
    }
    if (transfer->cut) {
        berth_fail(error, BERTH_IO, "archive-changed",
                   "the archive became shorter while it was sent");
        berth_error_hint(error, "push again when nothing writes to it");
        return BERTH_IO;
    }
    return cli_client_failed(client, transfer->request->method, code, error);
}

enum berth_code cli_client_perform(struct cli_client *client, const struct cli_request *request,
                                   struct cli_answer *ret, struct berth_error *error) {
    char *url = NULL;
    struct curl_slist *headers = NULL;
    struct transfer transfer = {.request = request, .answer = ret, .curl = client->curl};
    *ret = (struct cli_answer){0};
    berth_buffer_init(&ret->body, CLI_ANSWER_MAX_BYTES);
    if (!add_headers(client, request, &headers) ||
        asprintf(&url, "%s%s", client->server, request->path) < 0) {
        curl_slist_free_all(headers);
        return out_of_memory(error);
    }
    if (request->body_bytes > 0)
        set_upload(client->curl, &transfer);
    else
        set_call(client->curl, request);
    client->detail[0] = '\0';
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &transfer);
    CURLcode code = curl_easy_perform(client->curl);
    read_head(client->curl, ret);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(client->curl, CURLOPT_NOPROGRESS, 1L);
    curl_slist_free_all(headers);
    free(url);
    return explain(client, &transfer, code, error);
}

void cli_answer_done(struct cli_answer *answer) {
    berth_buffer_done(&answer->body);
    *answer = (struct cli_answer){0};
}
