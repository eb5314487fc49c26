/* Pages under gzip: what a client unpacks is the page, with the nonce of this answer. */
#include "compose_fixture.h"
#include "template.h"

#include <stdio.h>
#include <zlib.h>

/* zlib reads the file as any client does: magic, checksum and length count. */
static char *unpack(const struct berth_buffer *packed, size_t length) {
    char *text = calloc(1, length + 1);
    assert_non_null(text);
    z_stream stream = {.next_in = (Bytef *)packed->data,
                       .avail_in = (uInt)packed->length,
                       .next_out = (Bytef *)text,
                       .avail_out = (uInt)length + 1};
    assert_int_equal(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    assert_int_equal(stream.total_out, length);
    (void)inflateEnd(&stream);
    return text;
}

static void assert_packs(const struct berth_template *template) {
    assert_non_null(template->packed.data);
    for (int i = 0; i < 3; i++) {
        char nonce[BERTH_NONCE_BYTES];
        struct berth_buffer page, packed;
        berth_nonce(nonce);
        berth_buffer_init(&page, FILLED_BYTES);
        berth_buffer_init(&packed, FILLED_BYTES);
        berth_template_fill(template, nonce, &page);
        berth_template_fill_packed(template, nonce, &packed);
        assert_true(packed.length < page.length);
        char *text = unpack(&packed, page.length);
        assert_memory_equal(text, page.data, page.length);
        free(text);
        berth_buffer_done(&page);
        berth_buffer_done(&packed);
    }
}

static char *filler(size_t length) {
    char *text = malloc(length + 1);
    assert_non_null(text);
    unsigned value = 1;
    for (size_t i = 0; i < length; i++) {
        value = value * 1103515245U + 12345U;
        text[i] = (char)(' ' + (value >> 16) % 90);
    }
    text[length] = '\0';
    return text;
}

/* Shorter and longer than the window. */
static void a_piece_that_was_deflated_once_stands_in_the_page(void **state) {
    (void)state;
    for (size_t length = 0; length < 100000; length = length * 3 + 1000) {
        struct compose_fixture fixture;
        struct berth_template template;
        compose_begin(&fixture, "{'path': '/', 'title': 'T', 'slots': ["
                                "{'name': 'a', 'module': 'm', 'expose': './A'}]}");
        struct berth_frontend *frontend = &fixture.frontend;
        frontend->inlined = filler(length);
        frontend->inlined_raw =
            berth_raw_deflate(frontend->inlined, length, &frontend->inlined_raw_length);
        assert_int_equal(berth_compose_page(&fixture.compose, &template, NULL), BERTH_OK);
        assert_packs(&template);
        assert_non_null(memmem(template.packed.data, template.packed.length, frontend->inlined_raw,
                               frontend->inlined_raw_length));
        assert_int_equal(template.packed.hole_count, length < 31000 ? 1 : 2);
        berth_template_done(&template);
        free(frontend->inlined);
        free(frontend->inlined_raw);
        compose_end(&fixture);
    }
}

/* A template of texts with a hole between each two. */
static void make(struct berth_template *ret, const char *const *texts, size_t count) {
    struct berth_template_writer writer;
    berth_template_begin(&writer);
    for (size_t i = 0; i < count; i++) {
        if (i)
            berth_template_nonce(&writer);
        berth_buffer_text(&writer.text, texts[i]);
    }
    assert_int_equal(berth_template_end(&writer, strdup("csp"), NULL, ret, NULL), BERTH_OK);
}

static void a_composed_page_unpacks_to_itself(void **state) {
    (void)state;
    struct compose_fixture fixture;
    struct berth_template template;
    compose_begin(&fixture, "{'path': '/', 'title': 'T', 'slots': ["
                            "{'name': 'a', 'module': 'm', 'expose': './A'}]}");
    assert_int_equal(berth_compose_page(&fixture.compose, &template, NULL), BERTH_OK);
    assert_packs(&template);
    assert_true(template.hole_count > 1);
    assert_int_equal(template.packed.hole_count, 1); /* the others are copies of it */
    berth_template_done(&template);
    compose_end(&fixture);
}

/* A copy reaches back 32 KiB at most. */
static void holes_that_are_far_apart_are_filled_one_by_one(void **state) {
    (void)state;
    for (size_t length = 30000; length < 34000; length += 133) {
        char *far = filler(length);
        struct berth_template template;
        const char *texts[] = {"<script", ">", "</script><style", far, "<link", ">", "<p>"};
        make(&template, texts, sizeof texts / sizeof *texts);
        assert_packs(&template);
        assert_int_equal(template.hole_count, 6);
        assert_true(template.packed.hole_count == 1 || template.packed.hole_count == 2 ||
                    template.packed.hole_count == 6);
        berth_template_done(&template);
        free(far);
    }
}

static void holes_that_touch_and_pages_without_any_are_packed_too(void **state) {
    (void)state;
    struct berth_template template;
    char *long_text = filler(5000);
    const char *texts[] = {"", "", "", long_text, ""};
    make(&template, texts, 5);
    assert_packs(&template);
    berth_template_done(&template);
    make(&template, (const char *const[]){long_text}, 1);
    assert_packs(&template);
    assert_int_equal(template.packed.hole_count, 0);
    berth_template_done(&template);
    free(long_text);
}

static void a_page_that_would_not_be_smaller_is_not_packed(void **state) {
    (void)state;
    struct berth_template template;
    make(&template, (const char *const[]){"a", "b"}, 2);
    assert_null(template.packed.data);
    berth_template_done(&template);
    /* Nor one that leaves no value that could stand for a nonce. */
    char all[1024];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)(i % 255 + 1);
    all[sizeof all - 1] = '\0';
    make(&template, (const char *const[]){all, all}, 2);
    assert_null(template.packed.data);
    berth_template_done(&template);
}

static void each_coding_has_an_etag_of_its_own(void **state) {
    (void)state;
    struct berth_template template;
    make(&template, (const char *const[]){"a", "b"}, 2);
    assert_memory_equal(template.packed_etag, template.etag, strlen(template.etag) - 1);
    assert_string_equal(template.packed_etag + strlen(template.etag) - 1, "-gzip\"");
    berth_template_done(&template);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_composed_page_unpacks_to_itself),
        cmocka_unit_test(a_piece_that_was_deflated_once_stands_in_the_page),
        cmocka_unit_test(holes_that_are_far_apart_are_filled_one_by_one),
        cmocka_unit_test(holes_that_touch_and_pages_without_any_are_packed_too),
        cmocka_unit_test(a_page_that_would_not_be_smaller_is_not_packed),
        cmocka_unit_test(each_coding_has_an_etag_of_its_own),
    };
    return cmocka_run_group_tests_name("compose_pack", tests, NULL, NULL);
}
