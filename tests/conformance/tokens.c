#include "registry_fixture.h"
#include "suites.h"
#include <stdio.h>

static enum berth_code add(struct fixture *fixture, const char *id, const char *secret,
                           int64_t created_ms) {
    struct berth_token_record token = {
        .id = id,
        .name = "ci of the shop",
        .secret = berth_sha256(secret, strlen(secret)),
        .module = "@shop/*",
        .scopes = BERTH_SCOPE_PUBLISH | BERTH_SCOPE_ACTIVATE,
        .created_ms = created_ms,
        .expires_ms = 9000,
    };
    return fixture->ops->token_add(fixture->registry, &token, &fixture_actor, &fixture->error);
}

struct list {
    char text[512];
    int calls;
};

static bool add_to_list(const struct berth_token_record *token, void *context) {
    struct list *list = context;
    size_t length = strlen(list->text);
    (void)snprintf(list->text + length, sizeof list->text - length, "%s,%s,%s,%u,%d,%d,%d,%d%s%s ",
                   token->id, token->name, token->module, token->scopes, (int)token->created_ms,
                   (int)token->expires_ms, (int)token->revoked_ms, (int)token->used_ms,
                   token->replaced_by ? ">" : "", token->replaced_by ? token->replaced_by : "");
    list->calls++;
    return true;
}

static enum berth_code find(struct fixture *fixture, const char *secret, struct list *list) {
    struct berth_digest digest = berth_sha256(secret, strlen(secret));
    memset(&fixture->error, 0, sizeof fixture->error);
    *list = (struct list){0};
    return fixture->ops->token_find(fixture->registry, &digest, add_to_list, list, &fixture->error);
}

static void a_token_is_found_by_its_secret_only(void **state) {
    struct fixture *fixture = *state;
    struct list list;
    assert_int_equal(add(fixture, "aaaaaaaaaaaa", "one", 1), BERTH_OK);
    assert_int_equal(add(fixture, "bbbbbbbbbbbb", "two", 2), BERTH_OK);
    assert_int_equal(find(fixture, "two", &list), BERTH_OK);
    assert_int_equal(list.calls, 1);
    assert_string_equal(list.text, "bbbbbbbbbbbb,ci of the shop,@shop/*,6,2,9000,0,0 ");
    assert_int_equal(find(fixture, "three", &list), BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "token-unknown");
    assert_int_equal(list.calls, 0);
}

static bool may_be_good(struct fixture *fixture, const char *secret, int64_t now_ms) {
    struct berth_digest digest = berth_sha256(secret, strlen(secret));
    return fixture->ops->token_may_be_good(fixture->registry, &digest, now_ms);
}

static bool ignore_token(const struct berth_token_record *token, void *context) {
    (void)token;
    (void)context;
    return true;
}

static void what_cannot_be_good_is_told_without_a_look_and_after_a_restart(void **state) {
    struct fixture *fixture = *state;
    assert_false(may_be_good(fixture, "one", 1));
    assert_int_equal(add(fixture, "aaaaaaaaaaaa", "one", 1), BERTH_OK); /* until 9000 */
    assert_int_equal(add(fixture, "bbbbbbbbbbbb", "two", 2), BERTH_OK);
    assert_int_equal(add(fixture, "cccccccccccc", "three", 2), BERTH_OK);
    struct berth_token_rotate rotate = {.id = "cccccccccccc",
                                        .next = "dddddddddddd",
                                        .secret = berth_sha256("four", 4),
                                        .at_ms = 100,
                                        .overlap_ms = 50,
                                        .by = fixture_actor};
    assert_int_equal(
        fixture->ops->token_rotate(fixture->registry, &rotate, ignore_token, NULL, &fixture->error),
        BERTH_OK);
    assert_true(may_be_good(fixture, "two", 5));
    assert_int_equal(fixture->ops->token_revoke(fixture->registry, "bbbbbbbbbbbb", 5,
                                                &fixture_actor, &fixture->error),
                     BERTH_OK);
    for (int round = 0; round < 2; round++) {
        assert_true(may_be_good(fixture, "one", 8999));
        assert_false(may_be_good(fixture, "one", 9000));
        assert_false(may_be_good(fixture, "two", 6));
        assert_true(may_be_good(fixture, "three", 149));
        assert_false(may_be_good(fixture, "three", 150));
        assert_true(may_be_good(fixture, "four", 151));
        assert_false(may_be_good(fixture, "five", 151));
        fixture_reopen(fixture);
    }
}

static void one_id_or_secret_is_not_given_twice(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(add(fixture, "aaaaaaaaaaaa", "one", 1), BERTH_OK);
    assert_int_equal(add(fixture, "aaaaaaaaaaaa", "two", 1), BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "token-exists");
    assert_int_equal(add(fixture, "bbbbbbbbbbbb", "one", 1), BERTH_CONFLICT);
}

static void use_and_revocation_are_kept(void **state) {
    struct fixture *fixture = *state;
    struct list list = {0};
    assert_int_equal(add(fixture, "bbbbbbbbbbbb", "two", 2), BERTH_OK);
    assert_int_equal(add(fixture, "aaaaaaaaaaaa", "one", 1), BERTH_OK);
    assert_int_equal(fixture->ops->token_used(fixture->registry, "aaaaaaaaaaaa", 60, NULL), 0);
    assert_int_equal(
        fixture->ops->token_revoke(fixture->registry, "bbbbbbbbbbbb", 70, &fixture_actor, NULL), 0);
    /* Again: the first time stays. */
    assert_int_equal(
        fixture->ops->token_revoke(fixture->registry, "bbbbbbbbbbbb", 80, &fixture_actor, NULL), 0);
    fixture_reopen(fixture);
    assert_int_equal(fixture->ops->tokens_each(fixture->registry, add_to_list, &list, NULL), 0);
    assert_string_equal(list.text, "aaaaaaaaaaaa,ci of the shop,@shop/*,6,1,9000,0,60 "
                                   "bbbbbbbbbbbb,ci of the shop,@shop/*,6,2,9000,70,0 ");
}

static void an_unknown_id_is_not_found(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(add(fixture, "aaaaaaaaaaaa", "one", 1), BERTH_OK);
    assert_int_equal(fixture->ops->token_revoke(fixture->registry, "aaaaaaaaaaa", 1, &fixture_actor,
                                                &fixture->error),
                     BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "token-unknown");
    assert_int_equal(fixture->ops->token_used(fixture->registry, "", 1, NULL), BERTH_NOT_FOUND);
}

static enum berth_code rotate(struct fixture *fixture, const char *id, const char *next,
                              int64_t at_ms, int64_t overlap_ms, struct list *list) {
    struct berth_token_rotate request = {.id = id,
                                         .next = next,
                                         .secret = berth_sha256(next, strlen(next)),
                                         .at_ms = at_ms,
                                         .overlap_ms = overlap_ms,
                                         .by = fixture_actor};
    memset(&fixture->error, 0, sizeof fixture->error);
    *list = (struct list){0};
    return fixture->ops->token_rotate(fixture->registry, &request, add_to_list, list,
                                      &fixture->error);
}

static const char *all(struct fixture *fixture, struct list *list) {
    *list = (struct list){0};
    assert_int_equal(fixture->ops->tokens_each(fixture->registry, add_to_list, list, NULL), 0);
    return list->text;
}

/* The fixture's token was made at 1000 to end at 9000. */
static void a_rotation_makes_a_token_alike_and_ends_the_old_one_later(void **state) {
    struct fixture *fixture = *state;
    struct list list;
    assert_int_equal(add(fixture, "aaaaaaaaaaaa", "one", 1000), BERTH_OK);
    assert_int_equal(rotate(fixture, "aaaaaaaaaaaa", "bbbbbbbbbbbb", 3000, 500, &list), BERTH_OK);
    assert_int_equal(list.calls, 1);
    assert_string_equal(list.text, "bbbbbbbbbbbb,ci of the shop,@shop/*,6,3000,11000,0,0 ");
    fixture_reopen(fixture);
    assert_string_equal(all(fixture, &list),
                        "aaaaaaaaaaaa,ci of the shop,@shop/*,6,1000,3500,0,0>bbbbbbbbbbbb "
                        "bbbbbbbbbbbb,ci of the shop,@shop/*,6,3000,11000,0,0 ");
    assert_int_equal(find(fixture, "bbbbbbbbbbbb", &list), BERTH_OK);
    assert_int_equal(find(fixture, "one", &list), BERTH_OK);
}

static void an_overlap_does_not_lengthen_a_life(void **state) {
    struct fixture *fixture = *state;
    struct list list;
    assert_int_equal(add(fixture, "aaaaaaaaaaaa", "one", 1000), BERTH_OK);
    assert_int_equal(rotate(fixture, "aaaaaaaaaaaa", "bbbbbbbbbbbb", 8000, 5000, &list), BERTH_OK);
    assert_non_null(strstr(all(fixture, &list), "aaaaaaaaaaaa,ci of the shop,@shop/*,6,1000,9000"));
}

static void what_has_ended_or_was_rotated_is_not_rotated(void **state) {
    struct fixture *fixture = *state;
    struct list list;
    assert_int_equal(add(fixture, "aaaaaaaaaaaa", "one", 1), BERTH_OK);
    assert_int_equal(add(fixture, "bbbbbbbbbbbb", "two", 1), BERTH_OK);
    assert_int_equal(rotate(fixture, "aaaaaaaaaaaa", "cccccccccccc", 9000, 1, &list),
                     BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "token-ended");
    assert_int_equal(
        fixture->ops->token_revoke(fixture->registry, "bbbbbbbbbbbb", 2, &fixture_actor, NULL), 0);
    assert_int_equal(rotate(fixture, "bbbbbbbbbbbb", "cccccccccccc", 3, 1, &list), BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "token-ended");
    assert_int_equal(rotate(fixture, "aaaaaaaaaaaa", "bbbbbbbbbbbb", 3, 1, &list), BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "token-exists");
    assert_int_equal(rotate(fixture, "aaaaaaaaaaaa", "cccccccccccc", 3, 1, &list), BERTH_OK);
    assert_int_equal(rotate(fixture, "aaaaaaaaaaaa", "dddddddddddd", 3, 1, &list), BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "token-rotated");
    assert_non_null(strstr(fixture->error.hint, "cccccccccccc"));
    assert_int_equal(rotate(fixture, "eeeeeeeeeeee", "dddddddddddd", 3, 1, &list), BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "token-unknown");
    assert_int_equal(list.calls, 0);
}

int run_tokens(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(a_token_is_found_by_its_secret_only),
        REGISTRY_TEST(what_cannot_be_good_is_told_without_a_look_and_after_a_restart),
        REGISTRY_TEST(one_id_or_secret_is_not_given_twice),
        REGISTRY_TEST(use_and_revocation_are_kept),
        REGISTRY_TEST(an_unknown_id_is_not_found),
        REGISTRY_TEST(a_rotation_makes_a_token_alike_and_ends_the_old_one_later),
        REGISTRY_TEST(an_overlap_does_not_lengthen_a_life),
        REGISTRY_TEST(what_has_ended_or_was_rotated_is_not_rotated),
    };
    return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
