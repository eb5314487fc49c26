/* Records that no TLS library would send. */
#include "http_certificate.h"
#include "http_client.h"
#include "http_fixture.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

enum {
    SECRET_BYTES = 32, /* of TLS_AES_128_GCM_SHA256 */
    KEY_BYTES = 16,
    IV_BYTES = 12,
    TAG_BYTES = 16,
    HEADER_BYTES = 5,
    RECORD_BYTES = 512,
    KIND_HANDSHAKE = 22,
    KIND_DATA = 23,
    PATIENCE_MS = 20000,
};

/* The client's side of a connection, from the handshake's end on (RFC 8446 section 5). */
struct writer {
    unsigned char key[KEY_BYTES];
    unsigned char iv[IV_BYTES];
    unsigned char count; /* of records */
};

static unsigned char client_secret[SECRET_BYTES];

/* "CLIENT_TRAFFIC_SECRET_0 RANDOM SECRET", in hexadecimal. */
static void note_secret(const SSL *tls, const char *line) {
    static const char name[] = "CLIENT_TRAFFIC_SECRET_0 ";
    (void)tls;
    if (strncmp(line, name, sizeof name - 1) != 0)
        return;
    const char *text = strrchr(line, ' ') + 1;
    size_t length = 0;
    assert_int_equal(OPENSSL_hexstr2buf_ex(client_secret, SECRET_BYTES, &length, text, '\0'), 1);
    assert_int_equal(length, SECRET_BYTES);
}

/* HKDF-Expand-Label of at most one block (RFC 8446 section 7.1). */
static void derive(const char *label, unsigned char *ret, size_t length) {
    unsigned char info[64], block[EVP_MAX_MD_SIZE];
    int size = snprintf((char *)info, sizeof info, "%c%c%ctls13 %s%c%c", 0, (int)length,
                        (int)strlen(label) + 6, label, 0, 1);
    assert_non_null(
        HMAC(EVP_sha256(), client_secret, SECRET_BYTES, info, (size_t)size, block, NULL));
    memcpy(ret, block, length);
}

/* One record at `ret`; returns its size. */
static size_t seal(struct writer *writer, int kind, const void *data, size_t length,
                   unsigned char *ret) {
    unsigned char plain[RECORD_BYTES], nonce[IV_BYTES];
    int size = 0;
    memcpy(plain, data, length);
    plain[length++] = (unsigned char)kind;
    memcpy(nonce, writer->iv, IV_BYTES);
    nonce[IV_BYTES - 1] ^= writer->count++;
    const unsigned char header[HEADER_BYTES] = {
        KIND_DATA, 3, 3, (unsigned char)((length + 16) >> 8), (unsigned char)(length + 16)};
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), NULL, writer->key, nonce), 1);
    assert_int_equal(EVP_EncryptUpdate(cipher, NULL, &size, header, HEADER_BYTES), 1);
    memcpy(ret, header, HEADER_BYTES);
    assert_int_equal(EVP_EncryptUpdate(cipher, ret + HEADER_BYTES, &size, plain, (int)length), 1);
    assert_int_equal(EVP_EncryptFinal_ex(cipher, ret + HEADER_BYTES + length, &size), 1);
    assert_int_equal(
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, ret + HEADER_BYTES + length),
        1);
    EVP_CIPHER_CTX_free(cipher);
    return HEADER_BYTES + length + TAG_BYTES;
}

static void open_by_hand(struct client *client, const char *address, struct writer *ret) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION), 1);
    assert_int_equal(SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256"), 1);
    SSL_CTX_set_keylog_callback(context, note_secret);
    SSL *tls = SSL_new(context);
    SSL_CTX_free(context);
    client_open_plain(client, address);
    assert_true(client_start_tls(client, tls));
    *ret = (struct writer){0};
    derive("key", ret->key, KEY_BYTES);
    derive("iv", ret->iv, IV_BYTES);
}

/* Reads all that comes, whatever it says; false when nothing comes any more, and no end either. */
static bool ends(int fd) {
    char piece[4096];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    while (poll(&wait, 1, PATIENCE_MS) == 1)
        if (recv(fd, piece, sizeof piece, 0) <= 0)
            return true;
    return false;
}

/* Behind the request comes the head of a KeyUpdate without its body. OpenSSL writes nothing before
 * it has read the rest, so there is no answer that could be waited for with a socket that has room.
 */
static void half_a_message_behind_a_request_ends_the_connection_at_once(void **state) {
    static const unsigned char half[] = {24, 0, 0, 1};
    static const char *const requests[] = {"GET /show/m@1/f HTTP/1.1\r\nHost: a\r\n\r\n",
                                           "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"};
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    options.body_grace_ms = 10 * PATIENCE_MS; /* slow answers are not cut before the test is over */
    options.request_timeout_ms = 10 * PATIENCE_MS;
    options.keep_alive_timeout_ms = 10 * PATIENCE_MS;
    site_start(&site, &options);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct client client;
        struct writer writer;
        unsigned char records[2 * RECORD_BYTES];
        open_by_hand(&client, site.address, &writer);
        size_t length = seal(&writer, KIND_DATA, requests[i], strlen(requests[i]), records);
        length += seal(&writer, KIND_HANDSHAKE, half, sizeof half, records + length);
        assert_int_equal(send(client.fd, records, length, MSG_NOSIGNAL), (ssize_t)length);
        assert_true(ends(client.fd));
        client_close(&client);
    }
    site_stop(&site);
}

/* That records made here are what they are meant to be. */
static void whole_records_are_answered(void **state) {
    static const char request[] = "GET /show/m@1/f HTTP/1.1\r\nHost: a\r\n\r\n";
    static const unsigned char update[] = {24, 0, 0, 1, 0};
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    struct client client;
    struct writer writer;
    struct answer answer;
    unsigned char records[2 * RECORD_BYTES];
    site_start(&site, &options);
    open_by_hand(&client, site.address, &writer);
    size_t length = seal(&writer, KIND_DATA, request, sizeof request - 1, records);
    length += seal(&writer, KIND_HANDSHAKE, update, sizeof update, records + length);
    assert_int_equal(send(client.fd, records, length, MSG_NOSIGNAL), (ssize_t)length);
    client_answer(&client, true, &answer);
    assert_int_equal(answer.status, 200);
    answer_done(&answer);
    client_close(&client);
    site_stop(&site);
}

int main(void) {
    (void)setenv("BERTH_TEST_ENGINE", "tls", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_records_are_answered),
        cmocka_unit_test(half_a_message_behind_a_request_ends_the_connection_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
