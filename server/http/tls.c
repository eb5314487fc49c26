#include "tls.h"

#include "berth/clock.h"
#include "berth/log.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_PEM_BYTES = 1024 * 1024,
    MAX_CHAIN = 16, /* certificates behind the first; all are sent in each handshake */
};

struct berth_certificate {
    SSL_CTX *context;
    char *path; /* for the log */
    int64_t start_ms;
    int64_t end_ms;
};

struct berth_tls {
    char name[8];
    pthread_mutex_t lock; /* of the pointer */
    SSL_CTX *context;
    _Atomic int64_t end_ms;
};

/* What is being read, for errors to tell. */
struct source {
    const char *rule;
    const char *what;
    const char *path;
};

/* --- files --- */

/* Not a pipe, which could make the caller wait. */
static bool read_all(int fd, BIO *ret) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    errno = S_ISDIR(status.st_mode) ? EISDIR : S_ISREG(status.st_mode) ? EFBIG : EINVAL;
    if (!S_ISREG(status.st_mode) || status.st_size > MAX_PEM_BYTES)
        return false;
    char piece[4096];
    ssize_t count;
    size_t total = 0;
    while ((count = read(fd, piece, sizeof piece)) > 0 && total <= MAX_PEM_BYTES &&
           BIO_write(ret, piece, (int)count) == (int)count)
        total += (size_t)count;
    OPENSSL_cleanse(piece, sizeof piece);
    if (count > 0)
        errno = total > MAX_PEM_BYTES ? EFBIG : ENOMEM;
    return count == 0;
}

static enum berth_code open_source(const struct source *source, BIO **ret,
                                   struct berth_error *error) {
    BIO *bytes = BIO_new(BIO_s_secmem());
    int fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (bytes && fd >= 0 && read_all(fd, bytes)) {
        (void)close(fd);
        *ret = bytes;
        return BERTH_OK;
    }
    enum berth_code code =
        berth_fail_errno(error, source->rule, "cannot read the %s of TLS", source->what);
    berth_error_where(error, "%s", source->path);
    berth_error_hint(error, "it must be a PEM file, with a path from where the server was started, "
                            "and the server's user must be able to read it");
    if (fd >= 0)
        (void)close(fd);
    BIO_free(bytes);
    return code;
}

/* What OpenSSL says of the last failure is part of the text. */
static enum berth_code fail(const struct source *source, const char *text, const char *hint,
                            struct berth_error *error) {
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    enum berth_code code = berth_fail(error, BERTH_INVALID, source->rule, "%s%s%s%s", text,
                                      reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
    berth_error_where(error, "%s", source->path);
    berth_error_hint(error, "%s", hint);
    ERR_clear_error();
    return code;
}

static enum berth_code add_chain(SSL_CTX *context, BIO *bytes, const struct source *source,
                                 struct berth_error *error) {
    for (int i = 0; i <= MAX_CHAIN; i++) {
        X509 *next = PEM_read_bio_X509(bytes, NULL, NULL, NULL);
        if (!next && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
            ERR_clear_error();
            return BERTH_OK;
        }
        if (!next || SSL_CTX_add0_chain_cert(context, next) != 1) {
            X509_free(next);
            return fail(source, "a certificate of the chain is damaged or too weak",
                        "take the file anew from whoever issued the certificate", error);
        }
    }
    return fail(source, "the chain has too many certificates",
                "leave those in that lead from the server's own to a known authority", error);
}

/* Its own certificate comes first, and is returned: the context's. */
static enum berth_code use_certificate(SSL_CTX *context, const struct source *source, X509 **ret,
                                       struct berth_error *error) {
    BIO *bytes = NULL;
    enum berth_code code = open_source(source, &bytes, error);
    if (code)
        return code;
    X509 *own = PEM_read_bio_X509(bytes, NULL, NULL, NULL);
    if (!own)
        code = fail(source, "the file holds no certificate in PEM",
                    "it begins with -----BEGIN CERTIFICATE-----; openssl x509 -inform der makes it "
                    "of DER",
                    error);
    else if (SSL_CTX_use_certificate(context, own) != 1)
        code =
            fail(source, "the certificate cannot be used",
                 "make one with a key of at least 2048 bits (RSA) or 256 (EC), and SHA-256", error);
    if (!code)
        code = add_chain(context, bytes, source, error);
    X509_free(own);
    BIO_free(bytes);
    *ret = code ? NULL : SSL_CTX_get0_certificate(context);
    return code;
}

/* Nobody is there to type one. */
static int refuse_password(char *ret, int size, int writes, void *asked) {
    (void)ret;
    (void)size;
    (void)writes;
    *(bool *)asked = true;
    return -1;
}

static enum berth_code use_key(SSL_CTX *context, X509 *own, const struct source *source,
                               struct berth_error *error) {
    BIO *bytes = NULL;
    bool asked = false;
    enum berth_code code = open_source(source, &bytes, error);
    if (code)
        return code;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bytes, NULL, refuse_password, &asked);
    if (!key && asked)
        code = fail(source, "the key is protected by a pass phrase",
                    "write it without one: openssl pkey -in THIS -out NEW, readable by the server "
                    "only",
                    error);
    else if (!key)
        code = fail(source, "the file holds no private key in PEM",
                    "it begins with -----BEGIN PRIVATE KEY----- or the like", error);
    else if (X509_check_private_key(own, key) != 1)
        code =
            fail(source, "the key does not belong to the certificate",
                 "give the key that the first certificate of the other file was made for", error);
    else if (SSL_CTX_use_PrivateKey(context, key) != 1)
        code = fail(source, "the key cannot be used", "make an RSA or EC key, and a certificate",
                    error);
    EVP_PKEY_free(key);
    BIO_free(bytes);
    return code;
}

/* --- contexts --- */

/* RFC 7301: a client that names protocols and not ours is told so. */
static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_length,
                           const unsigned char *offered, unsigned int length, void *context) {
    static const unsigned char ours[] = "http/1.1";
    (void)ssl;
    (void)context;
    for (unsigned int i = 0; i < length; i += 1U + offered[i]) {
        if (offered[i] == sizeof ours - 1 && length - i > sizeof ours - 1 &&
            memcmp(offered + i + 1, ours, sizeof ours - 1) == 0) {
            *ret = offered + i + 1;
            *ret_length = sizeof ours - 1;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Sessions are resumed by tickets, so the server keeps nothing of them. Buffers of idle connections
 * are given back, and one call reads all that the socket has. Without AUTO_RETRY a read ends after
 * a buffer without data, so that secure.c can count them. */
static SSL_CTX *make_context(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context)
        return NULL;
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(context, 1);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return context;
}

static int64_t time_ms(const ASN1_TIME *time) {
    struct tm parts;
    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : 0;
}

enum berth_code berth_certificate_load(const char *certificate, const char *key,
                                       struct berth_certificate **ret, struct berth_error *error) {
    const struct source first = {"tls-certificate", "certificate", certificate};
    const struct source second = {"tls-key", "private key", key};
    X509 *own = NULL;
    ERR_clear_error();
    struct berth_certificate *loaded = calloc(1, sizeof *loaded);
    if (loaded) {
        loaded->path = strdup(certificate);
        loaded->context = make_context();
    }
    if (!loaded || !loaded->path || !loaded->context) {
        berth_certificate_free(loaded);
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    }
    enum berth_code code = use_certificate(loaded->context, &first, &own, error);
    if (!code)
        code = use_key(loaded->context, own, &second, error);
    if (code) {
        berth_certificate_free(loaded);
        return code;
    }
    loaded->start_ms = time_ms(X509_get0_notBefore(own));
    loaded->end_ms = time_ms(X509_get0_notAfter(own));
    *ret = loaded;
    return BERTH_OK;
}

void berth_certificate_free(struct berth_certificate *certificate) {
    if (!certificate)
        return;
    SSL_CTX_free(certificate->context);
    free(certificate->path);
    free(certificate);
}

/* --- a listener's --- */

static void warn_of_times(const struct berth_tls *tls, const struct berth_certificate *taken) {
    int64_t now_ms = berth_now_ms();
    if (now_ms >= taken->start_ms && now_ms < taken->end_ms)
        return;
    berth_log_event("warn", "tls-certificate",
                    json_pack("{s:s, s:o, s:s, s:I, s:I}", "listener", tls->name, "file",
                              berth_log_text(taken->path), "message",
                              now_ms < taken->start_ms ? "the certificate does not hold yet"
                                                       : "the certificate has ended",
                              "fromMs", (json_int_t)taken->start_ms, "untilMs",
                              (json_int_t)taken->end_ms));
}

void berth_tls_take(struct berth_tls *tls, struct berth_certificate *certificate) {
    warn_of_times(tls, certificate);
    atomic_store(&tls->end_ms, certificate->end_ms);
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *before = tls->context;
    tls->context = certificate->context;
    pthread_mutex_unlock(&tls->lock);
    certificate->context = before;
    berth_certificate_free(certificate);
}

enum berth_code berth_tls_create(const char *name, const char *certificate, const char *key,
                                 struct berth_tls **ret, struct berth_error *error) {
    struct berth_certificate *loaded = NULL;
    enum berth_code code = berth_certificate_load(certificate, key, &loaded, error);
    if (!loaded)
        return code;
    struct berth_tls *tls = calloc(1, sizeof *tls);
    if (!tls) {
        berth_certificate_free(loaded);
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    }
    (void)snprintf(tls->name, sizeof tls->name, "%s", name);
    pthread_mutex_init(&tls->lock, NULL);
    berth_tls_take(tls, loaded);
    *ret = tls;
    return BERTH_OK;
}

int64_t berth_tls_end_ms(const struct berth_tls *tls) {
    return atomic_load(&tls->end_ms);
}

void berth_tls_destroy(struct berth_tls *tls) {
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

/* A connection holds its context. */
struct ssl_st *berth_tls_open(struct berth_tls *tls) {
    pthread_mutex_lock(&tls->lock);
    SSL *ssl = SSL_new(tls->context);
    pthread_mutex_unlock(&tls->lock);
    if (ssl)
        SSL_set_accept_state(ssl);
    return ssl;
}
