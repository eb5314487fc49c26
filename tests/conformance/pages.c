#include "registry_fixture.h"
#include "suites.h"
#include <stdio.h>

struct put {
    const char *name;
    const char *path;
    const char *manifest;
    int64_t expected;
};

static enum berth_code try_put(struct fixture *fixture, struct put put, int64_t *ret_generation,
                               int64_t *ret_revision) {
    struct berth_page_put request = {
        .name = put.name,
        .path = put.path,
        .manifest = put.manifest,
        .expected = put.expected,
        .at_ms = 1700000002000 + put.expected,
        .by = fixture_actor,
    };
    memset(&fixture->error, 0, sizeof fixture->error);
    return fixture->ops->page_put(fixture->registry, &request, ret_generation, ret_revision,
                                  &fixture->error);
}

/* The revision after it. */
static int64_t put(struct fixture *fixture, const char *name, const char *path,
                   const char *manifest) {
    int64_t generation = 0;
    int64_t revision = 0;
    assert_int_equal(try_put(fixture, (struct put){name, path, manifest, BERTH_ANY_GENERATION},
                             &generation, &revision),
                     BERTH_OK);
    return revision;
}

struct list {
    char text[512];
};

static bool add_to_list(const struct berth_page_record *page, void *context) {
    struct list *list = context;
    size_t length = strlen(list->text);
    (void)snprintf(list->text + length, sizeof list->text - length, "%s,%s,%s,%d,%d,%s ",
                   page->name, page->path, page->manifest ? page->manifest : "-",
                   (int)page->revision, (int)page->generation, page->by);
    return true;
}

static const char *pages(struct fixture *fixture, struct list *list) {
    *list = (struct list){0};
    assert_int_equal(fixture->ops->pages_each(fixture->registry, add_to_list, list, NULL),
                     BERTH_OK);
    return list->text;
}

static const char *revisions(struct fixture *fixture, const char *name, struct list *list) {
    *list = (struct list){0};
    assert_int_equal(
        fixture->ops->page_revisions_each(fixture->registry, name, add_to_list, list, NULL),
        BERTH_OK);
    return list->text;
}

static void pages_come_by_name_as_they_are_now(void **state) {
    struct fixture *fixture = *state;
    struct list list;
    assert_int_equal(put(fixture, "home", "/", "{1}"), 1);
    assert_int_equal(put(fixture, "cart", "/cart", "{2}"), 1);
    assert_int_equal(put(fixture, "home", "/start", "{3}"), 2);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(pages(fixture, &list),
                            "cart,/cart,{2},1,2,ops home,/start,{3},2,3,ops ");
        fixture_reopen(fixture);
    }
    assert_int_equal(fixture_generation(fixture), 3);
}

static void the_same_page_again_makes_no_row(void **state) {
    struct fixture *fixture = *state;
    int64_t generation = 0;
    int64_t revision = 0;
    put(fixture, "home", "/", "{1}");
    put(fixture, "cart", "/cart", "{1}");
    assert_int_equal(try_put(fixture, (struct put){"home", "/", "{1}", 1}, &generation, &revision),
                     BERTH_OK);
    assert_int_equal(generation, 1);
    assert_int_equal(revision, 1);
    assert_int_equal(fixture_generation(fixture), 2);
    assert_int_equal(try_put(fixture, (struct put){"home", "/", "{1}", 2}, &generation, &revision),
                     BERTH_STALE);
}

static void a_page_counts_on_over_its_deletion(void **state) {
    struct fixture *fixture = *state;
    struct list list;
    int64_t generation = 0;
    int64_t revision = 0;
    put(fixture, "home", "/", "{1}");
    assert_int_equal(put(fixture, "home", NULL, NULL), 2);
    assert_string_equal(pages(fixture, &list), "");
    assert_int_equal(
        try_put(fixture, (struct put){"home", "/new", "{1}", 0}, &generation, &revision), BERTH_OK);
    assert_int_equal(generation, 3);
    assert_int_equal(revision, 3);
    assert_string_equal(revisions(fixture, "home", &list),
                        "home,/new,{1},3,3,ops home,/,-,2,2,ops home,/,{1},1,1,ops ");
    assert_string_equal(pages(fixture, &list), "home,/new,{1},3,3,ops ");
    assert_string_equal(revisions(fixture, "nobody", &list), "");
}

static void a_page_that_is_not_there_cannot_be_deleted(void **state) {
    struct fixture *fixture = *state;
    int64_t generation = -7;
    int64_t revision = -7;
    struct put deletion = {"home", NULL, NULL, BERTH_ANY_GENERATION};
    assert_int_equal(try_put(fixture, deletion, &generation, &revision), BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "page-unknown");
    put(fixture, "home", "/", "{1}");
    put(fixture, "home", NULL, NULL);
    assert_int_equal(try_put(fixture, deletion, &generation, &revision), BERTH_NOT_FOUND);
    assert_int_equal(generation, -7);
    assert_int_equal(revision, -7);
    assert_int_equal(fixture_generation(fixture), 2);
}

static void a_page_changes_only_from_the_expected_revision(void **state) {
    static const struct {
        const char *name;
        int64_t expected;
        enum berth_code code;
    } CASES[] = {
        {"home", 0, BERTH_STALE}, {"home", 1, BERTH_STALE}, {"home", 3, BERTH_STALE},
        {"home", 2, BERTH_OK},    {"new", 1, BERTH_STALE},  {"new", 0, BERTH_OK},
    };
    struct fixture *fixture = *state;
    put(fixture, "home", "/", "{1}");
    put(fixture, "home", "/", "{2}");
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t generation = 0;
        int64_t revision = 0;
        char path[16];
        (void)snprintf(path, sizeof path, "/%zu", i);
        assert_int_equal(try_put(fixture,
                                 (struct put){CASES[i].name, path, "{}", CASES[i].expected},
                                 &generation, &revision),
                         CASES[i].code);
        if (CASES[i].code)
            assert_string_equal(fixture->error.rule, "generation-stale");
    }
    assert_int_equal(fixture_generation(fixture), 4);
}

static void two_pages_cannot_have_one_path(void **state) {
    struct fixture *fixture = *state;
    struct list list;
    int64_t generation = 0;
    int64_t revision = 0;
    struct put second = {"start", "/", "{2}", BERTH_ANY_GENERATION};
    put(fixture, "home", "/", "{1}");
    assert_int_equal(try_put(fixture, second, &generation, &revision), BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "page-path");
    assert_non_null(strstr(fixture->error.text, "home"));
    assert_string_equal(pages(fixture, &list), "home,/,{1},1,1,ops ");
    put(fixture, "home", NULL, NULL); /* frees the path */
    assert_int_equal(try_put(fixture, second, &generation, &revision), BERTH_OK);
    assert_int_equal(try_put(fixture, (struct put){"home", "/", "{1}", 0}, &generation, &revision),
                     BERTH_CONFLICT);
}

int run_pages(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(pages_come_by_name_as_they_are_now),
        REGISTRY_TEST(the_same_page_again_makes_no_row),
        REGISTRY_TEST(a_page_counts_on_over_its_deletion),
        REGISTRY_TEST(a_page_that_is_not_there_cannot_be_deleted),
        REGISTRY_TEST(a_page_changes_only_from_the_expected_revision),
        REGISTRY_TEST(two_pages_cannot_have_one_path),
    };
    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
