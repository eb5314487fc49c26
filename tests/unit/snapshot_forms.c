/* What is answered of a file and of a text, and under which coding. */
#include "snapshot_fixture.h"

#include "berth/variant.h"

#include <stdio.h>

enum { TEXT_BYTES = 4000 };

static void fill(char *text) { /* easy to compress */
    for (int i = 0; i < TEXT_BYTES; i++)
        text[i] = "let it be "[i % 10];
    text[TEXT_BYTES] = '\0';
}

static struct berth_variant put(struct berth_store *store, const char *data, size_t length) {
    struct berth_blob_writer *writer = NULL;
    struct berth_variant variant;
    assert_int_equal(berth_blob_begin(store, &writer, NULL), BERTH_OK);
    assert_int_equal(berth_blob_add(writer, data, length, NULL), BERTH_OK);
    assert_int_equal(berth_blob_finish(writer, &variant.digest, &variant.bytes, NULL), BERTH_OK);
    return variant;
}

/* An edition of one file with variants that tell their names. */
static struct berth_edition *edition_of(struct snapshot_fixture *fixture, const char *path,
                                        const char *text) {
    const struct fixture_file file = {path, text};
    struct berth_edition *edition = fixture_edition(fixture, "app", "1.0.0", "{}", &file, 1);
    edition->files[0].variants[BERTH_GZIP] = put(fixture->store, "as gzip, longer", 15);
    edition->files[0].variants[BERTH_BROTLI] = put(fixture->store, "as brotli", 9);
    return edition;
}

static bool tells(const struct berth_prepared *answer, const char *line) {
    char head[1024];
    assert_true(answer->head_length < sizeof head);
    memcpy(head, answer->head, answer->head_length);
    head[answer->head_length] = '\0';
    return strstr(head, line) != NULL;
}

static void the_smallest_acceptable_form_is_sent_under_its_own_etag(void **state) {
    struct snapshot_fixture *fixture = *state;
    char text[TEXT_BYTES + 1];
    fill(text);
    struct berth_edition *edition = edition_of(fixture, "a.js", text);
    assert_int_equal(berth_edition_load(edition, &fixture->views, true, NULL), BERTH_OK);
    static const struct {
        const char *accept, *body, *line;
    } cases[] = {
        {"gzip, deflate, br, zstd", "as brotli", "Content-Encoding: br\r\n"},
        {"gzip", "as gzip, longer", "Content-Encoding: gzip\r\n"},
        {"gzip, br;q=0.5", "as gzip, longer", "Content-Encoding: gzip\r\n"},
        {"zstd", "let it be ", "Vary: Accept-Encoding\r\n"},
        {"identity", "let it be ", "Vary: Accept-Encoding\r\n"},
        {"", "let it be ", "Vary: Accept-Encoding\r\n"},
        {NULL, "let it be ", "Vary: Accept-Encoding\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct berth_prepared *answer =
            berth_forms_choose(edition->files[0].forms, cases[i].accept);
        assert_memory_equal(answer->body, cases[i].body, strlen(cases[i].body));
        assert_true(tells(answer, cases[i].line));
        assert_true(tells(answer, "Vary: Accept-Encoding\r\n"));
        assert_true(tells(answer, "Content-Type: text/javascript; charset=utf-8\r\n"));
        assert_true(tells(answer, "Cache-Control: public, max-age=31536000, immutable\r\n"));
        char hex[BERTH_HEX_BYTES];
        struct berth_digest digest = berth_sha256(answer->body, (size_t)answer->length);
        berth_digest_hex(&digest, hex);
        assert_memory_equal(answer->etag + 1, hex, BERTH_HEX_BYTES - 1);
    }
    berth_edition_unref(fixture->views.bodies, edition);
}

static void a_damaged_or_missing_variant_is_left_out(void **state) {
    struct snapshot_fixture *fixture = *state;
    char text[TEXT_BYTES + 1];
    fill(text);
    struct berth_edition *edition = edition_of(fixture, "a.js", text);
    edition->files[0].variants[BERTH_ZSTD] = (struct berth_variant){.bytes = 3}; /* not there */
    fixture_damage(fixture, "as brotli");
    assert_int_equal(berth_edition_load(edition, &fixture->views, true, NULL), BERTH_OK);
    assert_true(edition->loaded);
    const struct berth_forms *forms = edition->files[0].forms;
    assert_memory_equal(berth_forms_choose(forms, "br, gzip, zstd")->body, "as gzip, longer", 15);
    assert_ptr_equal(berth_forms_choose(forms, "br, zstd"), &forms->identity);
    berth_edition_unref(fixture->views.bodies, edition);
}

/* What may get variants says so before it has them; what never will does not. */
static void only_what_may_be_compressed_varies(void **state) {
    struct snapshot_fixture *fixture = *state;
    char text[TEXT_BYTES + 1];
    fill(text);
    static const struct {
        const char *path;
        int from;
        bool varies;
    } cases[] = {{"a.js", 0, true},     {"a.css", 0, true},
                 {"a.svg", 0, true},    {"a.png", 0, false},
                 {"a.woff2", 0, false}, {"a.js", TEXT_BYTES - BERTH_VARIANT_MIN_BYTES + 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct fixture_file file = {cases[i].path, text + cases[i].from};
        struct berth_edition *edition = fixture_edition(fixture, "app", "1.0.0", "{}", &file, 1);
        assert_int_equal(berth_edition_load(edition, &fixture->views, true, NULL), BERTH_OK);
        const struct berth_prepared *answer =
            berth_forms_choose(edition->files[0].forms, "br, gzip");
        assert_int_equal(tells(answer, "Vary: Accept-Encoding\r\n"), cases[i].varies);
        assert_false(tells(answer, "Content-Encoding"));
        assert_int_equal(tells(answer, "Content-Security-Policy: sandbox\r\n"), i == 2);
        berth_edition_unref(fixture->views.bodies, edition);
    }
}

static void a_text_gets_its_compressed_forms_later(void **state) {
    (void)state;
    char text[TEXT_BYTES + 1];
    fill(text);
    struct berth_view *view =
        berth_view_create(strdup(text), TEXT_BYTES, "text/javascript; charset=utf-8", "no-cache");
    const struct berth_prepared *plain = berth_forms_choose(berth_view_forms(view), "br");
    assert_ptr_equal(plain->body, view->body);
    assert_true(tells(plain, "Vary: Accept-Encoding\r\n"));
    const char *etag = view->plain.identity.etag;
    assert_string_equal(plain->etag, etag);
    for (int round = 0; round < 2; round++) { /* twice is once */
        berth_view_compress(view, round == 0);
        static const char *const codings[] = {"br", "zstd", "gzip"};
        for (int i = 0; i < 3; i++) {
            char line[64];
            const struct berth_prepared *coded =
                berth_forms_choose(berth_view_forms(view), codings[i]);
            (void)snprintf(line, sizeof line, "Content-Encoding: %s\r\n", codings[i]);
            assert_true(tells(coded, line));
            assert_true(tells(coded, "Cache-Control: no-cache\r\n"));
            assert_true(coded->length < TEXT_BYTES / 10);
            assert_string_not_equal(coded->etag, etag);
        }
    }
    const struct berth_prepared *again = berth_forms_choose(berth_view_forms(view), NULL);
    assert_ptr_equal(again->body, view->body);
    assert_string_equal(again->etag, etag);
    assert_string_equal(plain->etag, etag); /* who began with it may end with it */
    berth_view_unref(view);
    berth_view_unref(NULL);
}

static void a_short_text_stays_as_it_is(void **state) {
    (void)state;
    struct berth_view *view = berth_view_create(strdup("{}"), 2, "application/json", "no-cache");
    berth_view_compress(view, true);
    const struct berth_prepared *answer = berth_forms_choose(berth_view_forms(view), "br, gzip");
    assert_ptr_equal(answer->body, view->body);
    assert_false(tells(answer, "Vary"));
    berth_view_unref(view);
    assert_null(berth_view_create(NULL, 0, "application/json", "no-cache"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(the_smallest_acceptable_form_is_sent_under_its_own_etag),
        SNAPSHOT_TEST(a_damaged_or_missing_variant_is_left_out),
        SNAPSHOT_TEST(only_what_may_be_compressed_varies),
        SNAPSHOT_TEST(a_text_gets_its_compressed_forms_later),
        SNAPSHOT_TEST(a_short_text_stays_as_it_is),
    };
    return cmocka_run_group_tests_name("snapshot_forms", tests, NULL, NULL);
}
