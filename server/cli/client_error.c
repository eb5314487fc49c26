/* Why there was no answer, in words that say what to do. */
#include "client.h"

#include <ctype.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

static bool is_https(const struct cli_client *client) {
    return strncasecmp(client->server, "https://", 8) == 0;
}

/* The C library and curl begin their texts with a capital: "Connection refused", but "SSL …". */
static void lower_first(char *text) {
    if (text[0] != '\0' && islower((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
}

/* "OpenSSL/3.0.22: error:0A00010B:SSL routines::wrong version number": the last of it says it. */
static const char *without_prefix(const char *text) {
    static const char *const prefixes[] = {"SSL certificate problem: ", "SSL: "};
    const char *routine = strstr(text, "SSL routines::");
    if (routine)
        return routine + strlen("SSL routines::");
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
            return text + strlen(prefixes[i]);
    return text;
}

static void reason_of(struct cli_client *client, CURLcode code, char *ret, size_t size) {
    long number = 0;
    char text[128];
    const char *detail = client->detail[0] ? client->detail : curl_easy_strerror(code);
    curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &number);
    detail = without_prefix(detail);
    if (code == CURLE_COULDNT_CONNECT && number != 0)
        detail = strerror_r((int)number, text, sizeof text);
    (void)snprintf(ret, size, "%s", detail);
    lower_first(ret);
}

static enum berth_code bad_ca_file(const struct cli_client *client, struct berth_error *error) {
    berth_fail(error, BERTH_INVALID, "ca-file", "the file of certificates to trust has none");
    berth_error_where(error, "%s", client->ca_file ? client->ca_file : "the system's");
    berth_error_hint(error, "it must hold the CA's certificate in PEM form (BEGIN CERTIFICATE)");
    return BERTH_INVALID;
}

static enum berth_code bad_certificate(struct cli_client *client, const char *reason,
                                       struct berth_error *error) {
    long verify = 0;
    curl_easy_getinfo(client->curl, CURLINFO_SSL_VERIFYRESULT, &verify);
    berth_fail(error, BERTH_IO, "certificate", "the certificate of %s is not to be trusted: %s",
               client->server, reason);
    if (verify == X509_V_ERR_CERT_HAS_EXPIRED || verify == X509_V_ERR_CERT_NOT_YET_VALID)
        berth_error_hint(error, "renew it on the server; if it is good, this machine's clock is "
                                "wrong");
    else if (verify == X509_V_OK || verify == X509_V_ERR_UNSPECIFIED) /* curl looks at the name */
        berth_error_hint(error, "name the server by a name that is in its certificate, or make one "
                                "for this name");
    else if (client->ca_file)
        berth_error_hint(error,
                         "%s is not the CA that signed it, or the server does not send the "
                         "certificates between",
                         client->ca_file);
    else
        berth_error_hint(error, "if it is of a CA of your own, name the CA's certificate with "
                                "--ca-file or BERTH_CA_FILE");
    return BERTH_IO;
}

/* What a TLS listener says to plain HTTP depends on who listens: nothing, an alert, a reset. */
static bool may_be_tls(const struct cli_client *client, CURLcode code) {
    return !is_https(client) &&
           (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR ||
            code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL);
}

static void add_hint(const struct cli_client *client, const char *method, CURLcode code, bool sent,
                     struct berth_error *error) {
    const char *host = strstr(client->server, "://");
    host = host ? host + 3 : "";
    if (code == CURLE_COULDNT_CONNECT)
        berth_error_hint(error, "is the server running? start it with \"berth serve --data DIR\", "
                                "or set BERTH_SERVER to its admin address");
    else if (code == CURLE_COULDNT_RESOLVE_HOST)
        berth_error_hint(error, "check the host name in --server or BERTH_SERVER");
    else if (code == CURLE_SSL_CONNECT_ERROR)
        berth_error_hint(error, "does it speak plain HTTP there? then it is http://%s", host);
    else if (sent && strcmp(method, "GET") != 0)
        berth_error_hint(error,
                         "whether the server did it is not known: look before trying again%s%s",
                         may_be_tls(client, code) ? "; if it speaks TLS there, it is https://" : "",
                         may_be_tls(client, code) ? host : "");
    else if (may_be_tls(client, code))
        berth_error_hint(error, "does it speak TLS there? then it is https://%s", host);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        berth_error_hint(error, "see that --server or BERTH_SERVER is its admin address, that no "
                                "firewall is between, and what its log says");
}

enum berth_code cli_client_failed(struct cli_client *client, const char *method, CURLcode code,
                                  struct berth_error *error) {
    char reason[CURL_ERROR_SIZE];
    curl_off_t sent_us = 0; /* when the request could be sent; 0 when that never came */
    reason_of(client, code, reason, sizeof reason);
    if (code == CURLE_SSL_CACERT_BADFILE)
        return bad_ca_file(client, error);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return bad_certificate(client, reason, error);
    curl_easy_getinfo(client->curl, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    berth_fail(error, BERTH_IO, "unreachable", "%s %s: %s",
               sent_us > 0 ? "lost the connection to" : "cannot reach", client->server, reason);
    add_hint(client, method, code, sent_us > 0, error);
    return BERTH_IO;
}
