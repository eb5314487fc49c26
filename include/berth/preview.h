/* Previews: a page as one browser sees it with a version that is not live.
 *
 * Whoever may activate the version gets a signed text, which names it and when it ends. A link
 * brings the text to the public listener, which keeps it for the browser in a cookie. Nothing that
 * is not signed here is shown: else a link would be enough to run what somebody may publish, but
 * not activate, on the pages of whoever follows it. The key is made anew with each start.
 *
 * Thread rules: any thread.
 */
#ifndef BERTH_PREVIEW_H
#define BERTH_PREVIEW_H

#include "berth/name.h"
#include "berth/release.h"
#include "berth/semver.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    BERTH_PREVIEW_SECONDS = 8 * 60 * 60,
    BERTH_PREVIEW_TEXT_BYTES = BERTH_MODULE_MAX_BYTES + BERTH_VERSION_MAX_BYTES + 80,
};

struct berth_preview {
    char module[BERTH_MODULE_MAX_BYTES + 1];
    char version[BERTH_VERSION_MAX_BYTES + 1];
    int64_t until_s; /* seconds since 1970 */
};

/* "header-app@1.2.0.<until>.<HMAC-SHA256, URL-safe base64>", of characters that may stand in a
 * cookie. */
void berth_preview_sign(const struct berth_preview *preview, char ret[BERTH_PREVIEW_TEXT_BYTES]);
/* false when it is not one of ours, or has ended. */
bool berth_preview_check(const char *text, int64_t now_s, struct berth_preview *ret);

/* The page at a path with that version in place of what is live, told in a badge with a link that
 * leaves. *ret NULL: there is no such page. Reads the version from the registry. BERTH_NOT_FOUND
 * ("version-unknown", …). Free with berth_preview_page_done. */
enum berth_code berth_desk_preview(struct berth_desk *desk, const struct berth_snapshot *snapshot,
                                   const char *path, const struct berth_preview *preview,
                                   struct berth_snapshot_page **ret, struct berth_error *error);
void berth_preview_page_done(struct berth_snapshot_page *page); /* NULL is fine */

#endif
