/* What is particular to TLS; that all else is as without it, the other tests of listeners show when
 * they are run with BERTH_TEST_ENGINE=tls. */
#include "http_certificate.h"
#include "http_client.h"
#include "http_fixture.h"

#include "berth/clock.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define LAST(path)    "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static void assert_next(struct client *client, int status, const char *body) {
    struct answer answer;
    client_answer(client, true, &answer);
    assert_int_equal(answer.status, status);
    if (body)
        assert_non_null(strstr(answer.body, body));
    answer_done(&answer);
}

/* A client that speaks these versions only; 0: any. */
static SSL *speaker(int lowest, int highest) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    SSL_CTX_set_security_level(context, 0); /* TLS 1.1 has none above */
    assert_int_equal(SSL_CTX_set_min_proto_version(context, lowest), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(context, highest), 1);
    SSL *tls = SSL_new(context);
    SSL_CTX_free(context);
    return tls;
}

static bool open_with(struct client *client, const struct site *site, SSL *tls) {
    client_open_plain(client, site->address);
    return client_start_tls(client, tls);
}

static void assert_certificate(struct client *client, const char *name) {
    char seen[64] = "";
    X509 *certificate = SSL_get1_peer_certificate(client->tls);
    assert_non_null(certificate);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, seen,
                              (int)sizeof seen);
    assert_string_equal(seen, name);
    X509_free(certificate);
}

static void wait_for_connections(const struct site *site, int count) {
    struct berth_load load;
    int patience = 0;
    for (;;) {
        berth_listener_load(site->listener, &load);
        if (load.connections == count)
            return;
        site_wait(&patience);
    }
}

/* --- handshakes --- */

static void versions_1_2_and_1_3_are_spoken_and_none_before(void **state) {
    const struct site *site = *state;
    static const struct {
        int version;
        bool spoken;
    } cases[] = {{TLS1_3_VERSION, true},
                 {TLS1_2_VERSION, true},
                 {TLS1_1_VERSION, false},
                 {TLS1_VERSION, false}};
    assert_true(berth_listener_secure(site->listener));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client;
        bool spoken = open_with(&client, site, speaker(cases[i].version, cases[i].version));
        assert_int_equal(spoken, cases[i].spoken);
        if (spoken) {
            assert_int_equal(SSL_version(client.tls), cases[i].version);
            client_send(&client, REQUEST("/show/m@1/f"));
            assert_next(&client, 200, "\"secure\":true");
        }
        client_close(&client);
    }
}

static void a_client_that_names_its_protocols_gets_http_1_1_or_a_refusal(void **state) {
    const struct site *site = *state;
    static const struct {
        const char *offered;
        const char *chosen; /* NULL: refused */
    } cases[] = {{"\x02h2\x08http/1.1", "http/1.1"},
                 {"\x08http/1.1", "http/1.1"},
                 {"\x02h2", NULL},
                 {"\x08http/1.0", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client;
        const unsigned char *chosen = NULL;
        unsigned length = 0;
        SSL *tls = speaker(0, 0);
        assert_int_equal(SSL_set_alpn_protos(tls, (const unsigned char *)cases[i].offered,
                                             (unsigned)strlen(cases[i].offered)),
                         0);
        assert_int_equal(open_with(&client, site, tls), cases[i].chosen != NULL);
        if (cases[i].chosen) {
            SSL_get0_alpn_selected(client.tls, &chosen, &length);
            assert_int_equal(length, strlen(cases[i].chosen));
            assert_memory_equal(chosen, cases[i].chosen, length);
        }
        client_close(&client);
    }
}

static void sessions_are_resumed(void **state) {
    const struct site *site = *state;
    static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct client first, next;
        SSL *tls = speaker(versions[i], versions[i]);
        assert_true(open_with(&first, site, tls));
        client_send(&first, REQUEST("/text"));
        assert_next(&first, 200, "hello"); /* its ticket came before */
        SSL_SESSION *session = SSL_get1_session(first.tls);
        SSL *again = SSL_new(SSL_get_SSL_CTX(first.tls));
        assert_int_equal(SSL_set_session(again, session), 1);
        assert_true(open_with(&next, site, again));
        assert_true(SSL_session_reused(next.tls));
        client_send(&next, REQUEST("/text"));
        assert_next(&next, 200, "hello");
        SSL_SESSION_free(session);
        client_close(&first);
        client_close(&next);
    }
}

static void a_request_without_tls_is_told_so(void **state) {
    const struct site *site = *state;
    static const char *const requests[] = {
        REQUEST("/text"), "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct client client;
        client_open_plain(&client, site->address);
        client_send(&client, requests[i]);
        assert_next(&client, 400, "this port speaks TLS");
        assert_true(client_is_ended(&client));
        client_close(&client);
    }
}

/* The start of a handshake that any version has. */
static size_t make_hello(char ret[2048]) {
    SSL *tls = speaker(0, 0);
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(tls, BIO_new(BIO_s_mem()), out);
    assert_int_equal(SSL_connect(tls), -1);
    int length = BIO_read(out, ret, 2048);
    SSL_free(tls);
    assert_in_range(length, 64, 2047);
    return (size_t)length;
}

static void what_is_no_handshake_or_half_of_one_is_cut_and_delays_nobody(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    static struct client odd[4], other;
    static char hello[2048], garbage[600];
    size_t length = make_hello(hello);
    options.max_connections = 64;
    options.request_timeout_ms = 300;
    site_start(&site, &options);
    memset(garbage, 0x5a, sizeof garbage);
    for (int i = 0; i < 4; i++)
        client_open_plain(&odd[i], site.address);
    client_send_bytes(&odd[1], hello, length / 2); /* and the first says nothing */
    client_send_bytes(&odd[2], garbage, sizeof garbage);
    client_send_bytes(&odd[3], hello, length); /* but does not answer the answer */
    for (int i = 0; i < 20; i++) {
        client_open(&other, site.address);
        client_send(&other, REQUEST("/text"));
        assert_next(&other, 200, "hello");
        client_close(&other);
    }
    wait_for_connections(&site, 0);
    for (int i = 0; i < 4; i++)
        client_close(&odd[i]);
    site_stop(&site);
}

/* --- records without data --- */

/* `count` updates of the client's key in one piece, and then the request. */
static void send_updates(struct client *client, int count, int kind, const char *request) {
    static char bytes[1024 * 1024];
    BIO *out = BIO_new(BIO_s_mem());
    BIO *socket = SSL_get_wbio(client->tls);
    assert_int_equal(BIO_up_ref(socket), 1);
    SSL_set0_wbio(client->tls, out);
    for (int i = 0; i < count; i++) {
        assert_int_equal(SSL_key_update(client->tls, kind), 1);
        assert_int_equal(SSL_do_handshake(client->tls), 1);
    }
    assert_true(SSL_write(client->tls, request, (int)strlen(request)) > 0);
    int length = BIO_read(out, bytes, (int)sizeof bytes);
    assert_true(length > 0);
    SSL_set0_wbio(client->tls, socket);
    for (int sent = 0; sent < length;) { /* until the server closes */
        ssize_t more = send(client->fd, bytes + sent, (size_t)(length - sent), MSG_NOSIGNAL);
        struct pollfd polled = {.fd = client->fd, .events = POLLOUT};
        if (more < 0 && errno != EAGAIN)
            return;
        sent += more > 0 ? (int)more : 0;
        (void)poll(&polled, 1, 10000);
    }
}

static void keys_may_be_updated_but_not_without_end(void **state) {
    const struct site *site = *state;
    static const int kinds[] = {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED};
    for (size_t i = 0; i < 2; i++) {
        struct client client;
        assert_true(open_with(&client, site, speaker(TLS1_3_VERSION, TLS1_3_VERSION)));
        for (int k = 0; k < 10; k++) {
            send_updates(&client, 8, kinds[i], REQUEST("/text"));
            assert_next(&client, 200, "hello");
            send_updates(&client, 8, kinds[i], REQUEST("/later")); /* before a worker's turn */
            assert_next(&client, 204, NULL);
        }
        send_updates(&client, 8000, kinds[i], REQUEST("/text"));
        assert_true(client_is_ended(&client));
        client_close(&client);
    }
}

static void handshakes_are_not_begun_again(void **state) {
    const struct site *site = *state;
    struct client client;
    assert_true(open_with(&client, site, speaker(TLS1_2_VERSION, TLS1_2_VERSION)));
    client_send(&client, REQUEST("/text"));
    assert_next(&client, 200, "hello");
    assert_int_equal(SSL_renegotiate(client.tls), 1);
    (void)SSL_do_handshake(client.tls);
    assert_true(client_is_ended(&client)); /* told so, this client gives up */
    assert_int_equal(SSL_num_renegotiations(client.tls), 1);
    assert_false(SSL_is_init_finished(client.tls));
    client_close(&client);
}

/* --- ends --- */

/* 0: the server has said that this is all; else the connection was cut. */
static ssize_t read_to_end(struct client *client) {
    static char bytes[65536];
    ssize_t count;
    while ((count = client_read(client, bytes, sizeof bytes, true)) > 0)
        continue;
    return count;
}

static void an_end_is_announced_and_a_cut_is_not(void **state) {
    const struct site *site = *state;
    static const struct {
        const char *request;
        bool whole;
    } cases[] = {
        {LAST("/text"), true},
        {LAST("/later"), true},
        {LAST("/bytes/8000000"), true},
        {LAST("/read/3000000"), true},
        {"GET /text HTTP/1.1\r\nHo st: a\r\n\r\n", true},
        {"PUT /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", true},
        {LAST("/broken/200000"), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client;
        client_open(&client, site->address);
        client_send(&client, cases[i].request);
        assert_int_equal(read_to_end(&client), cases[i].whole ? 0 : -1);
        client_close(&client);
    }
}

static void idle_connections_end_by_an_announcement(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    struct client client;
    options.keep_alive_timeout_ms = 100;
    site_start(&site, &options);
    client_open(&client, site.address);
    client_send(&client, REQUEST("/text"));
    assert_int_equal(read_to_end(&client), 0);
    client_close(&client);
    site_stop(&site);
}

/* The record that a slow client has half of is not lost when others are served in between. */
static void a_client_that_stops_reading_goes_on_where_it_was(void **state) {
    const struct site *site = *state;
    enum { CLIENTS = 2, BYTES = 4000000 };
    static struct client clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 65536;
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
        client_connect(&clients[i], fd, site->address);
        client_send(&clients[i], i % 2 ? REQUEST("/kept/4000000") : REQUEST("/bytes/4000000"));
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct answer answer;
        client_answer(&clients[i], true, &answer);
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.length, BYTES);
        for (int64_t at = 0; at < BYTES; at++) {
            if (answer.body[at] != site_byte(at))
                fail_msg("byte %lld is wrong", (long long)at);
        }
        answer_done(&answer);
        client_send(&clients[i], REQUEST("/text"));
        assert_next(&clients[i], 200, "hello");
        client_close(&clients[i]);
    }
}

/* --- certificates --- */

static void assert_serves(const struct site *site, const char *name) {
    struct client client;
    client_open(&client, site->address);
    assert_certificate(&client, name);
    client_send(&client, REQUEST("/text"));
    assert_next(&client, 200, "hello");
    client_close(&client);
}

static enum berth_code renew(struct berth_listener *listener, const char *certificate,
                             const char *key, struct berth_error *error) {
    struct berth_certificate *loaded = NULL;
    enum berth_code code = berth_certificate_load(certificate, key, &loaded, error);
    if (code == BERTH_OK)
        berth_listener_take_certificate(listener, loaded);
    return code;
}

static void a_certificate_is_renewed_while_connections_are_open(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    struct berth_error error = {0};
    struct certificate other;
    struct client open;
    certificate_make("other", -60, 864000, &other);
    site_start(&site, &options);
    int64_t before = berth_listener_certificate_end_ms(site.listener);
    assert_in_range(before - berth_now_ms(), 86400000 - 600000, 86400000 + 1000);
    client_open(&open, site.address);
    assert_certificate(&open, "site");
    assert_int_equal(renew(site.listener, other.certificate, other.key, &error), BERTH_OK);
    assert_serves(&site, "other");
    int64_t after = berth_listener_certificate_end_ms(site.listener);
    assert_in_range(after - berth_now_ms(), 864000000 - 600000, 864000000 + 1000);
    client_send(&open, REQUEST("/text"));
    assert_next(&open, 200, "hello");
    client_close(&open);
    site_stop(&site);
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void append_file(const char *to, const char *from, size_t most) {
    static char text[8192];
    FILE *source = fopen(from, "re"), *file = fopen(to, "ae");
    assert_non_null(source);
    assert_non_null(file);
    size_t length = fread(text, 1, most, source);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(source), 0);
    assert_int_equal(fclose(file), 0);
}

static void write_locked_key(const char *path) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(),
                                          (const unsigned char *)"secret", 6, NULL, NULL),
                     1);
    assert_int_equal(fclose(file), 0);
    EVP_PKEY_free(key);
}

struct bad_files {
    const char *certificate, *key, *rule, *text;
};

static void assert_refused(const struct site *site, const struct bad_files *bad) {
    struct berth_error error = {0};
    enum berth_code code = renew(site->listener, bad->certificate, bad->key, &error);
    const bool of_key = strcmp(bad->rule, "tls-key") == 0;
    assert_true(code == BERTH_INVALID || code == BERTH_IO);
    assert_string_equal(error.rule, bad->rule);
    assert_non_null(strstr(error.text, bad->text));
    assert_string_equal(error.where, of_key ? bad->key : bad->certificate);
    assert_true(error.hint[0]);
    struct site none = {0};
    struct berth_listener_options options = site_options(&none);
    struct berth_error start_error = {0};
    options.certificate = bad->certificate;
    options.key = bad->key;
    assert_int_equal(berth_listener_start(&options, &none.listener, &start_error), code);
    assert_string_equal(start_error.rule, bad->rule);
}

static void files_that_are_no_good_are_refused_and_the_old_ones_stay(void **state) {
    const struct site *site = *state;
    const struct certificate *good = site_certificate();
    struct certificate other;
    char missing[CERTIFICATE_PATH_BYTES], garbage[CERTIFICATE_PATH_BYTES],
        locked[CERTIFICATE_PATH_BYTES], cut[CERTIFICATE_PATH_BYTES], chain[CERTIFICATE_PATH_BYTES],
        wordy[CERTIFICATE_PATH_BYTES];
    certificate_make("third", -60, 86400, &other);
    certificate_path("missing.pem", missing);
    certificate_path("garbage.pem", garbage);
    certificate_path("locked.key", locked);
    certificate_path("cut.pem", cut);
    certificate_path("chain.pem", chain);
    certificate_path("wordy.pem", wordy);
    write_file(garbage, "this is no PEM file\n");
    write_locked_key(locked);
    append_file(cut, good->certificate, 200);
    append_file(chain, good->certificate, 8192);
    append_file(chain, other.certificate, 200);
    for (int i = 0; i < 20; i++)
        append_file(wordy, good->certificate, 8192);
    const struct bad_files cases[] = {
        {missing, good->key, "tls-certificate", "No such file"},
        {good->certificate, missing, "tls-key", "No such file"},
        {"/tmp", good->key, "tls-certificate", "directory"},
        {"/dev/zero", good->key, "tls-certificate", "cannot read"},
        {garbage, good->key, "tls-certificate", "no certificate"},
        {good->certificate, garbage, "tls-key", "no private key"},
        {good->key, good->certificate, "tls-certificate", "no certificate"},
        {good->certificate, good->certificate, "tls-key", "no private key"},
        {good->certificate, other.key, "tls-key", "does not belong"},
        {good->certificate, locked, "tls-key", "pass phrase"},
        {cut, good->key, "tls-certificate", "no certificate"},
        {chain, good->key, "tls-certificate", "chain"},
        {wordy, good->key, "tls-certificate", "too many"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_refused(site, &cases[i]);
        assert_serves(site, "site");
    }
}

static void one_that_has_ended_or_not_begun_is_taken(void **state) {
    const struct site *site = *state;
    struct certificate ended, early;
    struct berth_error error = {0};
    certificate_make("ended", -7200, -3600, &ended);
    certificate_make("early", 3600, 7200, &early);
    assert_int_equal(renew(site->listener, ended.certificate, ended.key, &error), BERTH_OK);
    assert_serves(site, "ended");
    assert_true(berth_listener_certificate_end_ms(site->listener) < berth_now_ms());
    assert_int_equal(renew(site->listener, early.certificate, early.key, &error), BERTH_OK);
    assert_serves(site, "early");
}

static void a_chain_is_sent_whole(void **state) {
    const struct site *site = *state;
    const struct certificate *good = site_certificate();
    struct certificate issuer;
    struct berth_error error = {0};
    struct client client;
    char both[CERTIFICATE_PATH_BYTES];
    certificate_make("issuer", -60, 86400, &issuer);
    certificate_path("both.pem", both);
    append_file(both, good->certificate, 8192);
    append_file(both, issuer.certificate, 8192);
    assert_int_equal(renew(site->listener, both, good->key, &error), BERTH_OK);
    client_open(&client, site->address);
    assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(client.tls)), 2);
    assert_certificate(&client, "site");
    client_close(&client);
}

static void it_takes_both_files_to_speak_tls(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    struct berth_error error = {0};
    struct client client;
    options.certificate = NULL;
    assert_int_equal(berth_listener_start(&options, &site.listener, &error), BERTH_INVALID);
    assert_string_equal(error.rule, "tls-certificate");
    options.key = NULL;
    site_start(&site, &options);
    assert_false(berth_listener_secure(site.listener));
    assert_int_equal(berth_listener_certificate_end_ms(site.listener), 0);
    client_open_plain(&client, site.address);
    client_send(&client, REQUEST("/show/m@1/f"));
    assert_next(&client, 200, "\"secure\":false");
    client_close(&client);
    site_stop(&site);
}

/* --- races: for the sanitizers --- */

struct visitor {
    const struct site *site;
    atomic_bool *over;
    int answered;
};

static void *visit(void *argument) {
    struct visitor *visitor = argument;
    while (!atomic_load(visitor->over)) {
        struct client client;
        client_open(&client, visitor->site->address);
        for (int i = 0; i < 3; i++) {
            client_send(&client, REQUEST("/text") REQUEST("/later"));
            assert_next(&client, 200, "hello");
            assert_next(&client, 204, NULL);
            visitor->answered++;
        }
        client_close(&client);
    }
    return NULL;
}

static void no_request_fails_while_certificates_change(void **state) {
    (void)state;
    enum { VISITORS = 3, CHANGES = 30 };
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    struct visitor visitors[VISITORS];
    pthread_t threads[VISITORS];
    atomic_bool over = false;
    struct certificate other;
    certificate_make("other", -60, 864000, &other);
    options.max_connections = 64;
    site_start(&site, &options);
    for (int i = 0; i < VISITORS; i++) {
        visitors[i] = (struct visitor){&site, &over, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    }
    for (int i = 0; i < CHANGES; i++) {
        struct berth_error error = {0};
        const struct certificate *next = i % 2 ? site_certificate() : &other;
        assert_int_equal(renew(site.listener, next->certificate, next->key, &error), BERTH_OK);
        (void)berth_listener_certificate_end_ms(site.listener);
        assert_serves(&site, i % 2 ? "site" : "other");
    }
    atomic_store(&over, true);
    for (int i = 0; i < VISITORS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(visitors[i].answered > 0);
    }
    site_stop(&site);
}

int main(void) {
    (void)setenv("BERTH_TEST_ENGINE", "tls", 1);
#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, site_setup, site_teardown)
    const struct CMUnitTest tests[] = {
        WITH_SITE(versions_1_2_and_1_3_are_spoken_and_none_before),
        WITH_SITE(a_client_that_names_its_protocols_gets_http_1_1_or_a_refusal),
        WITH_SITE(sessions_are_resumed),
        WITH_SITE(a_request_without_tls_is_told_so),
        cmocka_unit_test(what_is_no_handshake_or_half_of_one_is_cut_and_delays_nobody),
        WITH_SITE(keys_may_be_updated_but_not_without_end),
        WITH_SITE(handshakes_are_not_begun_again),
        WITH_SITE(an_end_is_announced_and_a_cut_is_not),
        cmocka_unit_test(idle_connections_end_by_an_announcement),
        WITH_SITE(a_client_that_stops_reading_goes_on_where_it_was),
        cmocka_unit_test(a_certificate_is_renewed_while_connections_are_open),
        WITH_SITE(files_that_are_no_good_are_refused_and_the_old_ones_stay),
        WITH_SITE(one_that_has_ended_or_not_begun_is_taken),
        WITH_SITE(a_chain_is_sent_whole),
        cmocka_unit_test(it_takes_both_files_to_speak_tls),
        cmocka_unit_test(no_request_fails_while_certificates_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
