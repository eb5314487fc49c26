#include "registry_fixture.h"
#include "suites.h"
#include <stdio.h>

static const struct berth_external HELLO = {BERTH_EXTERNAL_IMPORT, "hello", "https://cdn/h.js"};

static enum berth_code try_put(struct fixture *fixture, const struct berth_external *items,
                               size_t count, int64_t *ret_generation, bool *ret_changed) {
    struct berth_externals_put request = {.items = items,
                                          .count = count,
                                          .at_ms = 1700000003000,
                                          .by = fixture_actor,
                                          .reason = "why"};
    memset(&fixture->error, 0, sizeof fixture->error);
    return fixture->ops->externals_put(fixture->registry, &request, ret_generation, ret_changed,
                                       &fixture->error);
}

/* The generation after it. */
static int64_t put(struct fixture *fixture, const struct berth_external *items, size_t count,
                   bool changes) {
    int64_t generation = -1;
    bool changed = !changes;
    assert_int_equal(try_put(fixture, items, count, &generation, &changed), BERTH_OK);
    assert_int_equal(changed, changes);
    return generation;
}

static bool add_to_list(const struct berth_external *external, void *context) {
    char *text = context;
    size_t length = strlen(text);
    (void)snprintf(text + length, 512 - length, "%d,%s,%s ", (int)external->kind, external->key,
                   external->value);
    return true;
}

static void assert_externals(struct fixture *fixture, const char *expected) {
    char text[512] = "";
    assert_int_equal(fixture->ops->externals_each(fixture->registry, add_to_list, text, NULL),
                     BERTH_OK);
    assert_string_equal(text, expected);
}

static bool take_change(const struct berth_change *change, void *context) {
    (void)snprintf(context, 128, "%d,%s,%s,%s,%s", (int)change->kind,
                   change->module ? change->module : "-", change->page ? change->page : "-",
                   change->by, change->reason);
    return false;
}

static bool take_record(const struct berth_audit_record *record, void *context) {
    (void)snprintf(context, 512, "%s,%s,%s,%s", record->action,
                   record->module ? record->module : "-", record->subject, record->details);
    return false;
}

static void a_put_is_one_generation_and_one_record(void **state) {
    struct fixture *fixture = *state;
    fixture_add(fixture, "menu", "1.0.0");
    assert_int_equal(fixture_activate(fixture, "menu", "1.0.0"), 1);
    const struct berth_external items[] = {
        {BERTH_EXTERNAL_SCOPE, "/a/", "{}"},
        {BERTH_EXTERNAL_IMPORT, "b", "https://cdn/b.js"},
        {BERTH_EXTERNAL_IMPORT, "a", "https://cdn/a.js"},
        {BERTH_EXTERNAL_INTEGRITY, "https://cdn/a.js", "sha384-x"},
    };
    assert_int_equal(put(fixture, items, 4, true), 2);
    assert_externals(fixture, "1,a,https://cdn/a.js 1,b,https://cdn/b.js 2,/a/,{} "
                              "3,https://cdn/a.js,sha384-x ");
    char text[512] = "";
    assert_int_equal(
        fixture->ops->changes_each(fixture->registry, NULL, NULL, 0, 1, take_change, text, NULL),
        BERTH_OK);
    char expected[128];
    (void)snprintf(expected, sizeof expected, "5,-,-,%s,why", fixture_actor.name);
    assert_string_equal(text, expected);
    const struct berth_audit_filter filter = {.limit = 1};
    assert_int_equal(fixture->ops->audit_each(fixture->registry, &filter, take_record, text, NULL),
                     BERTH_OK);
    assert_string_equal(text, "imports,-,import map,{\"generation\":2,\"changed\":{\"scopes\":"
                              "{\"/a/\":\"{}\"},\"imports\":{\"b\":\"https://cdn/b.js\",\"a\":"
                              "\"https://cdn/a.js\"},\"integrity\":{\"https://cdn/a.js\":"
                              "\"sha384-x\"}}}");
    fixture_reopen(fixture);
    assert_int_equal(fixture_generation(fixture), 2);
    assert_string_equal(fixture_live(fixture, "menu"), "1.0.0");
    assert_int_equal(fixture_activate(fixture, "menu", "1.0.0"), 1);
}

static void what_is_so_already_makes_no_row(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(put(fixture, &HELLO, 1, true), 1);
    assert_int_equal(put(fixture, &HELLO, 1, false), 1);
    const struct berth_external gone = {BERTH_EXTERNAL_IMPORT, "never", NULL};
    assert_int_equal(put(fixture, &gone, 1, false), 1);
    assert_int_equal(put(fixture, NULL, 0, false), 1);
    const struct berth_external items[] = {HELLO,
                                           {BERTH_EXTERNAL_IMPORT, "hello/", "https://cdn/"}};
    assert_int_equal(put(fixture, items, 2, true), 2);
    int64_t count = 0;
    struct berth_digest last;
    assert_int_equal(fixture->ops->audit_check(fixture->registry, &count, &last, NULL), BERTH_OK);
    assert_int_equal(count, 2);
}

static void externals_are_replaced_and_taken_away(void **state) {
    struct fixture *fixture = *state;
    (void)put(fixture, &HELLO, 1, true);
    struct berth_external item = HELLO;
    item.value = "https://cdn/h2.js";
    assert_int_equal(put(fixture, &item, 1, true), 2);
    assert_externals(fixture, "1,hello,https://cdn/h2.js ");
    item.value = NULL;
    assert_int_equal(put(fixture, &item, 1, true), 3);
    assert_externals(fixture, "");
    /* The last of two for one key counts. */
    const struct berth_external twice[] = {HELLO, {BERTH_EXTERNAL_IMPORT, "hello", NULL}};
    assert_int_equal(put(fixture, twice, 2, true), 4);
    assert_externals(fixture, "");
}

static void the_kinds_are_apart_and_keys_are_bytes(void **state) {
    struct fixture *fixture = *state;
    const struct berth_external items[] = {
        {BERTH_EXTERNAL_IMPORT, "x", "1"},        {BERTH_EXTERNAL_SCOPE, "x", "2"},
        {BERTH_EXTERNAL_INTEGRITY, "x", "3"},     {BERTH_EXTERNAL_IMPORT, "X", "4"},
        {BERTH_EXTERNAL_IMPORT, "\xc3\xa9", "5"},
    };
    assert_int_equal(put(fixture, items, 5, true), 1);
    assert_externals(fixture, "1,X,4 1,x,1 1,\xc3\xa9,5 2,x,2 3,x,3 ");
    const struct berth_external gone = {BERTH_EXTERNAL_SCOPE, "x", NULL};
    assert_int_equal(put(fixture, &gone, 1, true), 2);
    assert_externals(fixture, "1,X,4 1,x,1 1,\xc3\xa9,5 3,x,3 ");
}

static bool stop_at_once(const struct berth_external *external, void *context) {
    (void)external;
    ++*(int *)context;
    return false;
}

static void a_walk_ends_when_it_is_told_to(void **state) {
    struct fixture *fixture = *state;
    const struct berth_external items[] = {HELLO, {BERTH_EXTERNAL_IMPORT, "b", "1"}};
    int seen = 0;
    (void)put(fixture, items, 2, true);
    assert_int_equal(fixture->ops->externals_each(fixture->registry, stop_at_once, &seen, NULL),
                     BERTH_OK);
    assert_int_equal(seen, 1);
}

int run_externals(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(a_put_is_one_generation_and_one_record),
        REGISTRY_TEST(what_is_so_already_makes_no_row),
        REGISTRY_TEST(externals_are_replaced_and_taken_away),
        REGISTRY_TEST(the_kinds_are_apart_and_keys_are_bytes),
        REGISTRY_TEST(a_walk_ends_when_it_is_told_to),
    };
    return cmocka_run_group_tests_name("externals", tests, NULL, NULL);
}
