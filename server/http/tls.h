/* TLS of a listener: the certificate that new connections get, which can be renewed, and what is
 * spoken with it: TLS 1.2 and 1.3, "http/1.1" by ALPN, no client certificates, no renegotiation.
 * The bytes of one connection are secure.c's.
 *
 * Each certificate has a context of its own, and each connection holds the one that it was opened
 * with. Only tls.c and secure.c know OpenSSL.
 *
 * Thread rules: create and destroy by the listener's owner, the rest by any thread.
 */
#ifndef BERTH_HTTP_TLS_H
#define BERTH_HTTP_TLS_H

#include "berth/error.h"
#include "berth/http.h"
#include <stdint.h>

struct berth_tls;
struct ssl_st; /* OpenSSL's SSL */

/* As berth_certificate_load. `name` is the listener's, for the log; copied. */
enum berth_code berth_tls_create(const char *name, const char *certificate, const char *key,
                                 struct berth_tls **ret, struct berth_error *error);
/* For connections to come; it is theirs then. */
void berth_tls_take(struct berth_tls *tls, struct berth_certificate *certificate);
/* notAfter of the present certificate. */
int64_t berth_tls_end_ms(const struct berth_tls *tls);
void berth_tls_destroy(struct berth_tls *tls); /* NULL is fine */

/* A server's side, before its handshake; NULL without memory. */
struct ssl_st *berth_tls_open(struct berth_tls *tls);

#endif
