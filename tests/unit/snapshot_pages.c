/* Pages are composed when they are asked for, and shared by snapshots where they stay the same. */
#include "berth/json.h"
#include "snapshot_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { MODULES = 2, PAGES = 3, READERS = 8 };

static bool compose_fails;
static atomic_int lines; /* in the log */

enum berth_code __real_berth_compose_page(const struct berth_compose *compose,
                                          struct berth_template *ret, struct berth_error *error);
enum berth_code __wrap_berth_compose_page(const struct berth_compose *compose,
                                          struct berth_template *ret, struct berth_error *error);
void __wrap_berth_log_event(const char *level, const char *event, json_t *fields);

enum berth_code __wrap_berth_compose_page(const struct berth_compose *compose,
                                          struct berth_template *ret, struct berth_error *error) {
    if (compose_fails)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "as the test wants it");
    return __real_berth_compose_page(compose, ret, error);
}

void __wrap_berth_log_event(const char *level, const char *event, json_t *fields) {
    (void)level;
    (void)event;
    json_decref(fields);
    lines++;
}

static const char *const names[MODULES] = {"app", "other"};
static const char *const manifests[PAGES] = {
    "{\"path\":\"/app\",\"title\":\"A\",\"slots\":[{\"name\":\"s\",\"module\":\"app\","
    "\"expose\":\"./A\"}]}",
    "{\"path\":\"/other\",\"title\":\"O\",\"slots\":[{\"name\":\"s\",\"module\":\"other\","
    "\"expose\":\"./A\"}]}",
    "{\"path\":\"/document\",\"document\":{\"module\":\"app\",\"file\":\"page.html\"}}",
};
static const struct fixture_file files[] = {{"entry.js", "entry"}, {"page.html", "<p>page"}};
static const char description[] = "{\"entry\":\"entry.js\",\"type\":\"script\",\"container\":\"c\","
                                  "\"exposes\":[{\"name\":\"./A\",\"prerendered\":\"page.html\"}]}";

/* What a snapshot is made of. */
struct site {
    struct snapshot_fixture *fixture;
    struct berth_module *modules[MODULES];
    struct berth_page pages[PAGES];
    struct berth_page_source sources[PAGES];
    struct berth_snapshot *snapshot; /* the newest; the one before goes */
};

static void parse_page(const char *json, struct berth_page *ret) {
    json_t *value = NULL;
    assert_int_equal(berth_json_parse(json, strlen(json), 100000, &value, NULL), BERTH_OK);
    assert_int_equal(berth_page_parse(value, ret, NULL), BERTH_OK);
    json_decref(value);
}

static struct berth_module *make_module(struct site *site, const char *name, const char *version,
                                        int64_t generation) {
    struct berth_edition *edition =
        fixture_edition(site->fixture, name, version, description, files, 2);
    assert_int_equal(berth_edition_load(edition, &site->fixture->views, false, NULL), BERTH_OK);
    return fixture_module(site->fixture, edition, generation);
}

static void set_module(struct site *site, size_t index, const char *version, int64_t generation) {
    berth_module_unref(site->fixture->views.bodies, site->modules[index]);
    site->modules[index] = make_module(site, names[index], version, generation);
}

static void set_page(struct site *site, size_t index, const char *json) {
    struct berth_page before = site->pages[index];
    parse_page(json, &site->pages[index]);
    berth_page_done(&before);
}

static enum berth_code try_next(struct site *site, int64_t generation) {
    struct berth_snapshot *next = NULL;
    enum berth_code code =
        berth_snapshot_create(generation, site->snapshot, site->modules, MODULES, site->sources,
                              PAGES, &site->fixture->views, &next, &site->fixture->error);
    if (code != BERTH_OK)
        return code;
    berth_snapshot_destroy(site->fixture->views.bodies, site->snapshot);
    site->snapshot = next;
    return code;
}

static void next(struct site *site, int64_t generation) {
    assert_int_equal(try_next(site, generation), BERTH_OK);
}

static void begin(struct site *site, void **state) {
    static const char *const page_names[PAGES] = {"a", "o", "d"};
    *site = (struct site){.fixture = *state};
    for (size_t i = 0; i < MODULES; i++)
        set_module(site, i, "1.0.0", (int64_t)i + 1);
    for (size_t i = 0; i < PAGES; i++) {
        parse_page(manifests[i], &site->pages[i]);
        site->sources[i] = (struct berth_page_source){page_names[i], &site->pages[i]};
    }
    next(site, 9);
}

static void end(struct site *site) {
    struct berth_bodies *bodies = site->fixture->views.bodies;
    berth_snapshot_destroy(bodies, site->snapshot);
    for (size_t i = 0; i < MODULES; i++)
        berth_module_unref(bodies, site->modules[i]);
    for (size_t i = 0; i < PAGES; i++)
        berth_page_done(&site->pages[i]);
}

static const struct berth_snapshot_page *page_at(const struct site *site, const char *path) {
    const struct berth_snapshot_page *page = berth_snapshot_page(site->snapshot, path);
    assert_non_null(page);
    assert_string_equal(page->path, path);
    assert_false(page->failed);
    return page;
}

static void assert_text(const struct site *site, const char *path, const char *text) {
    const struct berth_snapshot_page *page = page_at(site, path);
    assert_true(page->available);
    if (!strstr(page->template.text, text))
        fail_msg("%s has no %s:\n%s", path, text, page->template.text);
}

static void only_pages_of_a_module_that_changes_are_composed_again(void **state) {
    struct site site;
    begin(&site, state);
    const struct berth_snapshot_page *app = page_at(&site, "/app");
    const struct berth_snapshot_page *other = page_at(&site, "/other");
    const struct berth_snapshot_page *document = page_at(&site, "/document");
    assert_ptr_equal(page_at(&site, "/app"), app);
    set_module(&site, 1, "2.0.0", 10);
    next(&site, 10);
    assert_ptr_equal(page_at(&site, "/app"), app);
    assert_ptr_equal(page_at(&site, "/document"), document);
    assert_text(&site, "/other", "\"version\":\"2.0.0\"");
    other = page_at(&site, "/other");
    set_module(&site, 0, "2.0.0", 11);
    next(&site, 11);
    assert_ptr_equal(page_at(&site, "/other"), other);
    assert_text(&site, "/app", "\"version\":\"2.0.0\"");
    assert_text(&site, "/document", "<base href=\"/m/app@2.0.0/\">");
    end(&site);
}

static void a_page_that_nobody_asked_for_shows_the_snapshot_in_which_it_is_asked_for(void **state) {
    struct site site;
    begin(&site, state);
    for (int64_t generation = 10; generation < 13; generation++) {
        char version[16];
        (void)snprintf(version, sizeof version, "%d.0.0", (int)generation);
        set_module(&site, 1, version, generation);
        next(&site, generation);
    }
    assert_text(&site, "/app", "\"version\":\"1.0.0\"");
    assert_text(&site, "/other", "\"version\":\"12.0.0\"");
    assert_text(&site, "/other", "/m/other@12.0.0/entry.js");
    end(&site);
}

static void what_must_be_composed_first_is_told(void **state) {
    struct site site;
    bool waits = false;
    begin(&site, state);
    assert_null(berth_snapshot_page_made(site.snapshot, "/app", &waits));
    assert_true(waits);
    const struct berth_snapshot_page *app = page_at(&site, "/app");
    assert_ptr_equal(berth_snapshot_page_made(site.snapshot, "/app", &waits), app);
    assert_false(waits);
    assert_null(berth_snapshot_page_made(site.snapshot, "/other", &waits));
    assert_true(waits);
    assert_null(berth_snapshot_page_made(site.snapshot, "/none", &waits));
    assert_false(waits);
    end(&site);
}

static void a_page_tells_the_newest_activation_that_it_shows(void **state) {
    struct site site;
    begin(&site, state);
    assert_text(&site, "/app", "{\"generation\":1,");
    assert_text(&site, "/other", "{\"generation\":2,");
    set_module(&site, 1, "1.0.0", 10); /* the same version, made live again */
    next(&site, 10);
    assert_text(&site, "/other", "{\"generation\":10,");
    end(&site);
}

static void a_page_with_another_manifest_is_another_page(void **state) {
    struct site site;
    begin(&site, state);
    const struct berth_snapshot_page *other = page_at(&site, "/other");
    set_page(&site, 0,
             "{\"path\":\"/app\",\"title\":\"Another\",\"slots\":[{\"name\":\"s\",\"module\":"
             "\"other\",\"expose\":\"./A\"}]}");
    next(&site, 10);
    assert_text(&site, "/app", "<title>Another</title>");
    assert_ptr_equal(page_at(&site, "/other"), other);
    set_page(&site, 0,
             "{\"path\":\"/moved\",\"document\":{\"module\":\"app\",\"file\":\"page.html\"}}");
    next(&site, 11);
    assert_null(berth_snapshot_page(site.snapshot, "/app"));
    assert_text(&site, "/moved", "<p>page");
    end(&site);
}

/* A description of about that many bytes, and a page of six times as many; free() it. */
static char *large_description(size_t bytes) {
    static const char begins[] = "{\"entry\":\"entry.js\",\"type\":\"script\",\"container\":\"";
    char *text = malloc(sizeof begins + bytes + 3);
    assert_non_null(text);
    memcpy(text, begins, sizeof begins);
    memset(text + sizeof begins - 1, '<', bytes);
    memcpy(text + sizeof begins - 1 + bytes, "\"}", 3);
    return text;
}

/* That must be known before a row is written; what is there stays. */
static void a_page_that_would_be_too_large_fails_the_snapshot_unasked(void **state) {
    struct site site;
    begin(&site, state);
    const struct berth_snapshot_page *app = page_at(&site, "/app");
    char *text = large_description((size_t)3 << 20);
    struct berth_edition *edition = fixture_edition(site.fixture, "app", "2.0.0", text, files, 2);
    berth_module_unref(site.fixture->views.bodies, site.modules[0]);
    site.modules[0] = fixture_module(site.fixture, edition, 10);
    assert_int_equal(try_next(&site, 10), BERTH_TOO_LARGE);
    assert_string_equal(site.fixture->error.rule, "page-size");
    assert_string_equal(site.fixture->error.where, "page a");
    assert_ptr_equal(page_at(&site, "/app"), app);
    free(text);
    end(&site);
}

/* The files as they are on the disk, where one may be damaged. */
static struct berth_module *read_module(struct site *site, const struct fixture_file *from,
                                        bool damaged) {
    struct berth_edition *edition =
        fixture_edition(site->fixture, "app", "2.0.0", description, from, 2);
    if (damaged)
        fixture_damage(site->fixture, from[1].contents);
    assert_int_equal(berth_edition_load(edition, &site->fixture->views, false, NULL), BERTH_OK);
    if (damaged)
        fixture_damage(site->fixture, from[1].contents); /* the same bit: sound again */
    return fixture_module(site->fixture, edition, 10);
}

static void what_a_page_lacked_is_there_once_its_version_was_read_again(void **state) {
    struct site site;
    struct snapshot_fixture *fixture = *state;
    begin(&site, state);
    static const struct fixture_file damaged[] = {{"entry.js", "entry"}, {"page.html", "<p>lost"}};
    const struct berth_snapshot_page *other = page_at(&site, "/other");
    struct berth_module *lacking = read_module(&site, damaged, true);
    berth_module_unref(fixture->views.bodies, site.modules[0]);
    site.modules[0] = lacking;
    next(&site, 10);
    assert_false(page_at(&site, "/document")->available);
    assert_null(strstr(page_at(&site, "/app")->template.text, "<p>lost"));
    struct berth_module *sound = read_module(&site, damaged, false);
    struct berth_module *modules[MODULES] = {sound, site.modules[1]};
    struct berth_snapshot *refreshed = berth_snapshot_with(site.snapshot, modules, MODULES);
    assert_non_null(refreshed);
    berth_module_unref(fixture->views.bodies, sound);
    berth_snapshot_destroy(fixture->views.bodies, site.snapshot);
    site.snapshot = refreshed;
    assert_true(page_at(&site, "/document")->available);
    assert_text(&site, "/app", "<p>lost");
    assert_ptr_equal(page_at(&site, "/other"), other);
    end(&site);
}

static void a_page_that_cannot_be_composed_is_one_line_in_the_log_however_many_ask(void **state) {
    struct site site;
    begin(&site, state);
    lines = 0;
    compose_fails = true;
    for (int i = 0; i < READERS; i++) {
        assert_true(berth_snapshot_page(site.snapshot, "/app")->failed);
        assert_true(berth_snapshot_page(site.snapshot, "/other")->failed);
    }
    assert_int_equal(lines, 2);
    set_module(&site, 0, "2.0.0", 10); /* "/app" is another page then */
    next(&site, 10);
    assert_true(berth_snapshot_page(site.snapshot, "/app")->failed);
    assert_true(berth_snapshot_page(site.snapshot, "/other")->failed);
    assert_int_equal(lines, 3);
    compose_fails = false;
    assert_text(&site, "/app", "\"version\":\"2.0.0\"");
    assert_text(&site, "/other", "\"version\":\"1.0.0\"");
    assert_int_equal(lines, 3);
    end(&site);
}

struct reader {
    pthread_t thread;
    const struct site *site;
    const struct berth_snapshot_page *pages[PAGES];
};

static void *read_pages(void *context) {
    struct reader *reader = context;
    for (size_t i = 0; i < PAGES; i++)
        reader->pages[i] = berth_snapshot_page(reader->site->snapshot, reader->site->pages[i].path);
    return NULL;
}

static void all_who_ask_at_once_get_the_same_page(void **state) {
    struct site site;
    struct reader readers[READERS];
    begin(&site, state);
    for (size_t i = 0; i < READERS; i++) {
        readers[i].site = &site;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_pages, &readers[i]), 0);
    }
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        for (size_t j = 0; j < PAGES; j++)
            assert_ptr_equal(readers[i].pages[j], page_at(&site, site.pages[j].path));
    }
    end(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(only_pages_of_a_module_that_changes_are_composed_again),
        SNAPSHOT_TEST(a_page_that_nobody_asked_for_shows_the_snapshot_in_which_it_is_asked_for),
        SNAPSHOT_TEST(what_must_be_composed_first_is_told),
        SNAPSHOT_TEST(a_page_tells_the_newest_activation_that_it_shows),
        SNAPSHOT_TEST(a_page_with_another_manifest_is_another_page),
        SNAPSHOT_TEST(a_page_that_would_be_too_large_fails_the_snapshot_unasked),
        SNAPSHOT_TEST(what_a_page_lacked_is_there_once_its_version_was_read_again),
        SNAPSHOT_TEST(a_page_that_cannot_be_composed_is_one_line_in_the_log_however_many_ask),
        SNAPSHOT_TEST(all_who_ask_at_once_get_the_same_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
