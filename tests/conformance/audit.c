/* Each change has one record, and the records are a chain. */
#include "registry_fixture.h"
#include "suites.h"
#include <stdio.h>

struct seen {
    char text[2048]; /* "action subject reason details|" of each */
    int64_t first, last;
    int count;
    struct berth_digest hash;
    bool chained; /* with `oldest_first` from the start */
};

static bool see(const struct berth_audit_record *record, void *context) {
    struct seen *seen = context;
    struct berth_digest hash;
    size_t length = strlen(seen->text);
    (void)snprintf(seen->text + length, sizeof seen->text - length, "%s %s %s %s|", record->action,
                   record->subject, record->reason ? record->reason : "-", record->details);
    assert_true(berth_audit_hash(&seen->hash, record, &hash));
    seen->chained = (seen->count == 0 || seen->chained) && berth_digest_equal(&hash, &record->hash);
    seen->hash = record->hash;
    seen->first = seen->count++ ? seen->first : record->id;
    seen->last = record->id;
    return true;
}

static struct seen look(struct fixture *fixture, const struct berth_audit_filter *filter) {
    struct seen seen = {0};
    assert_int_equal(fixture->ops->audit_each(fixture->registry, filter, see, &seen, NULL),
                     BERTH_OK);
    return seen;
}

static struct seen all(struct fixture *fixture) {
    struct berth_audit_filter filter = {.oldest_first = true, .limit = 1000};
    return look(fixture, &filter);
}

static void check_chain(struct fixture *fixture, int64_t expected) {
    int64_t count = -1;
    struct berth_digest last;
    memset(&fixture->error, 0, sizeof fixture->error);
    assert_int_equal(fixture->ops->audit_check(fixture->registry, &count, &last, &fixture->error),
                     BERTH_OK);
    assert_int_equal(count, expected);
    struct seen seen = all(fixture);
    assert_memory_equal(&last, &seen.hash, sizeof last);
}

static enum berth_code page(struct fixture *fixture, const char *manifest) {
    struct berth_page_put put = {.name = "home",
                                 .path = "/home",
                                 .manifest = manifest,
                                 .expected = BERTH_ANY_GENERATION,
                                 .at_ms = 5,
                                 .by = fixture_actor,
                                 .reason = "page"};
    int64_t generation, revision;
    return fixture->ops->page_put(fixture->registry, &put, &generation, &revision, NULL);
}

static enum berth_code token(struct fixture *fixture, const char *id) {
    struct berth_token_record record = {.id = id,
                                        .name = "ci",
                                        .secret = berth_sha256(id, strlen(id)),
                                        .module = "*",
                                        .scopes = BERTH_SCOPE_READ | BERTH_SCOPE_ADMIN,
                                        .created_ms = 6};
    return fixture->ops->token_add(fixture->registry, &record, &fixture_actor, NULL);
}

static bool ignore(const struct berth_token_record *record, void *context) {
    (void)record;
    (void)context;
    return true;
}

static enum berth_code rotate(struct fixture *fixture, const char *id, const char *next) {
    struct berth_token_rotate request = {.id = id,
                                         .next = next,
                                         .secret = berth_sha256(next, strlen(next)),
                                         .at_ms = 7,
                                         .overlap_ms = 100,
                                         .by = fixture_actor};
    return fixture->ops->token_rotate(fixture->registry, &request, ignore, NULL, NULL);
}

static enum berth_code remove_version(struct fixture *fixture, const char *version) {
    struct berth_version_delete request = {
        .module = "menu", .version = version, .at_ms = 8, .by = fixture_actor, .reason = "leak"};
    return fixture->ops->version_delete(fixture->registry, &request, NULL);
}

enum { KINDS = 11 };

/* One change of every kind. */
static void change_everything(struct fixture *fixture) {
    struct berth_activated activated;
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "menu", "1.1.0");
    fixture_activate(fixture, "menu", "1.0.0");
    fixture_activate(fixture, "menu", "1.1.0");
    assert_int_equal(fixture_try(fixture, "menu", NULL, true, 2, &activated), BERTH_OK);
    berth_activated_done(&activated);
    assert_int_equal(remove_version(fixture, "1.1.0"), BERTH_OK);
    assert_int_equal(page(fixture, "{}"), BERTH_OK);
    assert_int_equal(page(fixture, NULL), BERTH_OK);
    assert_int_equal(token(fixture, "aaaaaaaaaaaa"), BERTH_OK);
    assert_int_equal(rotate(fixture, "aaaaaaaaaaaa", "bbbbbbbbbbbb"), BERTH_OK);
    assert_int_equal(
        fixture->ops->token_revoke(fixture->registry, "bbbbbbbbbbbb", 9, &fixture_actor, NULL),
        BERTH_OK);
}

static void every_kind_of_change_has_one_record(void **state) {
    struct fixture *fixture = *state;
    change_everything(fixture);
    fixture_reopen(fixture);
    struct seen seen = all(fixture);
    char one[BERTH_HEX_BYTES], two[BERTH_HEX_BYTES], expected[2048];
    struct berth_digest digests[] = {berth_sha256("1.0.0", 5), berth_sha256("1.1.0", 5)};
    berth_digest_hex(&digests[0], one);
    berth_digest_hex(&digests[1], two);
    (void)snprintf(
        expected, sizeof expected,
        "upload menu@1.0.0 - {\"digest\":\"sha256:%s\",\"files\":4,\"bytes\":20}|"
        "upload menu@1.1.0 - {\"digest\":\"sha256:%s\",\"files\":4,\"bytes\":20}|"
        "activate menu@1.0.0 - {\"generation\":1,\"previous\":null}|"
        "activate menu@1.1.0 - {\"generation\":2,\"previous\":\"1.0.0\"}|"
        "rollback menu@1.0.0 too slow {\"generation\":3,\"previous\":\"1.1.0\"}|"
        "delete menu@1.1.0 leak {\"digest\":\"sha256:%s\",\"bytes\":20}|"
        "page-put home page {\"generation\":4,\"revision\":1,\"path\":\"/home\"}|"
        "page-delete home page {\"generation\":5,\"revision\":2}|"
        "token-issue aaaaaaaaaaaa - "
        "{\"name\":\"ci\",\"module\":\"*\",\"can\":[\"read\",\"admin\"],\"expiresMs\":0}|"
        "token-rotate aaaaaaaaaaaa - "
        "{\"name\":\"ci\",\"replacement\":\"bbbbbbbbbbbb\",\"expiresMs\":107}|"
        "token-revoke bbbbbbbbbbbb - {\"name\":\"ci\"}|",
        one, two, two);
    assert_string_equal(seen.text, expected);
    assert_int_equal(seen.count, KINDS);
    assert_true(seen.chained);
    check_chain(fixture, KINDS);
}

static void what_changed_nothing_has_no_record(void **state) {
    struct fixture *fixture = *state;
    struct berth_activated activated;
    bool created = true;
    change_everything(fixture);
    assert_int_equal(fixture_upload(fixture, "menu", "1.0.0", "1.0.0", &created), BERTH_OK);
    assert_false(created);
    assert_int_equal(fixture_upload(fixture, "menu", "1.0.0", "other", &created), BERTH_CONFLICT);
    assert_int_equal(fixture_upload(fixture, "menu", "1.1.0", "1.1.0", &created), BERTH_CONFLICT);
    assert_int_equal(fixture_try(fixture, "menu", "1.0.0", false, 3, &activated), BERTH_OK);
    assert_false(activated.changed);
    berth_activated_done(&activated);
    assert_int_equal(fixture_try(fixture, "menu", "1.0.0", false, 1, &activated), BERTH_STALE);
    assert_int_equal(fixture_try(fixture, "menu", "9.0.0", false, 3, &activated), BERTH_NOT_FOUND);
    assert_int_equal(remove_version(fixture, "1.0.0"), BERTH_CONFLICT);
    assert_int_equal(remove_version(fixture, "1.1.0"), BERTH_NOT_FOUND);
    assert_int_equal(page(fixture, NULL), BERTH_NOT_FOUND);
    assert_int_equal(token(fixture, "aaaaaaaaaaaa"), BERTH_CONFLICT);
    assert_int_equal(rotate(fixture, "aaaaaaaaaaaa", "cccccccccccc"), BERTH_CONFLICT);
    assert_int_equal(rotate(fixture, "dddddddddddd", "cccccccccccc"), BERTH_NOT_FOUND);
    assert_int_equal(
        fixture->ops->token_revoke(fixture->registry, "bbbbbbbbbbbb", 10, &fixture_actor, NULL),
        BERTH_OK);
    assert_int_equal(fixture->ops->token_used(fixture->registry, "bbbbbbbbbbbb", 60, NULL),
                     BERTH_OK);
    check_chain(fixture, KINDS);
    assert_int_equal(page(fixture, "{}"), BERTH_OK);
    assert_int_equal(page(fixture, "{}"), BERTH_OK); /* the same again */
    check_chain(fixture, KINDS + 1);
}

struct wanted {
    const char *module;
    const char *token;
    bool found;
};

static bool see_who(const struct berth_audit_record *record, void *context) {
    struct wanted *wanted = context;
    wanted->found = true;
    assert_string_equal(record->actor, "ops");
    assert_string_equal(record->remote, "192.0.2.7");
    assert_string_equal(record->token, "0123456789ab");
    assert_string_equal(record->module, "menu");
    assert_int_equal(record->at_ms, 1700000000123);
    return true;
}

static void a_record_tells_who_and_from_where(void **state) {
    struct fixture *fixture = *state;
    struct wanted wanted = {0};
    struct berth_audit_filter filter = {.limit = 9};
    fixture_add(fixture, "menu", "1.0.0");
    assert_int_equal(fixture->ops->audit_each(fixture->registry, &filter, see_who, &wanted, NULL),
                     BERTH_OK);
    assert_true(wanted.found);
}

static void a_filter_lets_through_what_it_names(void **state) {
    static const struct {
        struct berth_audit_filter filter;
        int count;
        int64_t first;
        int64_t last;
    } CASES[] = {
        {{.limit = 99}, 8, 8, 1},
        {{.limit = 3}, 3, 8, 6},
        {{.limit = 3, .before = 6}, 3, 5, 3},
        {{.limit = 3, .before = 1}, 0, 0, 0},
        {{.limit = 0}, 0, 0, 0},
        {{.limit = 3, .oldest_first = true}, 3, 1, 3},
        {{.limit = 9, .oldest_first = true, .after = 6}, 2, 7, 8},
        {{.limit = 9, .modules = "menu"}, 2, 6, 1},
        {{.limit = 9, .modules = "men"}, 0, 0, 0},
        {{.limit = 9, .modules = "@shop/*"}, 2, 4, 3},
        {{.limit = 9, .modules = "@shop/cart"}, 1, 3, 3},
        {{.limit = 9, .modules = "*"}, 6, 6, 1},
        {{.limit = 1, .modules = "@shop/*", .before = 4}, 1, 3, 3},
        {{.limit = 9, .modules = "@shop/*", .oldest_first = true, .after = 3}, 1, 4, 4},
        {{.limit = 9, .action = "activate"}, 1, 6, 6},
        {{.limit = 9, .action = "upload", .before = 3}, 2, 2, 1},
        {{.limit = 9, .action = "upload", .oldest_first = true, .after = 1}, 4, 2, 5},
        {{.limit = 9, .action = "upload", .modules = "menu"}, 1, 1, 1},
        {{.limit = 9, .action = "uploads"}, 0, 0, 0},
        {{.limit = 9, .action = "page-put", .modules = "*"}, 0, 0, 0},
    };
    struct fixture *fixture = *state;
    fixture_add(fixture, "menu", "1.0.0");       /* 1 */
    fixture_add(fixture, "menu2", "1.0.0");      /* 2 */
    fixture_add(fixture, "@shop/cart", "1.0.0"); /* 3 */
    fixture_add(fixture, "@shop/pay", "1.0.0");  /* 4 */
    fixture_add(fixture, "@shopx/pay", "1.0.0"); /* 5 */
    fixture_activate(fixture, "menu", "1.0.0");  /* 6 */
    assert_int_equal(page(fixture, "{}"), 0);    /* 7 */
    assert_int_equal(token(fixture, "aaaaaaaaaaaa"), 0);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct seen seen = look(fixture, &CASES[i].filter);
        if (seen.count != CASES[i].count)
            print_error("case %zu: %s\n", i, seen.text);
        assert_int_equal(seen.count, CASES[i].count);
        assert_int_equal(seen.first, CASES[i].first);
        assert_int_equal(seen.last, CASES[i].last);
    }
}

static void a_chain_longer_than_a_portion_is_checked_whole(void **state) {
    struct fixture *fixture = *state;
    check_chain(fixture, 0);
    for (int i = 0; i < 601; i++)
        assert_int_equal(page(fixture, i % 2 ? "{}" : "[]"), BERTH_OK);
    check_chain(fixture, 601);
}

static void a_forced_activation_says_so_and_over_how_much(void **state) {
    struct fixture *fixture = *state;
    struct berth_activated activated;
    struct berth_activate request = {.module = "menu",
                                     .version = "1.0.0",
                                     .expected = BERTH_ANY_GENERATION,
                                     .at_ms = 3,
                                     .by = fixture_actor,
                                     .reason = "new start",
                                     .force = true,
                                     .breaks = 2};
    fixture_add(fixture, "menu", "1.0.0");
    assert_int_equal(
        fixture->ops->activate(fixture->registry, &request, &activated, &fixture->error), BERTH_OK);
    berth_activated_done(&activated);
    struct seen seen = all(fixture);
    assert_non_null(strstr(seen.text, "activate menu@1.0.0 new start {"));
    assert_non_null(strstr(seen.text, "\"forced\":true,\"breaks\":2}|"));
    check_chain(fixture, 2);
}

/* The form is a promise to those who check a copy: it is written out here. */
static void the_hash_is_of_netstrings_after_the_hash_before(void **state) {
    static const char TEXT[] = "1:7,4:1234,6:delete,-,0:,3:a,b,-,3:\xe2\x82\xac,-,2:{},";
    char bytes[32 + sizeof TEXT - 1];
    struct berth_digest previous, found;
    struct berth_audit_record record = {.id = 7,
                                        .at_ms = 1234,
                                        .action = "delete",
                                        .subject = "",
                                        .actor = "a,b",
                                        .remote = "\xe2\x82\xac",
                                        .details = "{}"};
    (void)state;
    memset(&previous, 0xee, sizeof previous);
    memcpy(bytes, &previous, sizeof previous);
    memcpy(bytes + 32, TEXT, sizeof TEXT - 1);
    struct berth_digest expected = berth_sha256(bytes, sizeof bytes);
    assert_true(berth_audit_hash(&previous, &record, &found));
    assert_memory_equal(&found, &expected, sizeof found);
}

int run_audit(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(every_kind_of_change_has_one_record),
        REGISTRY_TEST(what_changed_nothing_has_no_record),
        REGISTRY_TEST(a_record_tells_who_and_from_where),
        REGISTRY_TEST(a_filter_lets_through_what_it_names),
        REGISTRY_TEST(a_forced_activation_says_so_and_over_how_much),
        REGISTRY_TEST(a_chain_longer_than_a_portion_is_checked_whole),
        cmocka_unit_test(the_hash_is_of_netstrings_after_the_hash_before),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
