/* The rules themselves are a table of files: tests/data/pages/README.md. */
#include "berth/json.h"
#include "berth/manifest.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { MAX_BYTES = 1024 * 1024, PATH_BYTES = 1024 };

static json_t *read_json(const char *path) {
    struct berth_error error = {0};
    struct berth_buffer text;
    char piece[4096];
    json_t *value = NULL;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    berth_buffer_init(&text, MAX_BYTES);
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;)
        berth_buffer_add(&text, piece, got);
    assert_int_equal(fclose(file), 0);
    if (berth_json_parse(text.data, text.length, MAX_BYTES, &value, &error) != BERTH_OK)
        fail_msg("%s: %s", path, error.text);
    berth_buffer_done(&text);
    return value;
}

/* Calls `check` with each *.json in a folder; the number of them. */
static int for_each_file(const char *folder, void (*check)(const char *path, json_t *value)) {
    int count = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        const char *end = strrchr(entry->d_name, '.');
        if (!end || strcmp(end, ".json") != 0 || strstr(entry->d_name, ".schema.json"))
            continue;
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        json_t *value = read_json(path);
        check(path, value);
        json_decref(value);
        count++;
    }
    closedir(directory);
    return count;
}

static void check_good(const char *path, json_t *manifest) {
    struct berth_error error = {0};
    struct berth_page page;
    if (berth_page_parse(manifest, &page, &error) != BERTH_OK)
        fail_msg("%s was refused: %s at %s, %s", path, error.rule, error.where, error.text);
    berth_page_done(&page);
}

static void check_bad(const char *path, json_t *testcase) {
    struct berth_error error = {0};
    struct berth_page page = {.path = "untouched"};
    json_t *manifest = json_object_get(testcase, "manifest");
    if (berth_page_parse(manifest, &page, &error) != BERTH_REFUSED)
        fail_msg("%s was not refused (code %d)", path, (int)error.code);
    if (strcmp(error.rule, berth_json_string(testcase, "rule")) != 0 ||
        strcmp(error.where, berth_json_string(testcase, "where")) != 0)
        fail_msg("%s was refused by %s at %s: %s", path, error.rule, error.where, error.text);
    assert_true(error.hint[0]);
    assert_string_equal(page.path, "untouched");
    assert_int_equal(manifest->refcount, 1);
    assert_int_equal(berth_page_parse(manifest, &page, NULL), BERTH_REFUSED);
}

static void the_manifests_that_come_with_berth_are_good(void **state) {
    (void)state;
    assert_true(for_each_file(BERTH_MANIFESTS, check_good) >= 2);
}

static void good_pages_are_taken(void **state) {
    (void)state;
    assert_true(for_each_file(BERTH_TEST_DATA "/pages/good", check_good) >= 20);
}

static void bad_pages_are_refused_with_rule_and_pointer(void **state) {
    (void)state;
    assert_true(for_each_file(BERTH_TEST_DATA "/pages/bad", check_bad) >= 100);
    assert_true(for_each_file(BERTH_TEST_DATA "/pages/bad-beyond-schema", check_bad) >= 10);
}

static json_t *manifest_of(const char *name) {
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/pages/good/%s.json", BERTH_TEST_DATA, name);
    return read_json(path);
}

static void a_composed_page_is_read_as_written(void **state) {
    (void)state;
    json_t *manifest = manifest_of("props");
    struct berth_page page;
    assert_int_equal(berth_page_parse(manifest, &page, NULL), BERTH_OK);
    json_decref(manifest); /* the page has a reference of its own */
    assert_string_equal(page.path, "/p");
    assert_string_equal(page.title, "P");
    assert_string_equal(page.language, "en");
    assert_int_equal(page.slot_count, 1);
    assert_string_equal(page.slots[0].name, "a");
    assert_string_equal(page.slots[0].module, "m");
    assert_string_equal(page.slots[0].expose, "./A");
    assert_string_equal(page.slots[0].fallback, "");
    assert_null(page.slots[0].policy);
    assert_int_equal(berth_json_integer(page.slots[0].props, "n", 0), 1);
    assert_null(page.document_module);
    assert_null(page.layout);
    assert_null(page.csp);
    berth_page_done(&page);
    berth_page_done(&page);
}

static void a_slot_may_have_a_policy_of_its_own(void **state) {
    (void)state;
    json_t *manifest = manifest_of("slot-policies");
    struct berth_page page;
    assert_int_equal(berth_page_parse(manifest, &page, NULL), BERTH_OK);
    for (size_t i = 0; i < page.slot_count; i++)
        assert_string_equal(page.slots[i].policy, page.slots[i].name);
    berth_page_done(&page);
    json_decref(manifest);
}

static void slots_keep_their_order(void **state) {
    (void)state;
    json_t *manifest = manifest_of("sixty-four-slots");
    struct berth_page page;
    assert_int_equal(berth_page_parse(manifest, &page, NULL), BERTH_OK);
    assert_int_equal(page.slot_count, BERTH_PAGE_MAX_SLOTS);
    for (size_t i = 0; i < page.slot_count; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "s%zu", i);
        assert_string_equal(page.slots[i].name, name);
    }
    berth_page_done(&page);
    json_decref(manifest);
}

static void a_document_page_shows_index_html_unless_told_otherwise(void **state) {
    (void)state;
    static const char *const cases[][4] = {{"document", "m", "index.html", "en"},
                                           {"document-with-all", "@s/n", "sub/page.html", "de"}};
    for (size_t i = 0; i < 2; i++) {
        json_t *manifest = manifest_of(cases[i][0]);
        struct berth_page page;
        assert_int_equal(berth_page_parse(manifest, &page, NULL), BERTH_OK);
        assert_string_equal(page.document_module, cases[i][1]);
        assert_string_equal(page.document_file, cases[i][2]);
        assert_string_equal(page.language, cases[i][3]);
        assert_int_equal(page.slot_count, 0);
        berth_page_done(&page);
        json_decref(manifest);
    }
}

static void a_fallback_of_64_kib_is_taken_and_a_byte_more_is_not(void **state) {
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct berth_error error = {0};
        struct berth_page page;
        char *html = malloc(BERTH_FALLBACK_MAX_BYTES + 2);
        assert_non_null(html);
        memset(html, 'x', BERTH_FALLBACK_MAX_BYTES + more);
        html[BERTH_FALLBACK_MAX_BYTES + more] = '\0';
        json_t *manifest = json_pack("{ss ss s[{ss ss ss ss}]}", "path", "/", "title", "T", "slots",
                                     "name", "a", "module", "m", "expose", "./A", "fallback", html);
        enum berth_code code = berth_page_parse(manifest, &page, &error);
        assert_int_equal(code, more ? BERTH_REFUSED : BERTH_OK);
        if (code == BERTH_OK)
            berth_page_done(&page);
        else
            assert_string_equal(error.where, "/slots/0/fallback");
        json_decref(manifest);
        free(html);
    }
}

static void the_pointer_to_an_endless_key_is_cut(void **state) {
    (void)state;
    char key[5000];
    memset(key, '~', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    struct berth_error error = {0};
    struct berth_page page;
    json_t *manifest = json_pack("{ss si}", "path", "/", key, 1);
    assert_int_equal(berth_page_parse(manifest, &page, &error), BERTH_REFUSED);
    assert_string_equal(error.rule, "page-key");
    assert_memory_equal(error.where, "/~0~0~0", 7);
    json_decref(manifest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manifests_that_come_with_berth_are_good),
        cmocka_unit_test(good_pages_are_taken),
        cmocka_unit_test(bad_pages_are_refused_with_rule_and_pointer),
        cmocka_unit_test(a_composed_page_is_read_as_written),
        cmocka_unit_test(a_slot_may_have_a_policy_of_its_own),
        cmocka_unit_test(slots_keep_their_order),
        cmocka_unit_test(a_document_page_shows_index_html_unless_told_otherwise),
        cmocka_unit_test(a_fallback_of_64_kib_is_taken_and_a_byte_more_is_not),
        cmocka_unit_test(the_pointer_to_an_endless_key_is_cut),
    };
    return cmocka_run_group_tests_name("manifest_page", tests, NULL, NULL);
}
