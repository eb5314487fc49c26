#include "desk.h"

#include <string.h>

static struct berth_edition *find(const struct berth_module *module, const char *version) {
    struct berth_edition *const residents[] = {module->live, module->previous};
    for (size_t i = 0; i < 2; i++)
        if (residents[i] && strcmp(residents[i]->version, version) == 0)
            return residents[i];
    return NULL;
}

/* One that is damaged is read again when it must be whole, unless it is live: then it is shown
 * already, and what is left of it stays. */
static bool will_do(const struct berth_module *module, const struct berth_edition *edition,
                    bool strict) {
    return edition && (!strict || edition->loaded || edition == module->live);
}

enum berth_code desk_edition(struct berth_desk *desk, const struct berth_module *module,
                             const char *name, const char *version, bool strict,
                             struct berth_edition **ret, struct berth_error *error) {
    struct berth_edition *edition = module ? find(module, version) : NULL;
    bool known = will_do(module, edition, strict);
    if (!known && module) {
        edition = desk_staged(desk, name, version);
        known = edition;
    }
    if (known) {
        edition->refs++;
        *ret = edition;
        return BERTH_OK;
    }
    enum berth_code code = berth_edition_read(name, version, &desk->views, &edition, error);
    if (code != BERTH_OK)
        return code;
    code = berth_edition_load(edition, &desk->views, strict, error);
    if (code == BERTH_OK)
        *ret = edition;
    else
        berth_edition_unref(desk->bodies, edition);
    return code;
}

static bool warm(struct berth_desk *desk, const struct berth_digest *digest, int64_t bytes) {
    const void *body;
    if (berth_body_borrow(desk->bodies, desk->options.store, digest, bytes, &body, NULL) !=
        BERTH_OK)
        return false;
    berth_body_return(desk->bodies, digest);
    return true;
}

void desk_warm(struct berth_desk *desk, const struct berth_edition *edition) {
    enum { BUDGET_SHARE = 8 }; /* of a larger one, much else would have to go */
    struct berth_desk_limits limits;
    berth_desk_limits(desk, &limits);
    bool fits = edition->bytes <= limits.cache_bytes / BUDGET_SHARE;
    for (size_t i = 0; fits && i < edition->file_count; i++) {
        const struct berth_file *file = &edition->files[i];
        fits = warm(desk, &file->digest, file->bytes);
        for (int coding = 0; fits && coding < BERTH_CODING_COUNT; coding++)
            if (file->variants[coding].bytes)
                (void)warm(desk, &file->variants[coding].digest, file->variants[coding].bytes);
    }
}
