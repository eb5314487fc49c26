/* Forms, in pieces of every size. */
#include "api/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    char text[4096]; /* "name:", "name!:" of a file, then the bytes, then "." */
    size_t length;
};

static void note(struct seen *seen, const void *data, size_t length) {
    assert_true(seen->length + length < sizeof seen->text);
    memcpy(seen->text + seen->length, data, length);
    seen->length += length;
    seen->text[seen->length] = '\0';
}

static enum berth_code begin(void *context, const char *name, bool file,
                             struct berth_error *error) {
    (void)error;
    note(context, name, strlen(name));
    note(context, file ? "!:" : ":", file ? 2 : 1);
    return BERTH_OK;
}

static enum berth_code add(void *context, const void *data, size_t length,
                           struct berth_error *error) {
    (void)error;
    assert_true(length > 0);
    note(context, data, length);
    return BERTH_OK;
}

static enum berth_code end(void *context, struct berth_error *error) {
    (void)error;
    note(context, ".", 1);
    return BERTH_OK;
}

static const struct api_multipart_sink sink = {begin, add, end};
static const char type[] = "multipart/form-data; boundary=B";

static enum berth_code read_form(const char *body, size_t piece, struct seen *seen,
                                 struct berth_error *error) {
    struct api_multipart multipart;
    *seen = (struct seen){0};
    enum berth_code code = api_multipart_init(&multipart, type, &sink, seen, error);
    for (size_t at = 0, length = strlen(body); !code && at < length; at += piece)
        code = api_multipart_add(&multipart, body + at, length - at < piece ? length - at : piece,
                                 error);
    return code ? code : api_multipart_finish(&multipart, error);
}

#define PART(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"

static void parts_are_the_same_in_pieces_of_every_size(void **state) {
    (void)state;
    static const struct {
        const char *body, *expected;
    } examples[] = {
        {"--B\r\n" PART("a") "1\r\n--B--\r\n", "a:1."},
        {"--B\r\n" PART("a") "\r\n--B--", "a:."},
        {"--B\r\n" PART("a") "1\r\n--B\r\n" PART("b") "2\r\n--B--\r\n", "a:1.b:2."},
        {"preamble\r\n--B\r\n" PART("a") "1\r\n--B--epilogue\r\n--B\r\n", "a:1."},
        {"\r\n\r\n--B \t\r\n" PART("a") "1\r\n--B--", "a:1."},
        {"--B\r\n" PART("a") "\r\n\r\n--\r\n--A\r\r\n--B--", "a:\r\n\r\n--\r\n--A\r."},
        {"--B\r\n" PART("a") "x\r\n--\r\r\n--B--", "a:x\r\n--\r."},
        {"--B\r\n" PART("a") "--B--\r\n--B--", "a:--B--."},
        {"--B\r\nX: y\r\ncontent-disposition:form-data;name=file; filename=\"a;name=b\"\r\n"
         "Content-Type: application/gzip\r\n\r\n1\r\n--B--",
         "file!:1."},
        {"--B\r\nContent-Disposition: form-data; filename=\"; name=\\\"x\"; name=\"a\\\"b\"\r\n\r\n"
         "1\r\n--B--",
         "a\"b!:1."},
        {"--B\r\nContent-Disposition: form-data; name=\"a\"; filename*=UTF-8''x\r\n\r\n\r\n--B--",
         "a!:."},
        {"--B--", ""},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        for (size_t piece = 1; piece <= strlen(examples[i].body); piece++) {
            struct seen seen;
            struct berth_error error = {0};
            if (read_form(examples[i].body, piece, &seen, &error) != BERTH_OK)
                fail_msg("%zu in pieces of %zu: %s", i, piece, error.text);
            assert_string_equal(seen.text, examples[i].expected);
        }
}

static void what_breaks_a_rule_is_refused_in_pieces_of_every_size(void **state) {
    (void)state;
    static const struct {
        const char *body, *rule;
    } examples[] = {
        {"", "multipart-cut"},
        {"--B", "multipart-cut"},
        {"--B\r\n" PART("a") "1\r\n--B-", "multipart-cut"},
        {"--B\r\n" PART("a") "1\r\n--B\r\n", "multipart-cut"},
        {"--A\r\n" PART("a") "1\r\n--A--\r\n", "multipart-cut"},
        {"--B\r\n\r\n1\r\n--B--", "multipart-syntax"},
        {"--B\r\nX: y\r\n\r\n1\r\n--B--", "multipart-syntax"},
        {"--Bx\r\n" PART("a") "1\r\n--B--", "multipart-syntax"},
        {"--B-x\r\n", "multipart-syntax"},
        {"--B\rx", "multipart-syntax"},
        {"--B\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n\r\n--B--", "multipart-syntax"},
        {"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n" PART("b") "\r\n--B--",
         "multipart-syntax"},
        {"--B\r\nContent-Disposition: form-data\r\n\r\n\r\n--B--", "multipart-name"},
        {"--B\r\n" PART("") "\r\n--B--", "multipart-name"},
        {"--B\r\n" PART("a\nb") "\r\n--B--", "multipart-name"},
        {"--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\n\r\n--B--", "multipart-name"},
        {"--B\r\nContent-Transfer-Encoding: base64\r\n" PART("a") "\r\n--B--",
         "multipart-encoding"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        for (size_t piece = 1; piece <= strlen(examples[i].body) + 1; piece++) {
            struct seen seen;
            struct berth_error error = {0};
            assert_int_equal(read_form(examples[i].body, piece, &seen, &error), BERTH_INVALID);
            assert_string_equal(error.rule, examples[i].rule);
        }
}

static void names_have_an_end(void **state) {
    (void)state;
    struct seen seen = {0};
    struct berth_error error = {0};
    char body[512];
    (void)snprintf(
        body, sizeof body,
        "--B\r\nContent-Disposition: form-data; name=\"%.*s\"\r\n\r\n"
        "\r\n--B--",
        API_PART_NAME_MAX_BYTES + 1,
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(read_form(body, sizeof body, &seen, &error), BERTH_INVALID);
    assert_string_equal(error.rule, "multipart-name");
    body[strlen("--B\r\nContent-Disposition: form-data; name=\"") + API_PART_NAME_MAX_BYTES] = '"';
    error = (struct berth_error){0};
    assert_int_equal(read_form(body, sizeof body, &seen, &error), BERTH_OK);
}

static void types_and_boundaries(void **state) {
    (void)state;
    static const struct {
        const char *type, *rule; /* NULL: good */
    } examples[] = {
        {"multipart/form-data; boundary=x", NULL},
        {"Multipart/Form-Data;charset=utf-8; BOUNDARY=\"x:y\"", NULL},
        {"multipart/form-data; boundary=--------------------------012345678901234567890123", NULL},
        {"multipart/form-data; boundary="
         "1234567890123456789012345678901234567890123456789012345678901234567890",
         NULL},
        {"multipart/form-data; boundary="
         "12345678901234567890123456789012345678901234567890123456789012345678901",
         "multipart-boundary"},
        {"multipart/form-data; boundary=", "multipart-boundary"},
        {"multipart/form-data; boundary=\"x", "multipart-boundary"},
        {"multipart/form-data; boundary=a\\b", "multipart-boundary"},
        {"multipart/form-data", "multipart-boundary"},
        {"multipart/form-datax; boundary=x", "media-type"},
        {"application/json", "media-type"},
        {NULL, "media-type"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct api_multipart multipart;
        struct berth_error error = {0};
        enum berth_code code =
            api_multipart_init(&multipart, examples[i].type, &sink, NULL, &error);
        assert_int_equal(code == BERTH_OK, !examples[i].rule);
        if (examples[i].rule)
            assert_string_equal(error.rule, examples[i].rule);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_the_same_in_pieces_of_every_size),
        cmocka_unit_test(what_breaks_a_rule_is_refused_in_pieces_of_every_size),
        cmocka_unit_test(names_have_an_end),
        cmocka_unit_test(types_and_boundaries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
