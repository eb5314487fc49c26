#include "berth/json.h"
#include "snapshot_fixture.h"

#include <stdio.h>
#include <sys/resource.h>

static const char description[] =
    "{\"entry\":\"remoteEntry.js\",\"type\":\"script\",\"container\":\"app\","
    "\"manifest\":\"mf-manifest.json\"}";
static const char manifest[] = "{\"metaData\":{\"name\":\"app\",\"publicPath\":\"/old/\"}}";
static const struct fixture_file files[] = {
    {"Z.js", "z"},       {"a/b.css", "shared"},          {"a/c.css", "shared"},
    {"empty.js", ""},    {"mf-manifest.json", manifest}, {"remoteEntry.js", "entry"},
    {"ünïcode.js", "u"},
};
enum { FILES = sizeof files / sizeof files[0] };

static struct berth_edition *edition_of(struct snapshot_fixture *fixture, const char *version) {
    return fixture_edition(fixture, "app", version, description, files, FILES);
}

static void files_of_an_edition_are_found_by_their_whole_path(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_edition *edition = edition_of(fixture, "1.0.0");
    assert_int_equal(edition->file_count, FILES);
    assert_false(edition->loaded);
    for (size_t i = 0; i < FILES; i++) {
        const struct berth_file *file = berth_edition_file(edition, files[i].path);
        assert_non_null(file);
        assert_string_equal(file->path, files[i].path);
        assert_int_equal(file->bytes, strlen(files[i].contents));
        assert_null(file->body);
        assert_null(file->forms);
        struct berth_digest digest = berth_sha256(files[i].contents, strlen(files[i].contents));
        assert_true(berth_digest_equal(&file->digest, &digest));
    }
    static const char *const none[] = {"", "a", "a/", "a/b", "z.js", "Z.js ", "remoteEntry.js.map"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_null(berth_edition_file(edition, none[i]));
    berth_edition_unref(fixture->views.bodies, edition);
}

static void an_edition_of_no_files_has_none(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_edition *edition = fixture_edition(fixture, "app", "1.0.0", "{}", NULL, 0);
    assert_null(berth_edition_file(edition, "x"));
    berth_edition_unref(fixture->views.bodies, edition);
}

static void loading_brings_every_body_into_memory_once_with_its_answer(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_bodies *bodies = fixture->views.bodies;
    struct berth_edition *edition = edition_of(fixture, "1.0.0");
    struct berth_edition *twin = edition_of(fixture, "1.0.1");
    assert_int_equal(berth_edition_load(edition, &fixture->views, true, NULL), BERTH_OK);
    assert_true(edition->loaded);
    assert_int_equal(edition->refs, 1);
    for (size_t i = 0; i < FILES; i++) {
        const struct berth_file *file = berth_edition_file(edition, files[i].path);
        assert_non_null(file->body); /* of the empty file too */
        assert_memory_equal(file->body, files[i].contents, strlen(files[i].contents));
        const struct berth_prepared *answer = berth_forms_choose(file->forms, "br, gzip, zstd");
        assert_ptr_equal(answer, &file->forms->identity);
        assert_ptr_equal(answer->body, file->body);
        assert_int_equal(answer->length, file->bytes);
        char hex[BERTH_HEX_BYTES];
        berth_digest_hex(&file->digest, hex);
        assert_memory_equal(answer->etag + 1, hex, BERTH_HEX_BYTES - 1);
    }
    int64_t bytes = berth_bodies_bytes(bodies);
    assert_int_equal(bytes, edition->bytes - (int64_t)strlen("shared"));
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), 0);
    assert_int_equal(berth_edition_load(twin, &fixture->views, true, NULL), BERTH_OK);
    assert_int_equal(berth_bodies_bytes(bodies), bytes);
    berth_edition_unref(bodies, edition);
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), 0);
    berth_edition_unref(bodies, twin);
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), bytes); /* kept for a while */
    berth_edition_unref(bodies, NULL);
}

static void a_damaged_or_missing_file_refuses_the_edition_or_costs_itself(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_edition *strict = edition_of(fixture, "1.0.0");
    struct berth_edition *lenient = edition_of(fixture, "1.0.0");
    fixture_damage(fixture, "entry");
    assert_int_equal(berth_edition_load(strict, &fixture->views, true, &fixture->error), BERTH_IO);
    assert_string_equal(fixture->error.rule, "blob-damaged");
    assert_string_equal(fixture->error.where, "app@1.0.0/remoteEntry.js");
    berth_edition_unref(fixture->views.bodies, strict);
    lenient->files[0].digest.bytes[0] ^= 1; /* there is none */
    assert_int_equal(berth_edition_load(lenient, &fixture->views, false, NULL), BERTH_OK);
    assert_false(lenient->loaded);
    for (size_t i = 0; i < FILES; i++) {
        bool whole = i != 0 && strcmp(files[i].path, "remoteEntry.js") != 0;
        assert_int_equal(lenient->files[i].body != NULL, whole);
        assert_int_equal(lenient->files[i].forms != NULL, whole);
    }
    berth_edition_unref(fixture->views.bodies, lenient);
}

/* Whatever else is wrong is no reason to go on without a file that is sound. */
static void a_lack_of_descriptors_is_no_damage(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_edition *edition = edition_of(fixture, "1.0.0");
    struct berth_edition *again = NULL;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum berth_code code = berth_edition_load(edition, &fixture->views, false, &fixture->error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(code, BERTH_IO);
    assert_string_equal(fixture->error.rule, "store-io");
    berth_edition_unref(fixture->views.bodies, edition);
    again = edition_of(fixture, "1.0.0");
    assert_int_equal(berth_edition_load(again, &fixture->views, false, NULL), BERTH_OK);
    assert_true(again->loaded);
    berth_edition_unref(fixture->views.bodies, again);
}

static void a_file_that_grew_costs_itself(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_edition *edition = edition_of(fixture, "1.0.0");
    edition->files[0].bytes--; /* now it is longer than its row says */
    assert_int_equal(berth_edition_load(edition, &fixture->views, false, &fixture->error),
                     BERTH_OK);
    assert_false(edition->loaded);
    berth_edition_unref(fixture->views.bodies, edition);
}

static void the_manifest_of_an_edition_names_its_own_url(void **state) {
    struct snapshot_fixture *fixture = *state;
    fixture->views.public_url = "https://p.example";
    struct berth_edition *edition = edition_of(fixture, "1.0.0");
    assert_string_equal(
        edition->manifest->body,
        "{\"metaData\":{\"name\":\"app\",\"publicPath\":\"https://p.example/m/app@1.0.0/\"}}");
    assert_int_equal(edition->manifest->length, strlen(edition->manifest->body));
    assert_int_equal(strlen(edition->manifest->plain.identity.etag), BERTH_ETAG_BYTES - 1);
    berth_edition_unref(fixture->views.bodies, edition);
}

static void a_manifest_that_cannot_be_read_refuses_the_edition(void **state) {
    struct snapshot_fixture *fixture = *state;
    static const struct fixture_file broken[] = {{"mf-manifest.json", "{\"metaData\":"}};
    struct berth_edition *edition = NULL;
    assert_int_equal(fixture_try_edition(fixture, "app", "1.0.0", description, broken, 1, &edition),
                     BERTH_INVALID);
    assert_string_equal(fixture->error.rule, "json-syntax");
    assert_null(edition);
    assert_int_equal(fixture_try_edition(fixture, "app", "1.0.0", "{not json", NULL, 0, &edition),
                     BERTH_INVALID);
    assert_null(edition);
}

static void a_module_has_a_live_entry_in_both_forms(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_module *module = fixture_module(fixture, edition_of(fixture, "1.0.0"), 7);
    assert_int_equal(module->live_generation, 7);
    assert_string_equal(module->live->version, "1.0.0");
    assert_non_null(strstr(module->live_entry->body, "__BERTH__.live({\"module\":\"app\","
                                                     "\"version\":\"1.0.0\",\"generation\":7,"));
    assert_non_null(strstr(module->live_entry_module->body, "export default"));
    assert_null(strstr(module->live_entry->body, "export default"));
    assert_int_equal(module->live_entry->length, strlen(module->live_entry->body));
    assert_non_null(strstr(module->live_manifest->body, "\"publicPath\":\"auto\""));
    assert_non_null(strstr(module->live_manifest->body, "remoteEntry"));
    struct berth_remote remote;
    assert_true(berth_module_remote(module, &remote));
    assert_string_equal(remote.version, "1.0.0");
    assert_int_equal(remote.generation, 7);
    berth_module_unref(fixture->views.bodies, module);
}

static void a_module_without_a_live_version_says_so(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_module *module = fixture_module(fixture, edition_of(fixture, "1.0.0"), 0);
    struct berth_remote remote;
    assert_null(module->live);
    assert_false(berth_module_remote(module, &remote));
    assert_non_null(
        strstr(module->live_entry->body, "__BERTH__.live({\"module\":\"app\",\"name\":\"app\"})"));
    assert_null(module->live_manifest);
    berth_module_unref(fixture->views.bodies, module);
}

static void versions_are_found_by_their_name_and_stay_in_order_of_upload(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_bodies *bodies = fixture->views.bodies;
    static const char *const versions[] = {"1.0.0", "1.0.0-rc.1", "2.0.0", "10.0.0", "0.9.0"};
    struct berth_heads *first = berth_heads_create(versions, 3), *heads = first;
    for (size_t i = 3; i < 5; i++) {
        struct berth_heads *next = berth_heads_add(heads, versions[i]);
        assert_int_equal(heads->count, i); /* as it was */
        berth_heads_unref(heads);
        heads = next;
    }
    struct berth_edition *live = edition_of(fixture, "2.0.0");
    struct berth_edition *previous = edition_of(fixture, "1.0.0");
    struct berth_module *module = NULL;
    struct berth_module_parts parts = {
        .name = "app", .heads = heads, .live = live, .previous = previous, .live_generation = 3};
    assert_int_equal(berth_module_create(&parts, &fixture->views, &module, NULL), BERTH_OK);
    berth_heads_unref(heads);
    berth_edition_unref(bodies, live);
    berth_edition_unref(bodies, previous);
    for (size_t i = 0; i < 5; i++) {
        assert_true(berth_module_has(module, versions[i]));
        assert_string_equal(module->heads->by_upload[i]->version, versions[i]);
    }
    static const char *const none[] = {"", "1.0", "3.0.0", "2.0.0 ", "10.0.00"};
    for (size_t i = 0; i < 5; i++)
        assert_false(berth_module_has(module, none[i]));
    assert_ptr_equal(berth_module_resident(module, "2.0.0"), live);
    assert_ptr_equal(berth_module_resident(module, "1.0.0"), previous);
    assert_null(berth_module_resident(module, "10.0.0"));
    berth_module_unref(bodies, module);
    berth_module_unref(bodies, NULL);
    berth_heads_unref(NULL);
}

static void an_upload_and_a_refresh_share_all_that_they_do_not_change(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_bodies *bodies = fixture->views.bodies;
    struct berth_module *module = fixture_module(fixture, edition_of(fixture, "1.0.0"), 1);
    struct berth_heads *heads = berth_heads_add(module->heads, "1.1.0");
    struct berth_module *uploaded = berth_module_with(module, heads, NULL, NULL);
    struct berth_edition *edition = edition_of(fixture, "1.0.0");
    struct berth_module *refreshed = berth_module_with(uploaded, NULL, edition, NULL);
    struct berth_snapshot *snapshot = NULL;
    assert_int_equal(
        berth_snapshot_create(4, NULL, &module, 1, NULL, 0, &fixture->views, &snapshot, NULL),
        BERTH_OK);
    struct berth_snapshot *next = berth_snapshot_with(snapshot, &refreshed, 1);
    assert_ptr_equal(uploaded->live, module->live);
    assert_ptr_equal(refreshed->live, edition);
    assert_ptr_equal(refreshed->heads, heads);
    assert_ptr_equal(refreshed->live_entry, module->live_entry);
    assert_ptr_equal(refreshed->live_manifest, module->live_manifest);
    assert_int_equal(refreshed->live_generation, 1);
    assert_int_equal(next->generation, 4);
    assert_ptr_equal(next->pages, snapshot->pages);
    assert_ptr_equal(berth_snapshot_listing(next, BERTH_LISTING_REMOTES),
                     berth_snapshot_listing(snapshot, BERTH_LISTING_REMOTES));
    assert_true(berth_module_has(berth_snapshot_module(next, "app"), "1.1.0"));
    berth_edition_unref(bodies, edition);
    berth_heads_unref(heads);
    berth_module_unref(bodies, module);
    berth_module_unref(bodies, uploaded);
    berth_snapshot_destroy(bodies, snapshot);
    berth_module_unref(bodies, refreshed);
    berth_snapshot_destroy(bodies, next);
}

static void parse_page(const char *json, struct berth_page *ret) {
    json_t *value = NULL;
    struct berth_error error = {0};
    assert_int_equal(berth_json_parse(json, strlen(json), 100000, &value, NULL), BERTH_OK);
    if (berth_page_parse(value, ret, &error) != BERTH_OK)
        fail_msg("%s at %s", error.rule, error.where);
    json_decref(value);
}

static const char composed[] =
    "{\"path\":\"/b\",\"title\":\"B\",\"slots\":[{\"name\":\"s\",\"module\":\"app\","
    "\"expose\":\"./A\"}]}";
static const char document[] =
    "{\"path\":\"/a\",\"document\":{\"module\":\"app\",\"file\":\"Z.js\"}}";
static const char no_file[] =
    "{\"path\":\"/c\",\"document\":{\"module\":\"app\",\"file\":\"none.html\"}}";
static const char no_module[] = "{\"path\":\"/\",\"document\":{\"module\":\"none\"}}";

static void modules_and_pages_of_a_snapshot_are_found_by_name_and_path(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_bodies *bodies = fixture->views.bodies;
    static const char *const manifests[] = {composed, document, no_file, no_module};
    static const char *const names[] = {"@a/x", "app", "b"};
    struct berth_page pages[4];
    struct berth_page_source sources[4];
    struct berth_module *modules[3];
    struct berth_snapshot *snapshot = NULL;
    for (size_t i = 0; i < 4; i++) {
        parse_page(manifests[i], &pages[i]);
        sources[i] = (struct berth_page_source){"page", &pages[i]};
    }
    for (size_t i = 0; i < 3; i++)
        modules[i] = fixture_module(
            fixture, fixture_edition(fixture, names[i], "1.0.0", description, files, FILES), i < 2);
    assert_int_equal(
        berth_snapshot_create(9, NULL, modules, 3, sources, 4, &fixture->views, &snapshot, NULL),
        BERTH_OK);
    assert_int_equal(snapshot->generation, 9);
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(berth_snapshot_module(snapshot, names[i]), modules[i]);
        assert_int_equal(modules[i]->refs, 2);
        berth_module_unref(bodies, modules[i]);
    }
    assert_null(berth_snapshot_module(snapshot, "ap"));
    assert_null(berth_snapshot_module(snapshot, ""));
    assert_null(berth_snapshot_module(snapshot, "zzz"));
    static const struct {
        const char *path;
        bool available;
    } found[] = {{"/", false}, {"/a", true}, {"/b", true}, {"/c", false}};
    for (size_t i = 0; i < 4; i++) {
        const struct berth_snapshot_page *page = berth_snapshot_page(snapshot, found[i].path);
        assert_non_null(page);
        assert_string_equal(page->path, found[i].path);
        assert_int_equal(page->available, found[i].available);
        assert_int_equal(page->template.text != NULL, found[i].available);
    }
    assert_null(berth_snapshot_page(snapshot, "/a/"));
    assert_null(berth_snapshot_page(snapshot, "/d"));
    assert_string_equal(berth_snapshot_page(snapshot, "/a")->template.text,
                        "<base href=\"/m/app@1.0.0/\">z");
    assert_non_null(
        strstr(berth_snapshot_page(snapshot, "/b")->template.text, "\"modules\":{\"app\":{"));
    /* Only what is live. */
    assert_memory_equal(berth_snapshot_listing(snapshot, BERTH_LISTING_REMOTES)->body,
                        "{\"generation\":9,\"remotes\":{\"@a/x\":{", 35);
    assert_non_null(
        strstr(berth_snapshot_listing(snapshot, BERTH_LISTING_REMOTES)->body, "\"app\":{"));
    assert_null(strstr(berth_snapshot_listing(snapshot, BERTH_LISTING_REMOTES)->body, "\"b\":{"));
    berth_snapshot_destroy(bodies, snapshot);
    for (size_t i = 0; i < 4; i++)
        berth_page_done(&pages[i]);
}

/* 5 MiB of text: more than a document may have. */
static char *large_text(void) {
    enum { LENGTH = 5 << 20 };
    char *text = malloc(LENGTH + 1);
    assert_non_null(text);
    memset(text, 'x', LENGTH);
    text[LENGTH] = '\0';
    return text;
}

static void a_page_that_cannot_be_made_fails_the_snapshot_and_is_named(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_page page;
    struct berth_page_source source = {"broken", &page};
    char *text = large_text();
    const struct fixture_file large = {"Z.js", text};
    struct berth_module *module =
        fixture_module(fixture, fixture_edition(fixture, "app", "1.0.0", "{}", &large, 1), 1);
    struct berth_snapshot *snapshot = NULL;
    parse_page(document, &page);
    assert_int_equal(berth_snapshot_create(1, NULL, &module, 1, &source, 1, &fixture->views,
                                           &snapshot, &fixture->error),
                     BERTH_TOO_LARGE);
    assert_string_equal(fixture->error.where, "app@1.0.0/Z.js");
    assert_null(snapshot);
    assert_int_equal(module->refs, 1);
    berth_module_unref(fixture->views.bodies, module);
    berth_page_done(&page);
    free(text);
}

/* Other pages and modules must not suffer for it. */
static void a_damaged_document_is_not_available_and_no_more(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_page page;
    struct berth_page_source source = {"damaged", &page};
    struct berth_module *module = fixture_module(fixture, edition_of(fixture, "1.0.0"), 1);
    struct berth_snapshot *snapshot = NULL;
    parse_page(document, &page);
    fixture_damage(fixture, "z");
    assert_int_equal(berth_snapshot_create(1, NULL, &module, 1, &source, 1, &fixture->views,
                                           &snapshot, &fixture->error),
                     BERTH_OK);
    assert_int_equal(fixture->error.code, BERTH_OK);
    assert_false(berth_snapshot_page(snapshot, "/a")->available);
    berth_snapshot_destroy(fixture->views.bodies, snapshot);
    berth_module_unref(fixture->views.bodies, module);
    berth_page_done(&page);
}

static void a_damaged_manifest_costs_its_view_and_no_more(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_edition *whole = edition_of(fixture, "1.0.0");
    fixture_damage(fixture, manifest);
    struct berth_module *module = fixture_module(fixture, whole, 1);
    assert_null(module->live_manifest);
    assert_non_null(module->live_entry->body);
    assert_non_null(module->live->manifest->body); /* made when the file was sound */
    berth_module_unref(fixture->views.bodies, module);
}

/* A live version's document is in memory: what happens on the disk later does not matter. */
static void a_loaded_document_is_composed_from_memory(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_page page;
    struct berth_page_source source = {"document", &page};
    struct berth_edition *edition = edition_of(fixture, "1.0.0");
    struct berth_snapshot *snapshot = NULL;
    assert_int_equal(berth_edition_load(edition, &fixture->views, true, NULL), BERTH_OK);
    fixture_damage(fixture, "z");
    struct berth_module *module = fixture_module(fixture, edition, 1);
    parse_page(document, &page);
    assert_int_equal(
        berth_snapshot_create(1, NULL, &module, 1, &source, 1, &fixture->views, &snapshot, NULL),
        BERTH_OK);
    assert_true(berth_snapshot_page(snapshot, "/a")->available);
    assert_string_equal(berth_snapshot_page(snapshot, "/a")->template.text,
                        "<base href=\"/m/app@1.0.0/\">z");
    berth_snapshot_destroy(fixture->views.bodies, snapshot);
    berth_module_unref(fixture->views.bodies, module);
    berth_page_done(&page);
}

static void an_empty_snapshot_has_nothing_and_says_so(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_snapshot *snapshot = NULL;
    assert_int_equal(
        berth_snapshot_create(0, NULL, NULL, 0, NULL, 0, &fixture->views, &snapshot, NULL),
        BERTH_OK);
    assert_null(berth_snapshot_module(snapshot, "app"));
    assert_null(berth_snapshot_page(snapshot, "/"));
    assert_string_equal(berth_snapshot_listing(snapshot, BERTH_LISTING_REMOTES)->body,
                        "{\"generation\":0,\"remotes\":{}}");
    berth_snapshot_destroy(fixture->views.bodies, snapshot);
    berth_snapshot_destroy(fixture->views.bodies, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(files_of_an_edition_are_found_by_their_whole_path),
        SNAPSHOT_TEST(an_edition_of_no_files_has_none),
        SNAPSHOT_TEST(loading_brings_every_body_into_memory_once_with_its_answer),
        SNAPSHOT_TEST(a_damaged_or_missing_file_refuses_the_edition_or_costs_itself),
        SNAPSHOT_TEST(a_lack_of_descriptors_is_no_damage),
        SNAPSHOT_TEST(a_file_that_grew_costs_itself),
        SNAPSHOT_TEST(the_manifest_of_an_edition_names_its_own_url),
        SNAPSHOT_TEST(a_manifest_that_cannot_be_read_refuses_the_edition),
        SNAPSHOT_TEST(a_module_has_a_live_entry_in_both_forms),
        SNAPSHOT_TEST(a_module_without_a_live_version_says_so),
        SNAPSHOT_TEST(versions_are_found_by_their_name_and_stay_in_order_of_upload),
        SNAPSHOT_TEST(an_upload_and_a_refresh_share_all_that_they_do_not_change),
        SNAPSHOT_TEST(modules_and_pages_of_a_snapshot_are_found_by_name_and_path),
        SNAPSHOT_TEST(a_page_that_cannot_be_made_fails_the_snapshot_and_is_named),
        SNAPSHOT_TEST(a_damaged_document_is_not_available_and_no_more),
        SNAPSHOT_TEST(a_damaged_manifest_costs_its_view_and_no_more),
        SNAPSHOT_TEST(a_loaded_document_is_composed_from_memory),
        SNAPSHOT_TEST(an_empty_snapshot_has_nothing_and_says_so),
    };
    return cmocka_run_group_tests_name("snapshot_nodes", tests, NULL, NULL);
}
