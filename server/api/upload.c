#include "handlers.h"

#include "berth/json.h"
#include "berth/semver.h"

#include <string.h>
#include <strings.h>

/* A form cannot send these, and curl's default for --data-binary is a form's type. */
static enum berth_code check_type(const struct berth_exchange *exchange,
                                  struct berth_error *error) {
    static const char *const forms[] = {"application/x-www-form-urlencoded", "multipart/", "text/"};
    const char *type = berth_exchange_header(exchange, "Content-Type");
    for (size_t i = 0; type && i < sizeof forms / sizeof *forms; i++)
        if (strncasecmp(type, forms[i], strlen(forms[i])) == 0) {
            enum berth_code code = berth_fail(error, BERTH_UNSUPPORTED, "media-type",
                                              "the body must be an archive, not a form or text");
            berth_error_hint(error, "send it with: curl -T FILE, or name its type with "
                                    "-H 'Content-Type: application/gzip'");
            return code;
        }
    return BERTH_OK;
}

/* The value of a key, which is not the end of another key. */
static const char *find_value(const char *header, const char *key) {
    for (const char *at = header; (at = strstr(at, key)) != NULL; at++)
        if (at == header || strchr(", \t", at[-1]))
            return at + strlen(key);
    return NULL;
}

/* Repr-Digest: sha-256=:<base64>: (RFC 9530), among digests of other kinds. */
static enum berth_code read_digest(const struct berth_exchange *exchange, bool *ret_given,
                                   struct berth_digest *ret, struct berth_error *error) {
    const char *header = berth_exchange_header(exchange, "Repr-Digest");
    *ret_given = false;
    if (!header)
        return BERTH_OK;
    const char *digits = find_value(header, "sha-256=:");
    const char *end = digits ? strchr(digits, ':') : NULL;
    if (end && berth_digest_parse_base64(digits, (size_t)(end - digits), ret)) {
        *ret_given = true;
        return BERTH_OK;
    }
    enum berth_code code = berth_fail(error, BERTH_INVALID, "repr-digest",
                                      "Repr-Digest holds no SHA-256 that can be read");
    berth_error_hint(error, "write it as sha-256=:<44 base64 digits>: or leave the header out");
    return code;
}

static enum berth_code add_piece(const void *data, size_t length, void *context,
                                 struct berth_error *error) {
    return berth_upload_add(context, data, length, error);
}

int64_t api_max_archive_bytes(const struct berth_api *api) {
    struct berth_desk_limits limits;
    berth_desk_limits(api->desk, &limits);
    return limits.archive.archive_bytes;
}

enum berth_code api_spool(struct berth_exchange *exchange, const struct berth_api *api,
                          struct api_spooled *ret, struct berth_error *error) {
    enum berth_code code = check_type(exchange, error);
    if (code == BERTH_OK)
        code = read_digest(exchange, &ret->given, &ret->digest, error);
    if (code == BERTH_OK)
        code = api_reason(berth_exchange_query(exchange, "reason"), error);
    if (code == BERTH_OK)
        code = berth_upload_begin(api->desk, &ret->upload, error);
    if (code != BERTH_OK)
        return code;
    code = berth_exchange_read(exchange, api_max_archive_bytes(api), add_piece, ret->upload, error);
    if (code != BERTH_OK)
        berth_upload_abort(ret->upload);
    return code;
}

static json_t *uploaded_json(const struct berth_api *api, const struct berth_uploaded *uploaded,
                             bool live) {
    json_t *json = api_version_json(&uploaded->version, api->public_url, false);
    json_object_set_new(json, "live", json_boolean(live));
    if (uploaded->activated) {
        json_object_set_new(json, "generation",
                            json_integer((json_int_t)uploaded->activation.generation));
        json_object_set_new(json, "previous",
                            uploaded->activation.previous
                                ? json_string(uploaded->activation.previous)
                                : json_null());
    }
    return json;
}

static void set_report(json_t *json, const struct berth_uploaded *uploaded) {
    if (uploaded->report)
        json_object_set(json, "compatibility", uploaded->report);
}

static bool is_live(const struct berth_api *api, const struct berth_version *version) {
    struct berth_publisher *publisher = berth_desk_publisher(api->desk);
    const struct berth_module *module =
        berth_snapshot_module(berth_snapshot_acquire(publisher), version->module);
    bool live = module && module->live && strcmp(module->live->version, version->version) == 0;
    berth_snapshot_release(publisher);
    return live;
}

void api_answer_uploaded(struct berth_exchange *exchange, const struct berth_api *api,
                         struct berth_uploaded *uploaded) {
    json_t *json = uploaded_json(api, uploaded, is_live(api, &uploaded->version));
    set_report(json, uploaded);
    berth_answer_json(exchange, uploaded->created ? 201 : 200, json, NULL, NULL);
    berth_uploaded_done(uploaded);
}

/* A word that was meant as true must not leave a release behind that nobody sees. */
enum berth_code api_read_activate(const struct berth_exchange *exchange, bool *ret,
                                  struct berth_error *error) {
    const char *text = berth_exchange_query(exchange, "activate");
    *ret = text && strcmp(text, "true") == 0;
    if (!text || *ret || strcmp(text, "false") == 0)
        return BERTH_OK;
    return berth_fail(error, BERTH_INVALID, "activate", "\"activate\" takes true or false");
}

void api_put_version(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    struct api_spooled spooled;
    struct berth_uploaded uploaded = {0};
    bool wanted, force = false;
    const char *module = api_permit_module(exchange, api, BERTH_SCOPE_PUBLISH, &principal);
    if (!module)
        return;
    enum berth_code code = api_read_activate(exchange, &wanted, &error);
    if (code == BERTH_OK && wanted)
        code = berth_auth_allow(&principal, BERTH_SCOPE_ACTIVATE, module, &error);
    if (code == BERTH_OK)
        code = api_read_force(exchange, wanted, &force, &error);
    const char *version = berth_exchange_param(exchange, "version");
    if (code == BERTH_OK)
        code = berth_semver_check(version, &error);
    if (code == BERTH_OK)
        code = api_spool(exchange, api, &spooled, &error);
    if (code != BERTH_OK) {
        api_count_upload(code, NULL, &error);
        berth_answer_problem(exchange, &error);
        return;
    }
    struct berth_upload_request request = {.module = module,
                                           .version = version,
                                           .expected = spooled.given ? &spooled.digest : NULL,
                                           .by = api_actor(exchange, &principal),
                                           .activate = wanted,
                                           .force = force,
                                           .reason = berth_exchange_query(exchange, "reason")};
    code = berth_upload_finish(spooled.upload, &request, &uploaded, &error);
    api_count_upload(code, &uploaded, &error);
    if (code == BERTH_OK)
        api_answer_uploaded(exchange, api, &uploaded);
    else
        api_answer_refusal(exchange, &error, uploaded.report);
}
