#include "berth/preview.h"
#include "desk.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 32, MAC_TEXT_BYTES = 48, UNTIL_DIGITS = 12 };

static unsigned char key[KEY_BYTES];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void make_key(void) {
    berth_random(key, sizeof key);
}

static void make_mac(const char *text, size_t length, char ret[MAC_TEXT_BYTES]) {
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_length = 0;
    pthread_once(&key_once, make_key);
    if (!HMAC(EVP_sha256(), key, sizeof key, (const unsigned char *)text, length, mac, &mac_length))
        abort(); /* as without random bytes: nothing may be signed with less */
    berth_base64url(mac, mac_length, ret);
}

void berth_preview_sign(const struct berth_preview *preview, char ret[BERTH_PREVIEW_TEXT_BYTES]) {
    char mac[MAC_TEXT_BYTES];
    int length = snprintf(ret, BERTH_PREVIEW_TEXT_BYTES, "%s@%s.%lld", preview->module,
                          preview->version, (long long)preview->until_s);
    make_mac(ret, (size_t)length, mac);
    (void)snprintf(ret + length, BERTH_PREVIEW_TEXT_BYTES - (size_t)length, ".%s", mac);
}

/* What was signed here has this form. */
static bool split(const char *text, size_t length, struct berth_preview *ret) {
    char copy[BERTH_PREVIEW_TEXT_BYTES];
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *until = strrchr(copy, '.');
    if (!until || strspn(until + 1, "0123456789") != strlen(until + 1) ||
        strlen(until + 1) > UNTIL_DIGITS)
        return false;
    *until = '\0';
    char *version = strrchr(copy, '@');
    if (!version || version == copy)
        return false;
    *version++ = '\0';
    if (strlen(copy) >= sizeof ret->module || strlen(version) >= sizeof ret->version)
        return false;
    memcpy(ret->module, copy, strlen(copy) + 1);
    memcpy(ret->version, version, strlen(version) + 1);
    ret->until_s = strtoll(until + 1, NULL, 10);
    return true;
}

bool berth_preview_check(const char *text, int64_t now_s, struct berth_preview *ret) {
    char mac[MAC_TEXT_BYTES];
    const char *dot = strrchr(text, '.');
    if (!dot || strlen(text) >= BERTH_PREVIEW_TEXT_BYTES)
        return false;
    make_mac(text, (size_t)(dot - text), mac);
    if (strlen(dot + 1) != strlen(mac) || !berth_equal_constant_time(dot + 1, mac, strlen(mac)))
        return false;
    return split(text, (size_t)(dot - text), ret) && ret->until_s > now_s;
}

enum berth_code berth_desk_preview(struct berth_desk *desk, const struct berth_snapshot *snapshot,
                                   const char *path, const struct berth_preview *preview,
                                   struct berth_snapshot_page **ret, struct berth_error *error) {
    struct berth_edition *edition = NULL;
    enum berth_code code =
        berth_edition_read(preview->module, preview->version, &desk->views, &edition, error);
    if (code == BERTH_OK)
        code = berth_snapshot_preview(snapshot, path, edition, ret, error);
    if (edition)
        berth_edition_unref(desk->bodies, edition);
    return code;
}

void berth_preview_page_done(struct berth_snapshot_page *page) {
    if (page)
        berth_template_done(&page->template);
    free(page);
}
