#include "handlers.h"

#include "berth/clock.h"
#include "berth/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DESCRIPTION_MAX_BYTES = 8 * 1024 * 1024, URL_MAX_BYTES = 4096, DIGEST_TEXT_BYTES = 80 };

json_t *api_time(int64_t time_ms) {
    if (!time_ms)
        return json_null();
    char text[BERTH_RFC3339_BYTES];
    berth_rfc3339(time_ms, text);
    return json_string(text);
}

void api_number_etag(int64_t number, char ret[32]) {
    (void)snprintf(ret, 32, "\"%lld\"", (long long)number);
}

static const char *kind_text(enum berth_change_kind kind) {
    switch (kind) {
    case BERTH_CHANGE_ROLLBACK:
        return "rollback";
    case BERTH_CHANGE_PAGE:
        return "page";
    case BERTH_CHANGE_PAGE_DELETED:
        return "page-deleted";
    case BERTH_CHANGE_EXTERNALS:
        return "imports";
    case BERTH_CHANGE_ACTIVATION:
        break;
    }
    return "activation";
}

json_t *api_change_json(const struct berth_change *change) {
    return json_pack("{sI ss ss? ss? so ss? ss?}", "generation", (json_int_t)change->generation,
                     "kind", kind_text(change->kind), "version", change->version, "previous",
                     change->previous, "at", api_time(change->at_ms), "by", change->by, "reason",
                     change->reason);
}

static json_t *digest_json(const struct berth_digest *digest) {
    char hex[BERTH_HEX_BYTES], text[DIGEST_TEXT_BYTES];
    berth_digest_hex(digest, hex);
    (void)snprintf(text, sizeof text, "sha256:%s", hex);
    return json_string(text);
}

const char *api_compression(enum berth_compression compression) {
    switch (compression) {
    case BERTH_COMPRESSION_QUICK:
        return "quick";
    case BERTH_COMPRESSION_BEST:
        return "best";
    case BERTH_COMPRESSION_NONE:
        break;
    }
    return "none";
}

/* {coding: bytes} of the variants that there are. */
static json_t *variants_json(const struct berth_asset *asset) {
    json_t *json = json_object();
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        if (asset->variants[i].bytes > 0)
            json_object_set_new(json, berth_coding_name((enum berth_coding)i),
                                json_integer((json_int_t)asset->variants[i].bytes));
    return json;
}

/* {coding: bytes} that all files together take for a client that has that coding alone. */
static json_t *encoded_json(const struct berth_version *version) {
    json_t *json = json_object();
    for (int i = 0; i < BERTH_CODING_COUNT; i++) {
        int64_t bytes = 0;
        for (size_t j = 0; j < version->asset_count; j++) {
            const struct berth_asset *asset = &version->assets[j];
            bytes += asset->variants[i].bytes > 0 ? asset->variants[i].bytes : asset->bytes;
        }
        json_object_set_new(json, berth_coding_name((enum berth_coding)i),
                            json_integer((json_int_t)bytes));
    }
    return json;
}

static json_t *files_json(const struct berth_version *version, const json_t *integrities) {
    json_t *files = json_array();
    for (size_t i = 0; i < version->asset_count; i++) {
        const struct berth_asset *asset = &version->assets[i];
        json_array_append_new(files,
                              json_pack("{ss sI so so ss*}", "path", asset->path, "bytes",
                                        (json_int_t)asset->bytes, "encodedBytes",
                                        variants_json(asset), "digest", digest_json(&asset->digest),
                                        "integrity", berth_json_string(integrities, asset->path)));
    }
    return files;
}

static json_t *base_url(const struct berth_version *version, const char *public_url) {
    struct berth_buffer url;
    berth_buffer_init(&url, URL_MAX_BYTES);
    berth_asset_url(&url, public_url, version->module, version->version, "");
    json_t *value = url.failed ? json_null() : json_string(url.data);
    berth_buffer_done(&url);
    return value;
}

json_t *api_version_json(const struct berth_version *version, const char *public_url, bool files) {
    json_t *json = json_pack(
        "{ss ss so so sI sI sI so ss so so ss}", "module", version->module, "version",
        version->version, "digest", digest_json(&version->digest), "archiveDigest",
        digest_json(&version->archive_digest), "archiveBytes", (json_int_t)version->archive_bytes,
        "files", (json_int_t)version->asset_count, "bytes", (json_int_t)version->bytes,
        "encodedBytes", encoded_json(version), "compression", api_compression(version->compression),
        "url", base_url(version, public_url), "createdAt", api_time(version->created_ms),
        "createdBy", version->created_by);
    json_t *description, *integrities = NULL;
    if (json && berth_json_parse(version->description, strlen(version->description),
                                 DESCRIPTION_MAX_BYTES, &description, NULL) == BERTH_OK) {
        /* Here "files" counts them; what each should be is told beside it. */
        integrities = json_incref(json_object_get(description, "files"));
        json_object_del(description, "files");
        json_object_update(json, description);
        json_decref(description);
    }
    if (json && files)
        json_object_set_new(json, "assets", files_json(version, integrities));
    json_decref(integrities);
    return json;
}
