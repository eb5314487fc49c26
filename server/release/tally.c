/* What open pages reported, counted for each version since the start of the server. */
#include "desk.h"

#include "berth/clock.h"

#include <stdlib.h>
#include <string.h>

/* One for each version that was reported; versions are known ones, so their number is bounded. */
struct tally {
    struct tally *next;
    char *module;
    char *version;
    int64_t counts[BERTH_REPORT_KINDS];
    /* Rings by the minute; of `minute`, which they were last turned to, and those before. */
    int64_t minute;
    uint32_t loads[BERTH_REPORT_MINUTES];
    uint32_t errors[BERTH_REPORT_MINUTES];
};

enum { MINUTE_MS = 60 * 1000, FIRST_ERROR = 2 /* of the kinds */ };

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

/* The minutes since then had nothing. */
static void turn(struct tally *tally, int64_t minute) {
    int64_t gone = minute - tally->minute;
    for (int64_t i = 1; i <= gone && i <= BERTH_REPORT_MINUTES; i++) {
        tally->loads[(minute - gone + i) % BERTH_REPORT_MINUTES] = 0;
        tally->errors[(minute - gone + i) % BERTH_REPORT_MINUTES] = 0;
    }
    if (gone > 0)
        tally->minute = minute;
}

static void count(struct tally *tally, size_t kind) {
    int64_t minute = berth_monotonic_ms() / MINUTE_MS;
    tally->counts[kind]++;
    turn(tally, minute);
    uint32_t *ring = kind < FIRST_ERROR ? tally->loads : tally->errors;
    ring[minute % BERTH_REPORT_MINUTES]++;
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
        count(tally, index);
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

void berth_desk_reports_each(struct berth_desk *desk,
                             void (*fn)(const struct berth_report_series *series, void *context),
                             void *context) {
    int64_t minute = berth_monotonic_ms() / MINUTE_MS;
    pthread_mutex_lock(&desk->tallies_lock);
    for (struct tally *tally = desk->tallies; tally; tally = tally->next) {
        struct berth_report_series series = {.module = tally->module, .version = tally->version};
        turn(tally, minute);
        memcpy(series.counts, tally->counts, sizeof series.counts);
        for (int i = 0; i < BERTH_REPORT_MINUTES; i++) {
            int64_t at = (minute + 1 + i) % BERTH_REPORT_MINUTES;
            series.loads[i] = tally->loads[at];
            series.errors[i] = tally->errors[at];
        }
        fn(&series, context);
    }
    pthread_mutex_unlock(&desk->tallies_lock);
}

void desk_tallies_done(struct berth_desk *desk) {
    while (desk->tallies) {
        struct tally *next = desk->tallies->next;
        destroy(desk->tallies);
        desk->tallies = next;
    }
}
