#include "assets.h"

#include <string.h>

void site_answer_forms(struct berth_exchange *exchange, const struct berth_forms *forms) {
    berth_answer_prepared(
        exchange, berth_forms_choose(forms, berth_exchange_header(exchange, "Accept-Encoding")));
}

/* "1.2.0~3" is version 1.2.0 under a fresh URL: browsers keep a failed ES module for ever. The
 * epoch is a number of 1 to 9 digits. */
static bool split_epoch(const char *text, char *ret_version, size_t size) {
    size_t length = strcspn(text, "~");
    if (length >= size)
        return false;
    memcpy(ret_version, text, length);
    ret_version[length] = '\0';
    if (!text[length])
        return true;
    size_t digits = strlen(text + length + 1);
    return digits >= 1 && digits <= 9 && strspn(text + length + 1, "0123456789") == digits;
}

static const char no_file[] = "the version has no such file";

static bool is_manifest(const struct berth_edition *edition, const char *path) {
    return edition->manifest_path && strcmp(path, edition->manifest_path) == 0;
}

/* The manifest of a version that tells its own URL. Where it could not be read (NULL), the file as
 * it was uploaded must not stand in for it: it would be kept for a year. */
static void answer_manifest(struct berth_exchange *exchange, const struct berth_view *manifest) {
    if (manifest) {
        site_answer_forms(exchange, berth_view_forms(manifest));
    } else {
        struct berth_error error = {0};
        berth_fail(&error, BERTH_IO, "manifest-unreadable", "the manifest could not be read");
        berth_answer_problem(exchange, &error);
    }
}

static void answer_resident(struct berth_exchange *exchange, struct berth_site *site,
                            const struct berth_module *module, const struct berth_edition *edition,
                            const char *path) {
    const struct berth_file *file = berth_edition_file(edition, path);
    if (!file) {
        if (!site_answer_native_of(exchange, site, module, edition->version, path))
            site_not_found(exchange, no_file, NULL);
    } else if (is_manifest(edition, path)) {
        answer_manifest(exchange, edition->manifest);
    } else if (file->forms) {
        site_answer_forms(exchange, file->forms);
    } else {
        site_answer_stored(exchange, site, file);
    }
}

/* The edition is given back before the file or the manifest is sent, which may take long. */
static void answer_cold(struct berth_exchange *exchange, struct berth_site *site,
                        const char *module, const char *version, const char *path) {
    struct berth_cold *cold = berth_desk_cold(site->desk);
    struct berth_error error = {0};
    const struct berth_edition *edition;
    enum berth_code code = berth_exchange_work(exchange, BERTH_WORK_VERSIONS, &error);
    if (code == BERTH_OK && berth_exchange_defer(exchange))
        return;
    if (code == BERTH_OK)
        code = berth_cold_take(cold, module, version, &edition, &error);
    if (code != BERTH_OK) {
        berth_answer_problem(exchange, &error);
        return;
    }
    const struct berth_file *found = berth_edition_file(edition, path);
    struct berth_file file = found ? *found : (struct berth_file){0};
    file.path = path;
    bool wants_manifest = found && is_manifest(edition, path);
    const struct berth_view *manifest =
        wants_manifest ? berth_cold_take_manifest(cold, edition) : NULL;
    berth_cold_give(cold, edition);
    if (!found)
        site_not_found(exchange, no_file, NULL);
    else if (wants_manifest)
        answer_manifest(exchange, manifest);
    else
        site_answer_stored(exchange, site, &file);
    berth_cold_give_manifest(cold, manifest);
}

static void answer_asset(struct berth_exchange *exchange, struct berth_site *site,
                         const struct berth_snapshot *snapshot) {
    char version[160];
    const char *path = berth_exchange_param(exchange, "path");
    const struct berth_module *module =
        berth_snapshot_module(snapshot, berth_exchange_param(exchange, "module"));
    bool named = split_epoch(berth_exchange_param(exchange, "version"), version, sizeof version);
    const struct berth_edition *edition =
        module && named ? berth_module_resident(module, version) : NULL;
    if (edition)
        answer_resident(exchange, site, module, edition, path);
    else if (module && named && berth_module_has(module, version) &&
             !site_answer_native_of(exchange, site, module, version, path))
        answer_cold(exchange, site, module->name, version, path);
    else if (!module || !named || !berth_module_has(module, version))
        site_not_found(
            exchange, module ? "the module has no such version" : "there is no module of that name",
            NULL);
}

void site_get_asset(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    berth_exchange_keep(exchange, &site->keeper);
    answer_asset(exchange, site, berth_snapshot_acquire(site->publisher));
    berth_snapshot_release(site->publisher);
}

/* The shell and its second file under the names of their digests, and source maps. */
/* Bodies that live as long as the desk, which outlives the listeners. */
static void *keep_nothing(void *context) {
    return context;
}

static void let_nothing_go(void *context, void *kept) {
    (void)context;
    (void)kept;
}

static const char always[] = "";
static const struct berth_keeper lasting = {keep_nothing, let_nothing_go,
                                            (void *)(uintptr_t)always};

void site_get_frontend(struct berth_exchange *exchange, void *app) {
    const struct berth_site *site = app;
    const struct berth_view *view =
        berth_desk_frontend_file(site->desk, berth_exchange_param(exchange, "file"));
    if (view) {
        berth_exchange_keep(exchange, &lasting);
        site_answer_forms(exchange, berth_view_forms(view));
    } else {
        site_not_found(exchange, "there is no such file", NULL);
    }
}
