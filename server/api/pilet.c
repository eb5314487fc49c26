/* What Piral's tools publish with: a form with the package in its field "file".
 *
 * A feed shows what is published, so a token that may activate does so with what it publishes; one
 * that may only publish leaves that to others. */
#include "handlers.h"

#include "berth/json.h"
#include "multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    FIELD_MAX_BYTES = 16 * 1024,   /* of a field that is not the file */
    FORM_MORE_BYTES = 1024 * 1024, /* all that is not the file */
    KEY_MAX_BYTES = 512,
};

struct form {
    const struct berth_api *api;
    struct berth_upload *upload; /* NULL until the file comes */
    char reason[BERTH_REASON_MAX_BYTES + 2];
    char activate[16];
    char *text; /* of the field that comes now; NULL for the file and for fields of no interest */
    size_t text_size;
    size_t length;
    bool in_file;
};

/* --- the form --- */

static enum berth_code begin_file(struct form *form, struct berth_error *error) {
    if (form->upload)
        return berth_fail(error, BERTH_INVALID, "form-file", "the form has more than one file");
    form->in_file = true;
    return berth_upload_begin(form->api->desk, &form->upload, error);
}

static enum berth_code begin_field(void *context, const char *name, bool file,
                                   struct berth_error *error) {
    struct form *form = context;
    form->in_file = false;
    form->text = NULL;
    form->length = 0;
    if (strcmp(name, "file") == 0)
        return begin_file(form, error);
    if (file)
        return berth_fail(error, BERTH_INVALID, "form-file",
                          "the package belongs into the form's field \"file\"");
    if (strcmp(name, "reason") == 0) {
        form->text = form->reason;
        form->text_size = sizeof form->reason;
    } else if (strcmp(name, "activate") == 0) {
        form->text = form->activate;
        form->text_size = sizeof form->activate;
    }
    return BERTH_OK;
}

/* One byte more than is allowed is kept, so that it shows. */
static enum berth_code add_field(void *context, const void *data, size_t length,
                                 struct berth_error *error) {
    struct form *form = context;
    if (form->in_file)
        return berth_upload_add(form->upload, data, length, error);
    size_t room =
        form->text && form->length < form->text_size - 1 ? form->text_size - 1 - form->length : 0;
    if (room)
        memcpy(form->text + form->length, data, length < room ? length : room);
    form->length += length;
    if (form->text)
        form->text[form->length < form->text_size ? form->length : form->text_size - 1] = '\0';
    return form->length <= FIELD_MAX_BYTES
               ? BERTH_OK
               : berth_fail(error, BERTH_TOO_LARGE, "limit-field",
                            "a field of the form is over %d bytes", FIELD_MAX_BYTES);
}

static enum berth_code end_field(void *context, struct berth_error *error) {
    struct form *form = context;
    bool holds_nul =
        form->text && memchr(form->text, '\0',
                             form->length < form->text_size ? form->length : form->text_size - 1);
    form->in_file = false;
    return holds_nul
               ? berth_fail(error, BERTH_INVALID, "form-text", "a field of the form holds a NUL")
               : BERTH_OK;
}

static enum berth_code add_piece(const void *data, size_t length, void *context,
                                 struct berth_error *error) {
    return api_multipart_add(context, data, length, error);
}

static enum berth_code check_form(const struct form *form, struct berth_error *error) {
    if (!form->upload)
        return berth_fail(error, BERTH_INVALID, "form-file",
                          "the form has no field \"file\" with the package");
    const char *activate = form->activate;
    if (*activate && strcmp(activate, "true") != 0 && strcmp(activate, "false") != 0)
        return berth_fail(error, BERTH_INVALID, "activate", "\"activate\" takes true or false");
    return api_reason(form->reason, error);
}

static enum berth_code read_form(struct berth_exchange *exchange, struct form *form,
                                 struct api_multipart *multipart, struct berth_error *error) {
    static const struct api_multipart_sink sink = {begin_field, add_field, end_field};
    const char *type = berth_exchange_header(exchange, "Content-Type");
    enum berth_code code = api_multipart_init(multipart, type, &sink, form, error);
    if (code == BERTH_OK)
        code = berth_exchange_read(exchange, api_max_archive_bytes(form->api) + FORM_MORE_BYTES,
                                   add_piece, multipart, error);
    if (code == BERTH_OK)
        code = api_multipart_finish(multipart, error);
    return code == BERTH_OK ? check_form(form, error) : code;
}

/* --- who publishes --- */

/* "Basic KEY" with the key as it is, as Piral's tools send it; "Bearer KEY" as everywhere. */
static enum berth_code identify(struct berth_exchange *exchange, const struct berth_api *api,
                                struct berth_principal *ret, struct berth_error *error) {
    static const char basic[] = "Basic ";
    char bearer[KEY_MAX_BYTES];
    const char *header = berth_exchange_header(exchange, "Authorization");
    if (header && strncasecmp(header, basic, sizeof basic - 1) == 0 &&
        strlen(header) < sizeof bearer - 8) {
        (void)snprintf(bearer, sizeof bearer, "Bearer %s", header + sizeof basic - 1);
        header = bearer;
    }
    enum berth_code code = api_identify_by(exchange, api, header, ret, error);
    return code == BERTH_OK ? api_allow_some(ret, BERTH_SCOPE_PUBLISH, error) : code;
}

/* What the form says, else what the token may. */
static bool is_to_activate(const struct form *form, const struct berth_principal *principal) {
    return *form->activate ? strcmp(form->activate, "true") == 0
                           : api_allow_some(principal, BERTH_SCOPE_ACTIVATE, NULL) == BERTH_OK;
}

static enum berth_code publish(struct berth_exchange *exchange, struct form *form,
                               const struct berth_principal *principal, struct berth_uploaded *ret,
                               struct berth_error *error) {
    struct berth_package package;
    struct berth_upload *upload = form->upload;
    bool activate = is_to_activate(form, principal);
    form->upload = NULL;
    enum berth_code code = api_package(upload, principal, activate, &package, error);
    if (code != BERTH_OK)
        return code;
    struct berth_upload_request request = {.module = package.module,
                                           .version = package.version,
                                           .by = api_actor(exchange, principal),
                                           .activate = activate,
                                           .only_new = !*form->activate,
                                           .needs = "pilet",
                                           .reason = *form->reason ? form->reason : NULL};
    return berth_upload_finish(upload, &request, ret, error);
}

/* --- the answer --- */

static void answer(struct berth_exchange *exchange, struct berth_uploaded *uploaded) {
    const struct berth_version *version = &uploaded->version;
    const char *what = uploaded->created ? "was published" : "was there already";
    char message[512];
    (void)snprintf(message, sizeof message, "%s@%s %s%s", version->module, version->version, what,
                   uploaded->activated ? " and is live"
                                       : "; it is not live: activate it (berth activate)");
    json_t *json =
        json_pack("{sb ss ss sb ss}", "success", true, "name", version->module, "version",
                  version->version, "live", uploaded->activated, "message", message);
    if (uploaded->activated)
        json_object_set_new(json, "generation",
                            json_integer((json_int_t)uploaded->activation.generation));
    berth_answer_json(exchange, 200, json, NULL, NULL);
    berth_uploaded_done(uploaded);
}

/* Piral's tools know 400 for what is wrong with a package. */
static void answer_problem(struct berth_exchange *exchange, struct berth_error *error) {
    if (error->code == BERTH_REFUSED || error->code == BERTH_UNSUPPORTED)
        error->code = BERTH_INVALID;
    berth_answer_problem(exchange, error);
}

void api_post_pilet(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct form form = {.api = api};
    struct api_multipart multipart;
    struct berth_principal principal;
    struct berth_uploaded uploaded = {0};
    struct berth_error error = {0};
    berth_exchange_tell(exchange);
    enum berth_code code = identify(exchange, api, &principal, &error);
    if (code == BERTH_OK)
        code = read_form(exchange, &form, &multipart, &error);
    if (code == BERTH_OK)
        code = publish(exchange, &form, &principal, &uploaded, &error);
    berth_upload_abort(form.upload);
    api_count_upload(code, &uploaded, &error);
    if (code == BERTH_OK)
        answer(exchange, &uploaded);
    else
        answer_problem(exchange, &error);
    if (code != BERTH_OK)
        berth_uploaded_done(&uploaded);
}
