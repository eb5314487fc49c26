/* What import maps name elsewhere: readers see what the rows say, also where memory runs out. */
#include "release_fixture.h"

#include <stdio.h>

enum { NEVER = -1, NAMES = 60, ROUNDS = 300, MOST = 12 };

/* Which of this thread's allocations fails. */
static _Thread_local int fails_at = NEVER;

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

static bool fails(void) {
    return fails_at != NEVER && fails_at-- == 0;
}

void *__wrap_malloc(size_t bytes) {
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes) {
    return fails() ? NULL : __real_realloc(old, bytes);
}

/* --- what there is --- */

struct text {
    char data[NAMES * 3 * 32];
    size_t length;
};

static bool add(const struct berth_external *item, void *context) {
    struct text *text = context;
    text->length += (size_t)snprintf(text->data + text->length, sizeof text->data - text->length,
                                     "%d %s %s\n", (int)item->kind, item->key, item->value);
    assert_true(text->length < sizeof text->data);
    return true;
}

static void see(struct berth_desk *desk, struct text *ret) {
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(berth_desk_publisher(desk));
    const struct berth_externals *externals = berth_snapshot_externals(snapshot);
    *ret = (struct text){.length = 0};
    for (size_t i = 0; externals && i < externals->count; i++)
        (void)add(&externals->items[i], ret);
    berth_snapshot_release(berth_desk_publisher(desk));
}

static void assert_seen_as_stored(struct release_fixture *fixture) {
    static struct text seen, stored;
    stored = (struct text){.length = 0};
    see(fixture->desk, &seen);
    assert_int_equal(fixture->registry->ops->externals_each(fixture->registry, add, &stored, NULL),
                     BERTH_OK);
    assert_string_equal(seen.data, stored.data);
}

static enum berth_code put(struct release_fixture *fixture, const struct berth_external *items,
                           size_t count) {
    const struct berth_externals_put request = {
        .items = items, .count = count, .by = {.name = "ops"}};
    int64_t generation;
    bool changed;
    fixture->error = (struct berth_error){0};
    return berth_desk_externals_put(fixture->desk, &request, &generation, &changed,
                                    &fixture->error);
}

/* --- tests --- */

static uint32_t next_random(uint32_t *seed) { /* xorshift32, Marsaglia 2003 */
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void readers_see_what_the_rows_say_after_any_changes(void **state) {
    struct release_fixture *fixture = *state;
    static char keys[NAMES][16], values[MOST][16];
    struct berth_external items[MOST];
    uint32_t seed = 2463534242U;
    for (size_t i = 0; i < NAMES; i++)
        (void)snprintf(keys[i], sizeof keys[i], "k%zu", i * 7 % NAMES);
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = 1 + next_random(&seed) % MOST;
        for (size_t i = 0; i < count; i++) { /* a key may be said twice: the last word counts */
            const char *key = keys[next_random(&seed) % (round % 2 ? NAMES : 3)];
            (void)snprintf(values[i], sizeof values[i], "https://%u", next_random(&seed) % 99);
            bool goes = next_random(&seed) % 3 == 0;
            items[i] =
                (struct berth_external){(enum berth_external_kind)(1 + next_random(&seed) % 3), key,
                                        goes ? NULL : values[i]};
        }
        assert_int_equal(put(fixture, items, count), BERTH_OK);
        assert_seen_as_stored(fixture);
    }
    release_restart(fixture);
    assert_seen_as_stored(fixture);
}

static void no_more_than_the_limit_are_taken(void **state) {
    struct release_fixture *fixture = *state;
    static char keys[BERTH_EXTERNALS_MAX + 1][16];
    static struct berth_external items[BERTH_EXTERNALS_MAX + 1];
    for (size_t i = 0; i <= BERTH_EXTERNALS_MAX; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%zu", i);
        items[i] = (struct berth_external){BERTH_EXTERNAL_IMPORT, keys[i], "https://cdn/x.js"};
    }
    assert_int_equal(put(fixture, items, BERTH_EXTERNALS_MAX + 1), BERTH_TOO_LARGE);
    assert_string_equal(fixture->error.rule, "limit-imports");
    assert_int_equal(put(fixture, items, BERTH_EXTERNALS_MAX), BERTH_OK);
    assert_int_equal(put(fixture, items + BERTH_EXTERNALS_MAX, 1), BERTH_TOO_LARGE);
    struct berth_external pair[] = {items[BERTH_EXTERNALS_MAX], items[0]};
    pair[1].value = NULL; /* one goes, one comes */
    assert_int_equal(put(fixture, pair, 2), BERTH_OK);
}

/* Of a desk that opens although an allocation failed, nothing may be missing. */
static void a_start_without_memory_fails_or_has_all(void **state) {
    struct release_fixture *fixture = *state;
    static const struct berth_external item = {BERTH_EXTERNAL_IMPORT, "react", "https://cdn/r.js"};
    static struct text seen;
    int refused = 0;
    assert_int_equal(put(fixture, &item, 1), BERTH_OK);
    bool failed = true; /* there was such an allocation */
    for (int at = 0; failed; at++) {
        struct berth_desk *desk = NULL;
        struct berth_error error = {0};
        berth_desk_close(fixture->desk);
        fixture->desk = NULL;
        fails_at = at;
        enum berth_code code = berth_desk_open(&fixture->options, &desk, &error);
        failed = fails_at == NEVER;
        fails_at = NEVER;
        refused += code != BERTH_OK;
        if (code == BERTH_OK) {
            see(desk, &seen);
            berth_desk_close(desk);
            if (strcmp(seen.data, "1 react https://cdn/r.js\n") != 0)
                fail_msg("without allocation %d it opens with \"%s\"", at, seen.data);
        } else {
            assert_int_equal(code, BERTH_NO_MEMORY);
            assert_int_equal(error.code, BERTH_NO_MEMORY);
        }
    }
    assert_true(refused > 3);
    assert_int_equal(berth_desk_open(&fixture->options, &fixture->desk, &fixture->error), BERTH_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RELEASE_TEST(readers_see_what_the_rows_say_after_any_changes),
        RELEASE_TEST(no_more_than_the_limit_are_taken),
        RELEASE_TEST(a_start_without_memory_fails_or_has_all),
    };
    return cmocka_run_group_tests_name("release_externals", tests, NULL, NULL);
}
