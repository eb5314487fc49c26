#include "berth/auth.h"
#include "temp_directory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { NOW_MS = 1700000030, HEADER_BYTES = 128, MINUTE_MS = 60000 };

static const struct berth_actor OPS = {"ops", "0123456789ab", "192.0.2.7"};

struct fixture {
    char directory[TEMP_PATH_BYTES];
    struct berth_registry *registry;
    const struct berth_registry_ops *real;
    struct berth_registry_ops ops; /* the real ones, of which a test replaces some */
    struct berth_error error;
    char text[BERTH_TOKEN_TEXT_BYTES];
    char id[BERTH_TOKEN_ID_BYTES];
    char header[HEADER_BYTES];
};

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    temp_directory_make(fixture->directory);
    assert_int_equal(berth_registry_sqlite_open(fixture->directory, &fixture->registry, NULL), 0);
    fixture->real = fixture->registry->ops;
    fixture->ops = *fixture->real;
    fixture->registry->ops = &fixture->ops;
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    fixture->real->close(fixture->registry);
    temp_directory_remove(fixture->directory);
    free(fixture);
    return 0;
}

static enum berth_code issue(struct fixture *fixture, const char *module, unsigned scopes,
                             int64_t expires_ms) {
    struct berth_token_request request = {
        .name = "ci of the shop", .module = module, .scopes = scopes, .expires_ms = expires_ms};
    enum berth_code code = berth_auth_issue(fixture->registry, &request, &OPS, NOW_MS,
                                            fixture->text, fixture->id, &fixture->error);
    (void)snprintf(fixture->header, sizeof fixture->header, "Bearer %s", fixture->text);
    return code;
}

static enum berth_code check(struct fixture *fixture, const char *header, int64_t now_ms,
                             struct berth_principal *ret) {
    memset(&fixture->error, 0, sizeof fixture->error);
    return berth_auth_check(fixture->registry, header, now_ms, ret, &fixture->error);
}

static void assert_refused(struct fixture *fixture, const char *header, int64_t now_ms,
                           const char *rule) {
    struct berth_principal principal = {.scopes = 77};
    assert_int_equal(check(fixture, header, now_ms, &principal), BERTH_UNAUTHENTICATED);
    assert_string_equal(fixture->error.rule, rule);
    assert_int_equal(principal.scopes, 77);
    assert_null(strstr(fixture->error.text, fixture->text));
}

static void a_token_is_a_prefix_and_43_digits(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    assert_int_equal(strlen(fixture->text), 49);
    assert_memory_equal(fixture->text, "berth_", 6);
    assert_int_equal(strspn(fixture->text + 6,
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                            "0123456789-_"),
                     43);
    assert_int_equal(strlen(fixture->id), 12);
    assert_int_equal(strspn(fixture->id, "0123456789abcdef"), 12);
}

static void an_issued_token_tells_who_asks(void **state) {
    struct fixture *fixture = *state;
    struct berth_principal principal;
    assert_int_equal(issue(fixture, "@shop/*", BERTH_SCOPE_PUBLISH | BERTH_SCOPE_ACTIVATE, 0),
                     BERTH_OK);
    assert_int_equal(check(fixture, fixture->header, NOW_MS, &principal), BERTH_OK);
    assert_string_equal(principal.id, fixture->id);
    assert_string_equal(principal.name, "ci of the shop");
    assert_string_equal(principal.module, "@shop/*");
    assert_int_equal(principal.scopes, BERTH_SCOPE_PUBLISH | BERTH_SCOPE_ACTIVATE);
}

static void the_scheme_is_read_without_case(void **state) {
    static const char *const SCHEMES[] = {"Bearer ", "bearer ", "BEARER ", "bEaReR   "};
    struct fixture *fixture = *state;
    struct berth_principal principal;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    for (size_t i = 0; i < sizeof SCHEMES / sizeof SCHEMES[0]; i++) {
        char header[HEADER_BYTES];
        (void)snprintf(header, sizeof header, "%s%s", SCHEMES[i], fixture->text);
        assert_int_equal(check(fixture, header, NOW_MS, &principal), BERTH_OK);
    }
}

static void a_header_that_holds_no_token_is_malformed(void **state) {
    /* What stands before and after a good token. */
    static const char *const AROUND[][2] = {
        {"", ""},         {"Basic ", ""},    {"Bearer", ""},           {" Bearer ", ""},
        {"Bearer ", "A"}, {"Bearer ", " "},  {"Bearer ", ","},         {"Bearer \"", "\""},
        {"Bearer\t", ""}, {"Bearer x ", ""}, {"Bearer ", " Bearer x"}, {"Bearer berth_", ""},
    };
    static const char *const WITHOUT[] = {"", " ", "Bearer", "Bearer ", "Bearer berth_"};
    struct fixture *fixture = *state;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    for (size_t i = 0; i < sizeof AROUND / sizeof AROUND[0]; i++) {
        char header[HEADER_BYTES];
        (void)snprintf(header, sizeof header, "%s%s%s", AROUND[i][0], fixture->text, AROUND[i][1]);
        assert_refused(fixture, header, NOW_MS, "token-malformed");
    }
    for (size_t i = 0; i < sizeof WITHOUT / sizeof WITHOUT[0]; i++)
        assert_refused(fixture, WITHOUT[i], NOW_MS, "token-malformed");
    fixture->header[strlen(fixture->header) - 1] = '\0';
    assert_refused(fixture, fixture->header, NOW_MS, "token-malformed");
    assert_refused(fixture, NULL, NOW_MS, "token-missing");
}

static void every_digit_of_a_token_counts(void **state) {
    struct fixture *fixture = *state;
    struct berth_principal principal;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    for (size_t i = strlen("Bearer berth_"); fixture->header[i]; i++) {
        char saved = fixture->header[i];
        fixture->header[i] = saved == 'x' ? 'y' : 'x';
        assert_refused(fixture, fixture->header, NOW_MS, "token-unknown");
        fixture->header[i] = saved;
    }
    assert_int_equal(check(fixture, fixture->header, NOW_MS, &principal), BERTH_OK);
}

static void a_token_expires_at_its_time(void **state) {
    struct fixture *fixture = *state;
    struct berth_principal principal;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, NOW_MS + 1000), BERTH_OK);
    assert_int_equal(check(fixture, fixture->header, NOW_MS + 999, &principal), BERTH_OK);
    assert_refused(fixture, fixture->header, NOW_MS + 1000, "token-expired");
}

static void a_revoked_token_is_refused(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    assert_int_equal(fixture->ops.token_revoke(fixture->registry, fixture->id, NOW_MS, &OPS, NULL),
                     0);
    assert_refused(fixture, fixture->header, NOW_MS, "token-revoked");
}

static int use_count;

static enum berth_code count_use(struct berth_registry *registry, const char *id, int64_t at_ms,
                                 struct berth_error *error) {
    (void)error;
    (void)registry;
    (void)id;
    assert_int_equal(at_ms % MINUTE_MS, 0);
    use_count++;
    return BERTH_NO_SPACE;
}

static void a_use_that_cannot_be_noted_does_not_lock_out(void **state) {
    struct fixture *fixture = *state;
    struct berth_principal principal;
    use_count = 0;
    fixture->ops.token_used = count_use;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    assert_int_equal(check(fixture, fixture->header, NOW_MS, &principal), BERTH_OK);
    assert_int_equal(use_count, 1);
}

static bool take_used(const struct berth_token_record *token, void *context) {
    *(int64_t *)context = token->used_ms;
    return true;
}

static void a_use_is_noted_once_a_minute(void **state) {
    static const struct {
        int64_t at_ms;
        int64_t used_ms;
    } CASES[] = {
        {600005, 600000},
        {659999, 600000},
        {660000, 660000},
        {540000, 660000},
        /* a clock put back */ {5430000, 5400000},
    };
    struct fixture *fixture = *state;
    struct berth_principal principal;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t used_ms = -1;
        assert_int_equal(check(fixture, fixture->header, CASES[i].at_ms, &principal), BERTH_OK);
        assert_int_equal(fixture->ops.tokens_each(fixture->registry, take_used, &used_ms, NULL),
                         BERTH_OK);
        assert_int_equal(used_ms, CASES[i].used_ms);
    }
}

static enum berth_code find_fails(struct berth_registry *registry,
                                  const struct berth_digest *secret, berth_token_fn fn,
                                  void *context, struct berth_error *error) {
    (void)registry;
    (void)secret;
    (void)fn;
    (void)context;
    return berth_fail(error, BERTH_IO, "database-io", "the database failed");
}

static void a_failing_registry_is_not_a_bad_token(void **state) {
    struct fixture *fixture = *state;
    struct berth_principal principal;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    fixture->ops.token_find = find_fails;
    assert_int_equal(check(fixture, fixture->header, NOW_MS, &principal), BERTH_IO);
    assert_string_equal(fixture->error.rule, "database-io");
    assert_int_equal(berth_auth_check(fixture->registry, fixture->header, NOW_MS, &principal, NULL),
                     BERTH_IO);
}

static void what_cannot_pass_is_told_without_a_look_at_the_database(void **state) {
    struct fixture *fixture = *state;
    char unknown[HEADER_BYTES];
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, NOW_MS + 10), BERTH_OK);
    fixture->ops.token_find = find_fails;
    assert_true(berth_auth_may_pass(fixture->registry, fixture->header, NOW_MS));
    assert_false(berth_auth_may_pass(fixture->registry, fixture->header, NOW_MS + 10));
    (void)snprintf(unknown, sizeof unknown, "%s", fixture->header);
    char *last = unknown + strlen(unknown) - 1;
    *last = *last == 'A' ? 'B' : 'A';
    assert_false(berth_auth_may_pass(fixture->registry, unknown, NOW_MS));
    assert_false(berth_auth_may_pass(fixture->registry, fixture->text, NOW_MS)); /* no "Bearer" */
    assert_false(berth_auth_may_pass(fixture->registry, NULL, NOW_MS));
}

/* Looks up by the beginning only, as a careless backend might. */
static enum berth_code find_loosely(struct berth_registry *registry,
                                    const struct berth_digest *secret, berth_token_fn fn,
                                    void *context, struct berth_error *error) {
    struct berth_token_record token = {.id = "aaaaaaaaaaaa",
                                       .name = "another",
                                       .secret = *secret,
                                       .module = "*",
                                       .scopes = BERTH_SCOPE_ADMIN};
    (void)registry;
    (void)error;
    token.secret.bytes[31] ^= 1;
    fn(&token, context);
    return BERTH_OK;
}

static void a_token_of_another_secret_is_unknown(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    fixture->ops.token_find = find_loosely;
    assert_refused(fixture, fixture->header, NOW_MS, "token-unknown");
}

static void scopes_and_modules_decide_what_is_allowed(void **state) {
    enum { R = 1, P = 2, A = 4, ADMIN = 8 };
    static const struct {
        unsigned scopes;
        enum berth_scope asked;
        const char *pattern;
        const char *module;
        const char *rule; /* NULL: allowed */
    } CASES[] = {
        {P, BERTH_SCOPE_PUBLISH, "*", "menu", NULL},
        {P, BERTH_SCOPE_PUBLISH, "*", NULL, NULL},
        {P, BERTH_SCOPE_ACTIVATE, "*", "menu", "scope"},
        {A, BERTH_SCOPE_PUBLISH, "*", "menu", "scope"},
        {R, BERTH_SCOPE_PUBLISH, "*", "menu", "scope"},
        {P | A, BERTH_SCOPE_ADMIN, "*", NULL, "scope"},
        {ADMIN, BERTH_SCOPE_PUBLISH, "*", "menu", NULL},
        {ADMIN, BERTH_SCOPE_ADMIN, "*", NULL, NULL},
        {R, BERTH_SCOPE_READ, "*", NULL, NULL},
        {P, BERTH_SCOPE_READ, "*", "menu", NULL},
        {A, BERTH_SCOPE_READ, "menu", "menu", NULL},
        {ADMIN, BERTH_SCOPE_READ, "*", "menu", NULL},
        {0, BERTH_SCOPE_READ, "*", "menu", "scope"},
        {P, BERTH_SCOPE_PUBLISH, "menu", "menu", NULL},
        {P, BERTH_SCOPE_PUBLISH, "menu", "menu-2", "scope-module"},
        {P, BERTH_SCOPE_PUBLISH, "menu", "men", "scope-module"},
        {P, BERTH_SCOPE_PUBLISH, "menu", NULL, "scope-module"},
        {P, BERTH_SCOPE_PUBLISH, "@shop/*", "@shop/cart", NULL},
        {P, BERTH_SCOPE_PUBLISH, "@shop/*", "@shopping/cart", "scope-module"},
        {P, BERTH_SCOPE_PUBLISH, "@shop/*", NULL, "scope-module"},
        {ADMIN, BERTH_SCOPE_ADMIN, "@shop/*", NULL, "scope-module"},
        {ADMIN, BERTH_SCOPE_PUBLISH, "@shop/*", "menu", "scope-module"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct berth_principal principal = {.scopes = CASES[i].scopes};
        struct berth_error error = {0};
        (void)snprintf(principal.module, sizeof principal.module, "%s", CASES[i].pattern);
        enum berth_code code =
            berth_auth_allow(&principal, CASES[i].asked, CASES[i].module, &error);
        if (code != (CASES[i].rule ? BERTH_DENIED : BERTH_OK) ||
            (CASES[i].rule && strcmp(error.rule, CASES[i].rule) != 0))
            fail_msg("case %zu: code %d, rule \"%s\"", i, (int)code, error.rule);
    }
}

static void a_token_request_is_checked(void **state) {
    static const char LONGEST[] = "123456789012345678901234567890123456789012345678901234567890123";
    static const struct {
        struct berth_token_request request;
        const char *rule; /* NULL: good */
    } CASES[] = {
        {{"ci", "menu", BERTH_SCOPE_PUBLISH, 0}, NULL},
        {{LONGEST, "@shop/*", BERTH_SCOPE_ADMIN, NOW_MS + 1}, NULL},
        {{"", NULL, BERTH_SCOPE_READ, 0}, "token-name"},
        {{NULL, NULL, BERTH_SCOPE_READ, 0}, "token-name"},
        {{"1234567890123456789012345678901234567890123456789012345678901234", NULL, 1, 0},
         "token-name"},
        {{"line\nbreak", NULL, BERTH_SCOPE_READ, 0}, "token-name"},
        {{"\x7f", NULL, BERTH_SCOPE_READ, 0}, "token-name"},
        {{"\xc3\xa4", NULL, BERTH_SCOPE_READ, 0}, "token-name"},
        {{"ci", "Menu", BERTH_SCOPE_READ, 0}, "module-pattern"},
        {{"ci", "", BERTH_SCOPE_READ, 0}, "module-pattern"},
        {{"ci", NULL, 0, 0}, "scope-unknown"},
        {{"ci", NULL, 16, 0}, "scope-unknown"},
        {{"ci", NULL, BERTH_SCOPE_READ, NOW_MS}, "token-expiry"},
        {{"ci", NULL, BERTH_SCOPE_READ, -1}, "token-expiry"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct berth_error error = {0};
        enum berth_code code = berth_auth_issue(fixture->registry, &CASES[i].request, &OPS, NOW_MS,
                                                fixture->text, fixture->id, &error);
        if (code != (CASES[i].rule ? BERTH_INVALID : BERTH_OK) ||
            (CASES[i].rule && strcmp(error.rule, CASES[i].rule) != 0))
            fail_msg("case %zu: code %d, rule \"%s\"", i, (int)code, error.rule);
    }
}

static void tokens_are_never_kept_in_clear(void **state) {
    static const char *const FILES[] = {"db", "db-wal"};
    struct fixture *fixture = *state;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        size_t bytes = 0;
        char *data = temp_file_read(fixture->directory, FILES[i], &bytes);
        for (size_t at = 0; at + 20 <= bytes; at++)
            assert_memory_not_equal(data + at, fixture->text + 6, 20);
        free(data);
    }
}

static void the_first_token_is_written_once_and_works(void **state) {
    struct fixture *fixture = *state;
    struct berth_principal principal;
    char *path = NULL;
    char expected[TEMP_PATH_BYTES + 16];
    assert_int_equal(
        berth_auth_first_token(fixture->registry, fixture->directory, NOW_MS, &path, NULL),
        BERTH_OK);
    (void)snprintf(expected, sizeof expected, "%s/admin.token", fixture->directory);
    assert_string_equal(path, expected);
    free(path);
    assert_int_equal(temp_file_mode(fixture->directory, "admin.token"), 0600);
    assert_false(temp_file_exists(fixture->directory, "admin.token.new"));

    size_t bytes = 0;
    char *text = temp_file_read(fixture->directory, "admin.token", &bytes);
    assert_int_equal(bytes, 50);
    assert_int_equal(text[49], '\n');
    text[49] = '\0';
    (void)snprintf(fixture->header, sizeof fixture->header, "Bearer %s", text);
    free(text);
    assert_int_equal(check(fixture, fixture->header, NOW_MS, &principal), BERTH_OK);
    assert_int_equal(berth_auth_allow(&principal, BERTH_SCOPE_ADMIN, NULL, NULL), BERTH_OK);

    path = fixture->text;
    assert_int_equal(
        berth_auth_first_token(fixture->registry, fixture->directory, NOW_MS, &path, NULL),
        BERTH_OK);
    assert_null(path);
    assert_int_equal(check(fixture, fixture->header, NOW_MS, &principal), BERTH_OK);
}

static void no_first_token_is_made_after_any_other(void **state) {
    struct fixture *fixture = *state;
    char *path = NULL;
    assert_int_equal(issue(fixture, NULL, BERTH_SCOPE_READ, 0), BERTH_OK);
    assert_int_equal(fixture->ops.token_revoke(fixture->registry, fixture->id, NOW_MS, &OPS, NULL),
                     0);
    assert_int_equal(
        berth_auth_first_token(fixture->registry, fixture->directory, NOW_MS, &path, NULL),
        BERTH_OK);
    assert_null(path);
    assert_false(temp_file_exists(fixture->directory, "admin.token"));
}

static enum berth_code add_fails(struct berth_registry *registry,
                                 const struct berth_token_record *token,
                                 const struct berth_actor *by, struct berth_error *error) {
    (void)registry;
    (void)token;
    (void)by;
    return berth_fail(error, BERTH_NO_SPACE, "disk-full", "the disk is full");
}

static void a_rotation_gives_a_new_secret_and_leaves_the_old_one_for_a_while(void **state) {
    struct fixture *fixture = *state;
    struct berth_rotated rotated;
    struct berth_principal principal;
    char old[HEADER_BYTES], header[HEADER_BYTES];
    assert_int_equal(issue(fixture, "@shop/*", BERTH_SCOPE_PUBLISH, 0), BERTH_OK);
    memcpy(old, fixture->header, sizeof old);
    assert_int_equal(berth_auth_rotate(fixture->registry, fixture->id, 60, &OPS, NOW_MS, &rotated,
                                       &fixture->error),
                     BERTH_OK);
    (void)snprintf(header, sizeof header, "Bearer %s", rotated.text);
    assert_string_not_equal(header, old);
    assert_int_equal(rotated.expires_ms, 0);
    assert_int_equal(rotated.old_expires_ms, NOW_MS + MINUTE_MS);
    assert_int_equal(check(fixture, old, NOW_MS + MINUTE_MS - 1, &principal), BERTH_OK);
    assert_int_equal(check(fixture, header, NOW_MS + MINUTE_MS - 1, &principal), BERTH_OK);
    assert_string_equal(principal.id, rotated.principal.id);
    assert_string_equal(principal.name, "ci of the shop");
    assert_string_equal(principal.module, "@shop/*");
    assert_int_equal(principal.scopes, BERTH_SCOPE_PUBLISH);
    assert_refused(fixture, old, NOW_MS + MINUTE_MS, "token-expired");
    assert_int_equal(check(fixture, header, NOW_MS + MINUTE_MS, &principal), BERTH_OK);
}

static void an_overlap_has_bounds(void **state) {
    static const int64_t OVERLAPS[] = {-1, BERTH_ROTATE_MAX_OVERLAP_S + 1, INT64_MAX, INT64_MIN};
    struct fixture *fixture = *state;
    struct berth_rotated rotated;
    struct berth_principal principal;
    assert_int_equal(issue(fixture, "*", BERTH_SCOPE_READ, 0), BERTH_OK);
    for (size_t i = 0; i < sizeof OVERLAPS / sizeof OVERLAPS[0]; i++) {
        memset(&fixture->error, 0, sizeof fixture->error);
        assert_int_equal(berth_auth_rotate(fixture->registry, fixture->id, OVERLAPS[i], &OPS,
                                           NOW_MS, &rotated, &fixture->error),
                         BERTH_INVALID);
        assert_string_equal(fixture->error.rule, "token-overlap");
    }
    assert_int_equal(check(fixture, fixture->header, NOW_MS + MINUTE_MS, &principal), BERTH_OK);
}

static void a_first_token_that_is_not_stored_leaves_no_file(void **state) {
    struct fixture *fixture = *state;
    char *path = NULL;
    fixture->ops.token_add = add_fails;
    assert_int_equal(
        berth_auth_first_token(fixture->registry, fixture->directory, NOW_MS, &path, NULL),
        BERTH_NO_SPACE);
    assert_null(path);
    assert_false(temp_file_exists(fixture->directory, "admin.token"));
}

static void a_kill_between_file_and_row_is_made_good(void **state) {
    struct fixture *fixture = *state;
    char *path = NULL;
    temp_file_write(fixture->directory, "admin.token", "of a token never stored\n", 24);
    temp_file_write(fixture->directory, "admin.token.new", "half", 4);
    assert_int_equal(
        berth_auth_first_token(fixture->registry, fixture->directory, NOW_MS, &path, NULL),
        BERTH_OK);
    assert_non_null(path);
    free(path);
    char *text = temp_file_read(fixture->directory, "admin.token", NULL);
    assert_memory_equal(text, "berth_", 6);
    free(text);
    assert_int_equal(temp_file_mode(fixture->directory, "admin.token"), 0600);
    assert_false(temp_file_exists(fixture->directory, "admin.token.new"));
}

static void scopes_have_words(void **state) {
    static const struct {
        const char *text;
        unsigned scopes;
        const char *back;
    } CASES[] = {
        {"read", 1, "read"},
        {"publish,activate", 6, "publish,activate"},
        {"activate,publish,activate", 6, "publish,activate"},
        {"admin,read,publish,activate", 15, "read,publish,activate,admin"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        unsigned scopes = 0;
        char back[48];
        assert_int_equal(berth_scopes_parse(CASES[i].text, &scopes, NULL), BERTH_OK);
        assert_int_equal(scopes, CASES[i].scopes);
        berth_scopes_text(scopes, back);
        assert_string_equal(back, CASES[i].back);
    }
    char none[48];
    berth_scopes_text(0, none);
    assert_string_equal(none, "");
}

static void an_unknown_scope_is_named(void **state) {
    static const struct {
        const char *text;
        const char *named;
    } CASES[] = {
        {"", "\"\""},
        {"publish,", "\"\""},
        {",publish", "\"\""},
        {"Publish", "Publish"},
        {"publish,root", "root"},
        {"publish activate", "publish activate"},
        {"pub", "\"pub\""},
        {"publisher", "publisher"},
        {"read, admin", "\" admin\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct berth_error error = {0};
        unsigned scopes = 77;
        assert_int_equal(berth_scopes_parse(CASES[i].text, &scopes, &error), BERTH_INVALID);
        assert_string_equal(error.rule, "scope-unknown");
        assert_non_null(strstr(error.text, CASES[i].named));
        assert_int_equal(scopes, 77);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_a_prefix_and_43_digits),
        TEST(an_issued_token_tells_who_asks),
        TEST(the_scheme_is_read_without_case),
        TEST(a_header_that_holds_no_token_is_malformed),
        TEST(every_digit_of_a_token_counts),
        TEST(a_token_expires_at_its_time),
        TEST(a_revoked_token_is_refused),
        TEST(a_use_that_cannot_be_noted_does_not_lock_out),
        TEST(a_use_is_noted_once_a_minute),
        TEST(a_failing_registry_is_not_a_bad_token),
        TEST(what_cannot_pass_is_told_without_a_look_at_the_database),
        TEST(a_token_of_another_secret_is_unknown),
        cmocka_unit_test(scopes_and_modules_decide_what_is_allowed),
        TEST(a_token_request_is_checked),
        TEST(tokens_are_never_kept_in_clear),
        TEST(the_first_token_is_written_once_and_works),
        TEST(no_first_token_is_made_after_any_other),
        TEST(a_rotation_gives_a_new_secret_and_leaves_the_old_one_for_a_while),
        TEST(an_overlap_has_bounds),
        TEST(a_first_token_that_is_not_stored_leaves_no_file),
        TEST(a_kill_between_file_and_row_is_made_good),
        cmocka_unit_test(scopes_have_words),
        cmocka_unit_test(an_unknown_scope_is_named),
    };
    return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
