/* Editions that open pages were asked to load ahead: one of them is most likely activated next, and
 * then its files have not to be read while everybody waits. Few are kept, and in memory only. */
#include "desk.h"

#include <string.h>

enum { BUDGET_SHARE = 8 }; /* of --cache-bytes, for all of them: much else has to be in memory */

static int64_t size_of(const struct berth_edition *edition) {
    int64_t bytes = edition->bytes;
    for (size_t i = 0; i < edition->file_count; i++)
        for (int coding = 0; coding < BERTH_CODING_COUNT; coding++)
            bytes += edition->files[i].variants[coding].bytes;
    return bytes;
}

static int64_t budget(struct berth_desk *desk) {
    struct berth_desk_limits limits;
    berth_desk_limits(desk, &limits);
    return limits.cache_bytes / BUDGET_SHARE;
}

bool desk_stage_load(struct berth_desk *desk, struct berth_edition *edition) {
    return size_of(edition) <= budget(desk) &&
           berth_edition_load(edition, &desk->views, true, NULL) == BERTH_OK;
}

static size_t place_of(const struct staged *staged, const char *module) {
    size_t i = 0;
    while (i < staged->count && strcmp(staged->editions[i]->module, module) != 0)
        i++;
    return i;
}

static void remove_at(struct berth_desk *desk, size_t place) {
    struct staged *staged = &desk->staged;
    struct berth_edition *edition = staged->editions[place];
    staged->count--;
    memmove(staged->editions + place, staged->editions + place + 1,
            (staged->count - place) * sizeof(struct berth_edition *));
    berth_edition_unref(desk->bodies, edition);
}

struct berth_edition *desk_staged(const struct berth_desk *desk, const char *module,
                                  const char *version) {
    size_t place = place_of(&desk->staged, module);
    struct berth_edition *edition =
        place < desk->staged.count ? desk->staged.editions[place] : NULL;
    return edition && strcmp(edition->version, version) == 0 ? edition : NULL;
}

void desk_stage_drop(struct berth_desk *desk, const char *module, const char *version) {
    if (desk_staged(desk, module, version))
        remove_at(desk, place_of(&desk->staged, module));
}

/* The oldest stand first, and go first. */
static void trim(struct berth_desk *desk, int64_t left) {
    for (size_t i = desk->staged.count; i-- > 0;) {
        left -= size_of(desk->staged.editions[i]);
        if (left < 0)
            remove_at(desk, i);
    }
}

void desk_stage_trim(struct berth_desk *desk) {
    trim(desk, budget(desk));
}

void desk_stage_keep(struct berth_desk *desk, struct berth_edition *edition) {
    struct staged *staged = &desk->staged;
    size_t place = place_of(staged, edition->module);
    if (place < staged->count)
        remove_at(desk, place);
    if (staged->count == STAGED_MAX)
        remove_at(desk, 0);
    trim(desk, budget(desk) - size_of(edition));
    edition->refs++;
    staged->editions[staged->count++] = edition;
}

void desk_stage_done(struct berth_desk *desk) {
    while (desk->staged.count > 0)
        remove_at(desk, 0);
}
