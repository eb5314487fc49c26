/* What open pages reported, counted for each version since the start of the server. */
#include "desk.h"

#include <stdlib.h>
#include <string.h>

/* One for each version that was reported; versions are known ones, so their number is bounded. */
struct tally {
    struct tally *next;
    char *module;
    char *version;
    int64_t counts[BERTH_REPORT_KINDS];
};

static const char *const kinds[BERTH_REPORT_KINDS] = {"loaded", "swapped", "load-failed",
                                                      "swap-failed", "runtime-failure"};

const char *berth_report_kind(size_t kind) {
    return kinds[kind];
}

static struct tally *find(const struct berth_desk *desk, const char *module, const char *version) {
    struct tally *tally = desk->tallies;
    while (tally && (strcmp(tally->module, module) != 0 || strcmp(tally->version, version) != 0))
        tally = tally->next;
    return tally;
}

static void destroy(struct tally *tally) {
    free(tally->module);
    free(tally->version);
    free(tally);
}

static struct tally *add(struct berth_desk *desk, const char *module, const char *version) {
    struct tally *tally = calloc(1, sizeof *tally);
    if (!tally)
        return NULL;
    tally->module = strdup(module);
    tally->version = strdup(version);
    if (!tally->module || !tally->version) {
        destroy(tally);
        return NULL;
    }
    tally->next = desk->tallies;
    desk->tallies = tally;
    return tally;
}

static bool is_known(struct berth_desk *desk, const char *module, const char *version) {
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(desk->publisher);
    const struct berth_module *found = berth_snapshot_module(snapshot, module);
    bool known = found && berth_module_has(found, version);
    berth_snapshot_release(desk->publisher);
    return known;
}

void berth_desk_report(struct berth_desk *desk, const char *module, const char *version,
                       const char *kind) {
    size_t index = 0;
    while (index < BERTH_REPORT_KINDS && strcmp(kinds[index], kind) != 0)
        index++;
    if (index == BERTH_REPORT_KINDS || !is_known(desk, module, version))
        return;
    pthread_mutex_lock(&desk->tallies_lock);
    struct tally *tally = find(desk, module, version);
    if (!tally)
        tally = add(desk, module, version);
    if (tally)
        tally->counts[index]++;
    pthread_mutex_unlock(&desk->tallies_lock);
}

void berth_desk_reports(struct berth_desk *desk, const char *module, const char *version,
                        int64_t ret[BERTH_REPORT_KINDS]) {
    memset(ret, 0, BERTH_REPORT_KINDS * sizeof *ret);
    pthread_mutex_lock(&desk->tallies_lock);
    const struct tally *tally = find(desk, module, version);
    if (tally)
        memcpy(ret, tally->counts, sizeof tally->counts);
    pthread_mutex_unlock(&desk->tallies_lock);
}

void desk_tallies_done(struct berth_desk *desk) {
    while (desk->tallies) {
        struct tally *next = desk->tallies->next;
        destroy(desk->tallies);
        desk->tallies = next;
    }
}
