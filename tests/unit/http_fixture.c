#include "http_fixture.h"

#include "http_certificate.h"
#include "http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* More than the buffers of a socket's both ends hold. */
enum { MAX_BYTES = 8 << 20, MAX_BODY_BYTES = 1 << 20, MAX_JSON_BYTES = 4096 };

static char all_bytes[MAX_BYTES];

char site_byte(int64_t offset) {
    return (char)('a' + offset % 23);
}

static void sleep_ms(int duration) {
    struct timespec time = {duration / 1000, (long)(duration % 1000) * 1000000};
    nanosleep(&time, NULL);
}

void site_wait(int *patience) {
    if (++*patience > 1000)
        fail_msg("it did not happen within ten seconds");
    sleep_ms(10);
}

static const struct berth_content text = {
    .content_type = "text/plain; charset=utf-8",
    .cache_control = "public, max-age=60",
    .etag = "\"abc\"",
    .headers = "Vary: Accept-Encoding\r\nX-Extra: 1\r\n",
    .headers_304 = "Vary: Accept-Encoding\r\n",
    .body = "hello world",
    .length = 11,
    .ranges = true,
};

static void get_text(struct berth_exchange *exchange, void *app) {
    (void)app;
    berth_answer_content(exchange, &text);
}

/* The same made ahead, and made anew from strings that are gone when it is answered. */
static void get_prepared(struct berth_exchange *exchange, void *app) {
    (void)app;
    struct berth_content content = text;
    struct berth_prepared prepared;
    char *etag = strdup(text.etag), *headers = strdup(text.headers),
         *type = strdup(text.content_type);
    content.etag = etag;
    content.headers = headers;
    content.content_type = type;
    assert_true(berth_prepare(&content, &prepared));
    free(etag);
    free(headers);
    free(type);
    berth_answer_prepared(exchange, &prepared);
    berth_prepared_done(&prepared);
}

static int64_t count_of(struct berth_exchange *exchange) {
    return strtol(berth_exchange_param(exchange, "count"), NULL, 10);
}

static void get_bytes(struct berth_exchange *exchange, void *app) {
    (void)app;
    struct berth_content content = {.content_type = "application/octet-stream",
                                    .body = all_bytes,
                                    .length = count_of(exchange),
                                    .ranges = true};
    berth_answer_content(exchange, &content);
}

/* Of any size, without lines that may be left out. */
static const struct berth_content *tagged_bytes(struct berth_exchange *exchange,
                                                struct berth_content *ret) {
    *ret = (struct berth_content){.content_type = "application/octet-stream",
                                  .etag = "\"bytes\"",
                                  .body = all_bytes,
                                  .length = count_of(exchange),
                                  .ranges = true};
    return ret;
}

static void get_tagged_bytes(struct berth_exchange *exchange, void *app) {
    (void)app;
    struct berth_content content;
    berth_answer_content(exchange, tagged_bytes(exchange, &content));
}

static void get_prepared_bytes(struct berth_exchange *exchange, void *app) {
    (void)app;
    struct berth_content content;
    struct berth_prepared prepared;
    assert_true(berth_prepare(tagged_bytes(exchange, &content), &prepared));
    berth_answer_prepared(exchange, &prepared);
    berth_prepared_done(&prepared);
}

static bool read_bytes(void *context, int64_t offset, void *ret, size_t length) {
    int64_t breaks_at = *(int64_t *)context;
    if (offset + (int64_t)length > breaks_at)
        return false;
    memcpy(ret, all_bytes + offset, length);
    return true;
}

static void answer_read(struct berth_exchange *exchange, int64_t breaks_at) {
    struct berth_content content = {.content_type = "application/octet-stream",
                                    .length = count_of(exchange),
                                    .ranges = true,
                                    .read = read_bytes,
                                    .read_context = &breaks_at};
    berth_answer_content(exchange, &content);
}

static void get_read(struct berth_exchange *exchange, void *app) {
    (void)app;
    answer_read(exchange, MAX_BYTES);
}

static void get_broken(struct berth_exchange *exchange, void *app) {
    (void)app;
    answer_read(exchange, 100000);
}

static enum berth_code add(const void *data, size_t length, void *context,
                           struct berth_error *error) {
    (void)error;
    berth_buffer_add(context, data, length);
    return BERTH_OK;
}

static void take_echo(struct berth_exchange *exchange, void *app) {
    (void)app;
    struct berth_error error = {0};
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, MAX_BODY_BYTES);
    if (berth_exchange_read(exchange, MAX_BODY_BYTES, add, &buffer, &error)) {
        berth_answer_problem(exchange, &error);
    } else {
        struct berth_content content = {.status = 201,
                                        .content_type = "application/octet-stream",
                                        .body = buffer.data ? buffer.data : "",
                                        .length = (int64_t)buffer.length};
        berth_answer_content(exchange, &content);
    }
    berth_buffer_done(&buffer);
}

static enum berth_code stop_at_once(const void *data, size_t length, void *context,
                                    struct berth_error *error) {
    (void)data;
    (void)length;
    (void)context;
    return berth_fail(error, BERTH_REFUSED, "sink", "the sink has had enough");
}

static void take_little(struct berth_exchange *exchange, void *app) {
    (void)app;
    struct berth_error error = {0};
    berth_exchange_read(exchange, MAX_BODY_BYTES, stop_at_once, NULL, &error);
    berth_answer_problem(exchange, &error);
}

/* Refuses before the body is read, as for a missing token. */
static void take_nothing(struct berth_exchange *exchange, void *app) {
    (void)app;
    struct berth_error error = {0};
    berth_fail(&error, BERTH_UNAUTHENTICATED, "token-missing", "a token is required");
    berth_answer_problem(exchange, &error);
}

static void take_json(struct berth_exchange *exchange, void *app) {
    (void)app;
    struct berth_error error = {0};
    json_t *value = NULL;
    berth_exchange_actor(exchange, "tester");
    if (berth_exchange_read_json(exchange, MAX_JSON_BYTES, true, &value, &error))
        berth_answer_problem(exchange, &error);
    else
        berth_answer_json(exchange, 200, value, "\"7\"", NULL);
}

static void get_json(struct berth_exchange *exchange, void *app) {
    (void)app;
    berth_answer_json(exchange, 200, json_pack("{s:i}", "a", 1), "\"7\"", NULL);
}

static void put_expected(struct berth_exchange *exchange, void *app) {
    (void)app;
    struct berth_error error = {0};
    int64_t expected;
    if (berth_exchange_expected(exchange, &expected, &error))
        berth_answer_problem(exchange, &error);
    else
        berth_answer_json(exchange, 200, json_pack("{s:I}", "expected", (json_int_t)expected), NULL,
                          NULL);
}

static void get_show(struct berth_exchange *exchange, void *app) {
    (void)app;
    const char *query = berth_exchange_query(exchange, "q");
    const char *header = berth_exchange_header(exchange, "x-test");
    berth_answer_json(
        exchange, 200,
        json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s, s:s, s:i, s:b}", "path",
                  berth_exchange_path(exchange), "module", berth_exchange_param(exchange, "module"),
                  "version", berth_exchange_param(exchange, "version"), "file",
                  berth_exchange_param(exchange, "file"), "query", query, "header", header, "id",
                  berth_exchange_id(exchange), "remote", berth_exchange_remote(exchange), "method",
                  (int)berth_exchange_method(exchange), "secure", berth_exchange_secure(exchange)),
        NULL, "X-Shown: 1\r\n");
}

static void get_away(struct berth_exchange *exchange, void *app) {
    (void)app;
    berth_answer_redirect(exchange, "/m/a@1.0.0/x.js");
}

static void get_split(struct berth_exchange *exchange, void *app) {
    (void)app;
    berth_answer_redirect(exchange, "/a\r\nSet-Cookie: a=b");
}

static void get_hold(struct berth_exchange *exchange, void *app) {
    struct site *site = app;
    atomic_fetch_add(&site->held, 1);
    while (!atomic_load(&site->release))
        sleep_ms(5);
    atomic_fetch_sub(&site->held, 1);
    berth_answer_empty(exchange, 204, NULL);
}

/* Is of a kind that only the handler knows. */
static void get_old(struct berth_exchange *exchange, void *app) {
    struct berth_error error = {0};
    if (berth_exchange_work(exchange, BERTH_WORK_VERSIONS, &error) != BERTH_OK)
        berth_answer_problem(exchange, &error);
    else
        get_hold(exchange, app);
}

static void get_stream(struct berth_exchange *exchange, void *app) {
    struct site *site = app;
    atomic_fetch_add(&site->streams, 1);
    if (berth_answer_stream(exchange, "text/event-stream", "X-Accel-Buffering: no\r\n")) {
        while (berth_stream_write(exchange, "data: 1\n\n", 9))
            sleep_ms(5);
    }
    atomic_fetch_sub(&site->streams, 1);
}

/* Says nothing, and sleeps until its client is gone. */
static void get_sleep(struct berth_exchange *exchange, void *app) {
    struct site *site = app;
    atomic_fetch_add(&site->streams, 1);
    int news = eventfd(0, EFD_CLOEXEC);
    if (berth_answer_stream(exchange, "text/event-stream", NULL)) {
        while (berth_stream_wait(exchange, news, 60000) != BERTH_STREAM_GONE)
            continue;
    }
    close(news);
    atomic_fetch_sub(&site->streams, 1);
}

/* Writes as fast as it can, 64 KiB at once. */
static void get_flood(struct berth_exchange *exchange, void *app) {
    struct site *site = app;
    atomic_fetch_add(&site->streams, 1);
    if (berth_answer_stream(exchange, "application/octet-stream", NULL)) {
        while (berth_stream_write(exchange, all_bytes, 65536))
            continue;
    }
    atomic_fetch_sub(&site->streams, 1);
}

static void get_silent(struct berth_exchange *exchange, void *app) {
    (void)exchange;
    (void)app;
}

static void *keep_body(void *context) {
    struct site *site = context;
    atomic_fetch_add(&site->kept, 1);
    return site;
}

static void let_body_go(void *context, void *kept) {
    struct site *site = context;
    assert_ptr_equal(site, kept);
    atomic_fetch_sub(&site->kept, 1);
}

/* A body that is kept where it is while its client takes it. */
static void get_kept(struct berth_exchange *exchange, void *app) {
    struct site *site = app;
    berth_exchange_keep(exchange, &site->keeper);
    get_bytes(exchange, app);
}

/* Starts where nothing may wait, and goes on where it may. */
static void get_later(struct berth_exchange *exchange, void *app) {
    struct site *site = app;
    if (berth_exchange_defer(exchange)) {
        atomic_fetch_add(&site->deferred, 1);
        return;
    }
    berth_answer_empty(exchange, 204, NULL);
}

static void remove_it(struct berth_exchange *exchange, void *app) {
    (void)app;
    berth_answer_empty(exchange, 204, NULL);
}

static const struct berth_route routes[] = {
    {.pattern = "/text", .quick = true, .cors = true, .get = get_text, .post = take_echo},
    {.pattern = "/prepared/text",
     .quick = true,
     .cors = true,
     .get = get_prepared,
     .post = get_prepared},
    {.pattern = "/content/text", .quick = true, .cors = true, .get = get_text, .post = get_text},
    {.pattern = "/prepared/{count}", .quick = true, .get = get_prepared_bytes},
    {.pattern = "/content/{count}", .quick = true, .get = get_tagged_bytes},
    {.pattern = "/bytes/{count}", .quick = true, .get = get_bytes},
    {.pattern = "/read/{count}", .quick = true, .get = get_read},
    {.pattern = "/broken/{count}", .get = get_broken},
    {.pattern = "/echo", .put = take_echo, .post = take_echo},
    {.pattern = "/little", .put = take_little},
    {.pattern = "/nothing", .cors = true, .put = take_nothing, .remove = take_nothing},
    {.pattern = "/json", .quick = true, .get = get_json, .put = take_json},
    {.pattern = "/expected", .put = put_expected},
    {.pattern = "/show/{module}@{version}/{file*}", .quick = true, .get = get_show},
    {.pattern = "/away", .quick = true, .get = get_away},
    {.pattern = "/split", .quick = true, .get = get_split},
    {.pattern = "/hold", .get = get_hold},
    {.pattern = "/kind", .work = BERTH_WORK_REPORTS, .get = get_hold},
    {.pattern = "/old", .get = get_old},
    {.pattern = "/of/{module}/{count}", .quick = true, .shares = "module", .get = get_bytes},
    {.pattern = "/prepared/of/{module}/{count}",
     .quick = true,
     .shares = "module",
     .get = get_prepared_bytes},
    {.pattern = "/stream", .get = get_stream},
    {.pattern = "/flood", .get = get_flood},
    {.pattern = "/sleep", .get = get_sleep},
    {.pattern = "/silent", .quick = true, .get = get_silent},
    {.pattern = "/gone", .remove = remove_it},
    {.pattern = "/kept/{count}", .quick = true, .get = get_kept},
    {.pattern = "/later", .quick = true, .get = get_later},
};

enum berth_engine_kind site_engine(void) {
    const char *name = getenv("BERTH_TEST_ENGINE");
    return name && strcmp(name, "threads") == 0 ? BERTH_ENGINE_THREADS : BERTH_ENGINE_LOOP;
}

const struct certificate *site_certificate(void) {
    static struct certificate certificate;
    if (!certificate.key[0])
        certificate_make("site", -60, 86400, &certificate);
    return &certificate;
}

struct berth_listener_options site_options(struct site *site) {
    const bool tls = client_speaks_tls();
    return (struct berth_listener_options){
        .name = "public",
        .address = "127.0.0.1:0",
        .routes = routes,
        .route_count = sizeof routes / sizeof *routes,
        .app = site,
        .engine = site_engine(),
        .max_connections = 8,
        .request_timeout_ms = 5000,
        .keep_alive_timeout_ms = 5000,
        .min_body_rate_bytes = 1000,
        .certificate = tls ? site_certificate()->certificate : NULL,
        .key = tls ? site_certificate()->key : NULL,
    };
}

void site_start(struct site *site, const struct berth_listener_options *options) {
    struct berth_error error = {0};
    if (!all_bytes[0]) {
        for (int64_t i = 0; i < MAX_BYTES; i++)
            all_bytes[i] = site_byte(i);
    }
    site->keeper = (struct berth_keeper){keep_body, let_body_go, site};
    if (berth_listener_start(options, &site->listener, &error))
        fail_msg("%s: %s", error.rule, error.text);
    site->address = berth_listener_address(site->listener);
}

void site_stop(struct site *site) {
    atomic_store(&site->release, true);
    berth_listener_stop(site->listener);
    site->listener = NULL;
}

int site_setup(void **state) {
    struct site *site = calloc(1, sizeof *site);
    assert_non_null(site);
    struct berth_listener_options options = site_options(site);
    site_start(site, &options);
    *state = site;
    return 0;
}

int site_teardown(void **state) {
    site_stop(*state);
    free(*state);
    return 0;
}
