#include "registry_fixture.h"
#include "suites.h"
#include <stdio.h>

static void add_three(struct fixture *fixture, const char *module) {
    fixture_add(fixture, module, "1.0.0");
    fixture_add(fixture, module, "1.1.0");
    fixture_add(fixture, module, "1.2.0");
}

static void an_activation_tells_what_it_did(void **state) {
    struct fixture *fixture = *state;
    struct berth_activated activated = {0};
    add_three(fixture, "menu");
    assert_int_equal(fixture_try(fixture, "menu", "1.0.0", false, 0, &activated), BERTH_OK);
    assert_int_equal(activated.generation, 1);
    assert_string_equal(activated.version, "1.0.0");
    assert_null(activated.previous);
    assert_true(activated.changed);
    berth_activated_done(&activated);
    assert_int_equal(fixture_try(fixture, "menu", "1.1.0", false, 1, &activated), BERTH_OK);
    assert_int_equal(activated.generation, 2);
    assert_string_equal(activated.version, "1.1.0");
    assert_string_equal(activated.previous, "1.0.0");
    assert_true(activated.changed);
    berth_activated_done(&activated);
    assert_string_equal(fixture_live(fixture, "menu"), "1.1.0");
}

static void activating_what_is_live_changes_nothing(void **state) {
    struct fixture *fixture = *state;
    struct berth_activated activated = {0};
    add_three(fixture, "menu");
    fixture_activate(fixture, "menu", "1.0.0");
    for (int rollback = 0; rollback < 2; rollback++) {
        assert_int_equal(fixture_try(fixture, "menu", "1.0.0", rollback, 1, &activated), BERTH_OK);
        assert_int_equal(activated.generation, 1);
        assert_string_equal(activated.version, "1.0.0");
        assert_false(activated.changed);
        berth_activated_done(&activated);
        assert_int_equal(fixture_generation(fixture), 1);
        assert_int_equal(fixture_try(fixture, "menu", "1.0.0", rollback, 0, &activated),
                         BERTH_STALE);
    }
}

static void a_precondition_that_does_not_hold_changes_nothing(void **state) {
    static const struct {
        int64_t expected;
        enum berth_code code;
    } CASES[] = {
        {0, BERTH_STALE}, {1, BERTH_STALE}, {3, BERTH_STALE}, {-2, BERTH_STALE}, {2, BERTH_OK}};
    struct fixture *fixture = *state;
    add_three(fixture, "menu");
    add_three(fixture, "cart");
    fixture_activate(fixture, "cart", "1.0.0");
    fixture_activate(fixture, "menu", "1.0.0"); /* 2: the module's own generation counts */
    fixture_activate(fixture, "cart", "1.1.0"); /* 3 */
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct berth_activated activated = {.generation = -7};
        int64_t before = fixture_generation(fixture);
        assert_int_equal(
            fixture_try(fixture, "menu", "1.1.0", false, CASES[i].expected, &activated),
            CASES[i].code);
        if (CASES[i].code) {
            assert_string_equal(fixture->error.rule, "generation-stale");
            assert_int_equal(activated.generation, -7);
            assert_int_equal(fixture_generation(fixture), before);
            assert_string_equal(fixture_live(fixture, "menu"), "1.0.0");
        } else {
            berth_activated_done(&activated);
        }
    }
    assert_string_equal(fixture_live(fixture, "menu"), "1.1.0");
}

static void what_is_not_there_cannot_become_live(void **state) {
    static const struct {
        const char *module;
        const char *version;
        bool rollback;
        const char *rule;
    } CASES[] = {
        {"men", "1.0.0", false, "module-unknown"},   {"men", NULL, true, "module-unknown"},
        {"menu", "3.0.0", false, "version-unknown"}, {"menu", "3.0.0", true, "version-unknown"},
        {"menu", "2.0.0", false, "version-unknown"}, /* another module's */
    };
    struct fixture *fixture = *state;
    add_three(fixture, "menu");
    fixture_add(fixture, "cart", "2.0.0");
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct berth_activated activated = {0};
        assert_int_equal(fixture_try(fixture, CASES[i].module, CASES[i].version, CASES[i].rollback,
                                     BERTH_ANY_GENERATION, &activated),
                         BERTH_NOT_FOUND);
        assert_string_equal(fixture->error.rule, CASES[i].rule);
        assert_int_equal(fixture_generation(fixture), 0);
    }
}

/* A way of activations and rollbacks, and what is live after each step. "+1.0.0" activates,
 * "-1.0.0" rolls back to it, "-" rolls back, "-!" is a rollback that finds no way back. */
static const struct {
    const char *name;
    const char *steps[12][2];
} WAYS[] = {
    {"each rollback goes further back",
     {{"+1.0.0", "1.0.0"},
      {"+1.1.0", "1.1.0"},
      {"+1.2.0", "1.2.0"},
      {"-", "1.1.0"},
      {"-", "1.0.0"},
      {"-!", "1.0.0"},
      {"-!", "1.0.0"}}},
    {"an activation after rollbacks goes back to what was live before it",
     {{"+1.0.0", "1.0.0"},
      {"+1.1.0", "1.1.0"},
      {"+1.2.0", "1.2.0"},
      {"-", "1.1.0"},
      {"-", "1.0.0"},
      {"+1.2.0", "1.2.0"},
      {"-", "1.0.0"},
      {"-!", "1.0.0"}}},
    {"a version that was rolled back from does not come back",
     {{"+1.0.0", "1.0.0"},
      {"+1.1.0", "1.1.0"},
      {"-", "1.0.0"},
      {"+1.2.0", "1.2.0"},
      {"-", "1.0.0"},
      {"-!", "1.0.0"}}},
    {"an activation of an older version is a step like any other",
     {{"+1.0.0", "1.0.0"},
      {"+1.1.0", "1.1.0"},
      {"+1.0.0", "1.0.0"},
      {"-", "1.1.0"},
      {"-", "1.0.0"},
      {"-!", "1.0.0"}}},
    {"a named rollback goes on from where that version came from",
     {{"+1.0.0", "1.0.0"},
      {"+1.1.0", "1.1.0"},
      {"+1.2.0", "1.2.0"},
      {"-1.1.0", "1.1.0"},
      {"-", "1.0.0"},
      {"-!", "1.0.0"}}},
    {"a named rollback over several steps takes them all off",
     {{"+1.0.0", "1.0.0"},
      {"+1.1.0", "1.1.0"},
      {"+1.2.0", "1.2.0"},
      {"-1.0.0", "1.0.0"},
      {"-!", "1.0.0"},
      {"+1.2.0", "1.2.0"},
      {"-", "1.0.0"}}},
    {"a named rollback takes the version's latest activation",
     {{"+1.0.0", "1.0.0"},
      {"+1.1.0", "1.1.0"},
      {"+1.2.0", "1.2.0"},
      {"+1.1.0", "1.1.0"},
      {"+1.0.0", "1.0.0"},
      {"-1.1.0", "1.1.0"},
      {"-", "1.2.0"},
      {"-", "1.1.0"},
      {"-", "1.0.0"},
      {"-!", "1.0.0"}}},
    {"a rollback to a version that never was live goes back to what was",
     {{"+1.0.0", "1.0.0"},
      {"+1.2.0", "1.2.0"},
      {"-1.1.0", "1.1.0"},
      {"-", "1.2.0"},
      {"-", "1.0.0"},
      {"-!", "1.0.0"}}},
    {"activating what is live adds no step",
     {{"+1.0.0", "1.0.0"},
      {"+1.1.0", "1.1.0"},
      {"+1.1.0", "1.1.0"},
      {"-", "1.0.0"},
      {"-!", "1.0.0"}}},
    {"nothing is before the first", {{"-!", ""}, {"+1.0.0", "1.0.0"}, {"-!", "1.0.0"}}},
};

static enum berth_code take_step(struct fixture *fixture, const char *module, const char *step) {
    struct berth_activated activated = {0};
    const char *version = step[1] >= '0' && step[1] <= '9' ? step + 1 : NULL;
    enum berth_code code =
        fixture_try(fixture, module, version, step[0] == '-', BERTH_ANY_GENERATION, &activated);
    berth_activated_done(&activated);
    return code;
}

/* What is told beforehand is what a rollback does: "" for no way back. */
static bool is_told(struct fixture *fixture, const char *module, const char *expected) {
    char *version = (char[]){"not written"};
    assert_int_equal(fixture->ops->way_back(fixture->registry, module, &version, NULL), BERTH_OK);
    bool same = strcmp(version ? version : "", expected) == 0;
    free(version);
    return same;
}

static void the_way_back_is_a_stack(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof WAYS / sizeof WAYS[0]; i++) {
        char module[32];
        (void)snprintf(module, sizeof module, "way-%zu", i);
        add_three(fixture, module);
        for (size_t k = 0; WAYS[i].steps[k][0]; k++) {
            const char *step = WAYS[i].steps[k][0];
            bool refused = strcmp(step, "-!") == 0;
            bool unnamed = refused || strcmp(step, "-") == 0;
            if (unnamed && !is_told(fixture, module, refused ? "" : WAYS[i].steps[k][1]))
                fail_msg("%s: before step %zu, \"%s\"", WAYS[i].name, k + 1, step);
            enum berth_code code = take_step(fixture, module, step);
            if (code != (refused ? BERTH_CONFLICT : BERTH_OK) ||
                strcmp(fixture_live(fixture, module), WAYS[i].steps[k][1]) != 0)
                fail_msg("%s: step %zu, \"%s\": code %d, live \"%s\"", WAYS[i].name, k + 1, step,
                         (int)code, fixture_live(fixture, module));
            if (refused)
                assert_string_equal(fixture->error.rule, "no-way-back");
        }
    }
}

static void an_unknown_module_has_no_way_back(void **state) {
    assert_true(is_told(*state, "nobody", ""));
}

static void modules_have_ways_of_their_own(void **state) {
    struct fixture *fixture = *state;
    add_three(fixture, "menu");
    add_three(fixture, "cart");
    fixture_activate(fixture, "menu", "1.0.0");
    fixture_activate(fixture, "cart", "1.0.0");
    fixture_activate(fixture, "menu", "1.1.0");
    fixture_activate(fixture, "cart", "1.2.0");
    assert_int_equal(take_step(fixture, "menu", "-"), BERTH_OK);
    assert_string_equal(fixture_live(fixture, "menu"), "1.0.0");
    assert_string_equal(fixture_live(fixture, "cart"), "1.2.0");
    assert_int_equal(fixture_generation(fixture), 5);
    assert_int_equal(fixture_live_generation(fixture, "cart"), 4);
}

static void the_way_back_outlives_a_restart(void **state) {
    struct fixture *fixture = *state;
    add_three(fixture, "menu");
    fixture_activate(fixture, "menu", "1.0.0");
    fixture_activate(fixture, "menu", "1.1.0");
    fixture_activate(fixture, "menu", "1.2.0");
    assert_int_equal(take_step(fixture, "menu", "-"), BERTH_OK);
    fixture_reopen(fixture);
    assert_int_equal(fixture_generation(fixture), 4);
    assert_string_equal(fixture_live(fixture, "menu"), "1.1.0");
    assert_int_equal(take_step(fixture, "menu", "-"), BERTH_OK);
    fixture_reopen(fixture);
    assert_string_equal(fixture_live(fixture, "menu"), "1.0.0");
    assert_int_equal(take_step(fixture, "menu", "-"), BERTH_CONFLICT);
}

struct history {
    char text[512];
};

static const char *or_dash(const char *text) {
    return text ? text : "-";
}

static bool add_to_history(const struct berth_change *change, void *context) {
    struct history *history = context;
    size_t length = strlen(history->text);
    (void)snprintf(history->text + length, sizeof history->text - length,
                   "%d:%d,%s,%s,%s,%s,%s,%s ", (int)change->generation, (int)change->kind,
                   or_dash(change->module), or_dash(change->version), or_dash(change->previous),
                   or_dash(change->page), change->by, or_dash(change->reason));
    return true;
}

static const char *told(struct fixture *fixture, const char *module, const char *page,
                        int64_t before, int limit, struct history *history) {
    *history = (struct history){0};
    assert_int_equal(fixture->ops->changes_each(fixture->registry, module, page, before, limit,
                                                add_to_history, history, NULL),
                     BERTH_OK);
    return history->text;
}

static void history_has_one_row_for_each_change_newest_first(void **state) {
    struct fixture *fixture = *state;
    struct history history;
    struct berth_page_put put = {.name = "home",
                                 .path = "/",
                                 .manifest = "{}",
                                 .expected = BERTH_ANY_GENERATION,
                                 .by = fixture_actor,
                                 .reason = "first"};
    int64_t generation = 0;
    int64_t revision = 0;
    add_three(fixture, "menu");
    add_three(fixture, "cart");
    fixture_activate(fixture, "menu", "1.0.0");
    fixture_activate(fixture, "cart", "1.1.0");
    assert_int_equal(fixture->ops->page_put(fixture->registry, &put, &generation, &revision, NULL),
                     BERTH_OK);
    fixture_activate(fixture, "menu", "1.1.0");
    take_step(fixture, "menu", "-");

    static const char FIVE[] = "5:2,menu,1.0.0,1.1.0,-,ops,too slow ";
    static const char FOUR[] = "4:1,menu,1.1.0,1.0.0,-,ops,- ";
    static const char THREE[] = "3:3,-,-,-,home,ops,first ";
    static const char TWO[] = "2:1,cart,1.1.0,-,-,ops,- ";
    static const char ONE[] = "1:1,menu,1.0.0,-,-,ops,- ";
    char expected[512];
    (void)snprintf(expected, sizeof expected, "%s%s%s%s%s", FIVE, FOUR, THREE, TWO, ONE);
    assert_string_equal(told(fixture, NULL, NULL, 0, 100, &history), expected);
    (void)snprintf(expected, sizeof expected, "%s%s", FIVE, FOUR);
    assert_string_equal(told(fixture, NULL, NULL, 0, 2, &history), expected);
    (void)snprintf(expected, sizeof expected, "%s%s", THREE, TWO);
    assert_string_equal(told(fixture, NULL, NULL, 4, 2, &history), expected);
    (void)snprintf(expected, sizeof expected, "%s%s", FOUR, ONE);
    assert_string_equal(told(fixture, "menu", NULL, 5, 100, &history), expected);
    assert_string_equal(told(fixture, "cart", NULL, 0, 100, &history), TWO);
    assert_string_equal(told(fixture, NULL, "home", 0, 100, &history), THREE);
    assert_string_equal(told(fixture, NULL, NULL, 1, 100, &history), "");
    assert_string_equal(told(fixture, "nobody", NULL, 0, 100, &history), "");
    assert_string_equal(told(fixture, NULL, NULL, 0, 0, &history), "");
}

static void live_tells_the_change_that_made_it(void **state) {
    struct fixture *fixture = *state;
    struct history history = {0};
    add_three(fixture, "menu");
    add_three(fixture, "cart");
    add_three(fixture, "never-live");
    fixture_activate(fixture, "menu", "1.0.0");
    fixture_activate(fixture, "cart", "1.1.0");
    fixture_activate(fixture, "menu", "1.1.0");
    assert_int_equal(fixture->ops->live_each(fixture->registry, add_to_history, &history, NULL),
                     BERTH_OK);
    assert_string_equal(history.text, "2:1,cart,1.1.0,-,-,ops,- 3:1,menu,1.1.0,1.0.0,-,ops,- ");
}

int run_activations(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(an_activation_tells_what_it_did),
        REGISTRY_TEST(activating_what_is_live_changes_nothing),
        REGISTRY_TEST(a_precondition_that_does_not_hold_changes_nothing),
        REGISTRY_TEST(what_is_not_there_cannot_become_live),
        REGISTRY_TEST(the_way_back_is_a_stack),
        REGISTRY_TEST(an_unknown_module_has_no_way_back),
        REGISTRY_TEST(modules_have_ways_of_their_own),
        REGISTRY_TEST(the_way_back_outlives_a_restart),
        REGISTRY_TEST(history_has_one_row_for_each_change_newest_first),
        REGISTRY_TEST(live_tells_the_change_that_made_it),
    };
    return cmocka_run_group_tests_name("activations", tests, NULL, NULL);
}
