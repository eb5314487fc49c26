/* Whether the files of TLS will do, in words for whoever has set them. */
#include "options.h"

#include "berth/http.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One listener's two settings. */
struct pair {
    const char *certificate_name;
    const char *key_name;
    const char *certificate;
    const char *key;
};

static enum berth_code fail(struct berth_error *error, bool is_key, const char *path,
                            const char *name, const char *text) {
    berth_fail(error, BERTH_INVALID, is_key ? "tls-key" : "tls-certificate", "%s: %s", name, text);
    berth_error_where(error, "%s", path);
    return BERTH_INVALID;
}

/* --- reading --- */

static enum berth_code check_file(const char *path, const char *name, bool is_key, mode_t *ret_mode,
                                  struct berth_error *error) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int reason = errno;
    bool good = fd >= 0 && fstat(fd, &info) == 0;
    if (fd >= 0)
        (void)close(fd);
    if (good && S_ISREG(info.st_mode)) {
        *ret_mode = info.st_mode;
        return BERTH_OK;
    }
    char text[160];
    (void)snprintf(text, sizeof text, "the file cannot be read: %s",
                   good ? "it is not a regular file" : strerror(reason));
    fail(error, is_key, path, name, text);
    if (!good && reason == EACCES)
        berth_error_hint(error,
                         "the user that the server runs as (number %u here) must be able to read "
                         "it, and to enter the folders above it",
                         (unsigned)geteuid());
    else
        berth_error_hint(error, "give the path of a file in PEM form");
    return BERTH_INVALID;
}

/* A key with a passphrase could be asked for at no start. */
static int no_passphrase(char *ret, int size, int writing, void *context) {
    (void)ret;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

/* Why OpenSSL has failed: its queue holds the cause, and what each layer above made of that. */
struct cause {
    bool not_pem;
    bool mismatch;
    bool passphrase;
    bool weak;
    const char *first;
};

static struct cause read_cause(void) {
    struct cause cause = {.first = "no reason given"};
    unsigned long problem;
    for (bool first = true; (problem = ERR_get_error()); first = false) {
        int library = ERR_GET_LIB(problem);
        int reason = ERR_GET_REASON(problem);
        const char *text = ERR_reason_error_string(problem);
        if (first && text)
            cause.first = text;
        cause.not_pem |= library == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE;
        cause.not_pem |= library == ERR_LIB_OSSL_DECODER && reason == ERR_R_UNSUPPORTED;
        cause.passphrase |= library == ERR_LIB_PEM && reason == PEM_R_BAD_PASSWORD_READ;
        cause.mismatch |= library == ERR_LIB_X509 && (reason == X509_R_KEY_VALUES_MISMATCH ||
                                                      reason == X509_R_KEY_TYPE_MISMATCH);
        cause.weak |= library == ERR_LIB_SSL &&
                      (reason == SSL_R_EE_KEY_TOO_SMALL || reason == SSL_R_CA_KEY_TOO_SMALL ||
                       reason == SSL_R_CA_MD_TOO_WEAK);
    }
    return cause;
}

static enum berth_code refuse(struct berth_error *error, bool is_key, const struct pair *pair,
                              const char *text, const char *hint) {
    enum berth_code code = fail(error, is_key, is_key ? pair->key : pair->certificate,
                                is_key ? pair->key_name : pair->certificate_name, text);
    berth_error_hint(error, "%s", hint);
    return code;
}

static enum berth_code refuse_otherwise(struct berth_error *error, bool is_key,
                                        const struct pair *pair, const char *reason) {
    char text[160];
    (void)snprintf(text, sizeof text, "OpenSSL does not take it: %s", reason);
    return refuse(error, is_key, pair, text,
                  is_key ? "look at it with: openssl pkey -noout -text -in FILE"
                         : "look at it with: openssl x509 -noout -text -in FILE");
}

static enum berth_code load_certificate(SSL_CTX *context, const struct pair *pair,
                                        struct berth_error *error) {
    if (SSL_CTX_use_certificate_chain_file(context, pair->certificate) == 1)
        return BERTH_OK;
    struct cause cause = read_cause();
    if (cause.not_pem)
        return refuse(error, false, pair, "there is no certificate in PEM form in it",
                      "it is a text that begins with -----BEGIN CERTIFICATE-----; of a binary one "
                      "openssl x509 -inform der -in FILE -out NEW makes it");
    if (cause.weak)
        return refuse(error, false, pair, "its key or its signature is too weak",
                      "get one for a new key: of an elliptic curve, or RSA of 2048 bits or more");
    return refuse_otherwise(error, false, pair, cause.first);
}

/* A context would also take a key of another kind than the certificate's, and keep both. */
static enum berth_code load_key(SSL_CTX *context, const X509 *own, const struct pair *pair,
                                struct berth_error *error) {
    if (SSL_CTX_use_PrivateKey_file(context, pair->key, SSL_FILETYPE_PEM) == 1 &&
        X509_check_private_key(own, SSL_CTX_get0_privatekey(context)) == 1)
        return BERTH_OK;
    struct cause cause = read_cause();
    if (cause.mismatch)
        return refuse(error, true, pair, "it is not the key of the certificate",
                      "the server's own certificate stands first in its file, and the key is the "
                      "one that it was asked for with");
    if (cause.passphrase)
        return refuse(error, true, pair, "it has a passphrase, which nobody could give at a start",
                      "take it off: openssl pkey -in FILE -out NEW");
    if (cause.not_pem)
        return refuse(error, true, pair, "there is no private key in PEM form in it",
                      "it is a text that begins with -----BEGIN PRIVATE KEY-----");
    return refuse_otherwise(error, true, pair, cause.first);
}

/* What passes here is what a listener takes, in its own words where nothing above had better ones.
 */
static enum berth_code load_as_listener(const struct pair *pair, struct berth_error *error) {
    struct berth_certificate *loaded = NULL;
    enum berth_code code = berth_certificate_load(pair->certificate, pair->key, &loaded, error);
    berth_certificate_free(loaded);
    return code;
}

/* --- what is no reason to refuse it --- */

static void warn_of_times(const X509 *certificate, const char *path,
                          void (*warn)(const char *text, const char *path)) {
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        warn("the certificate has expired, and browsers will refuse it: get a new one", path);
    else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        warn("the certificate is not good yet: is the clock right?", path);
}

static enum berth_code check_pair(const struct pair *pair,
                                  void (*warn)(const char *text, const char *path),
                                  struct berth_error *error) {
    mode_t mode = 0;
    enum berth_code code =
        check_file(pair->certificate, pair->certificate_name, false, &mode, error);
    if (code == BERTH_OK)
        code = check_file(pair->key, pair->key_name, true, &mode, error);
    if (code != BERTH_OK)
        return code;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    code = load_certificate(context, pair, error);
    const X509 *own = SSL_CTX_get0_certificate(context);
    if (code == BERTH_OK)
        code = load_key(context, own, pair, error);
    if (code == BERTH_OK && warn)
        warn_of_times(own, pair->certificate, warn);
    if (code == BERTH_OK && warn && (mode & S_IRWXO))
        warn("other users of this machine may read the private key: chmod o= FILE", pair->key);
    SSL_CTX_free(context);
    return code == BERTH_OK ? load_as_listener(pair, error) : code;
}

enum berth_code serve_certificates_check(const struct berth_serve_options *options,
                                         void (*warn)(const char *text, const char *path),
                                         struct berth_error *error) {
    const struct pair pairs[] = {
        {"tls-certificate", "tls-key", options->tls_certificate, options->tls_key},
        {"admin-tls-certificate", "admin-tls-key", options->admin_tls_certificate,
         options->admin_tls_key},
    };
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; code == BERTH_OK && i < sizeof pairs / sizeof *pairs; i++)
        if (*pairs[i].certificate)
            code = check_pair(&pairs[i], warn, error);
    return code;
}
