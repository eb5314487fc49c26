#include "tls.h"

#include <stddef.h>

enum berth_code berth_tls_create(const char *name, const char *certificate, const char *key,
                                 struct berth_tls **ret, struct berth_error *error) {
    (void)key;
    *ret = NULL;
    enum berth_code code =
        berth_fail(error, BERTH_UNSUPPORTED, "tls-certificate",
                   "the %s listener cannot speak TLS: this build has none", name);
    berth_error_where(error, "%s", certificate);
    return code;
}

enum berth_code berth_tls_renew(struct berth_tls *tls, const char *certificate, const char *key,
                                struct berth_error *error) {
    (void)tls;
    (void)certificate;
    (void)key;
    return berth_fail(error, BERTH_UNSUPPORTED, "tls-certificate", "this build has no TLS");
}

int64_t berth_tls_end_ms(const struct berth_tls *tls) {
    (void)tls;
    return 0;
}

void berth_tls_destroy(struct berth_tls *tls) {
    (void)tls;
}
