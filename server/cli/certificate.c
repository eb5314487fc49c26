#include "certificate.h"

#include "client.h"

#include <curl/curl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

enum { CONNECT_MS = 5000 };

/* The end of the server's own certificate, which is the first. */
static int64_t end_of(CURL *curl) {
    static const char key[] = "Expire date:";
    struct curl_certinfo *info = NULL;
    if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
        info->num_of_certs < 1)
        return -1;
    for (const struct curl_slist *line = info->certinfo[0]; line; line = line->next)
        if (strncmp(line->data, key, sizeof key - 1) == 0)
            return curl_getdate(line->data + sizeof key - 1, NULL);
    return -1;
}

/* One handshake. */
static CURLcode shake(const struct cli_certificate_request *request, bool chain, bool name,
                      struct cli_certificate *ret) {
    char problem[CURL_ERROR_SIZE] = "";
    long verify = 0;
    CURL *curl = curl_easy_init();
    if (!curl)
        return CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, chain ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, name ? 2L : 0L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
    if (request->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
    if (cli_is_loopback(request->url))
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (request->ca_file && request->only_ca_file)
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK && !chain && !name)
        ret->until_s = end_of(curl);
    curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verify);
    if (code == CURLE_PEER_FAILED_VERIFICATION && chain && verify == X509_V_ERR_CERT_HAS_EXPIRED)
        code = CURLE_OK; /* that is told by its end */
    if (code != CURLE_OK)
        (void)snprintf(ret->problem, sizeof ret->problem, "%s",
                       problem[0] ? problem : curl_easy_strerror(code));
    curl_easy_cleanup(curl);
    return code;
}

void cli_certificate_look(const struct cli_certificate_request *request,
                          struct cli_certificate *ret) {
    *ret = (struct cli_certificate){.until_s = -1};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    ret->shown = shake(request, false, false, ret) == CURLE_OK;
    if (ret->shown) {
        ret->for_name = shake(request, false, true, ret) == CURLE_OK;
        ret->trusted = shake(request, true, false, ret) == CURLE_OK;
    }
    curl_global_cleanup();
}
