#include "http_certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_FILES = 32 };

static char folder[] = "/tmp/berth-tls-XXXXXX";
static char files[MAX_FILES][CERTIFICATE_PATH_BYTES];
static int file_count;

static void remove_all(void) {
    for (int i = 0; i < file_count; i++)
        (void)unlink(files[i]);
    (void)rmdir(folder);
}

void certificate_path(const char *name, char ret[CERTIFICATE_PATH_BYTES]) {
    if (file_count == 0) {
        assert_non_null(mkdtemp(folder));
        (void)atexit(remove_all);
    }
    assert_in_range(snprintf(ret, CERTIFICATE_PATH_BYTES, "%s/%s", folder, name), 1,
                    CERTIFICATE_PATH_BYTES - 1);
    for (int i = 0; i < file_count; i++) {
        if (strcmp(files[i], ret) == 0)
            return;
    }
    assert_true(file_count < MAX_FILES);
    memcpy(files[file_count++], ret, CERTIFICATE_PATH_BYTES);
}

static X509 *make(EVP_PKEY *key, const char *name, long from_s, long until_s) {
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), file_count + 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), from_s));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), until_s));
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(certificate, subject), 1);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

void certificate_make(const char *name, long from_s, long until_s, struct certificate *ret) {
    char file[32];
    (void)snprintf(file, sizeof file, "%s.pem", name);
    certificate_path(file, ret->certificate);
    (void)snprintf(file, sizeof file, "%s.key", name);
    certificate_path(file, ret->key);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    X509 *certificate = make(key, name, from_s, until_s);
    FILE *out = fopen(ret->certificate, "we");
    assert_non_null(out);
    assert_int_equal(PEM_write_X509(out, certificate), 1);
    assert_int_equal(fclose(out), 0);
    out = fopen(ret->key, "we");
    assert_non_null(out);
    assert_int_equal(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(out), 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
}
