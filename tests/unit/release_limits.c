/* Limits that change while the desk works. */
#include "release_fixture.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

static struct berth_desk_limits limits_of(const struct release_fixture *fixture) {
    struct berth_desk_limits limits;
    berth_desk_limits(fixture->desk, &limits);
    return limits;
}

static void the_limits_are_those_of_the_start_until_they_are_changed(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_desk_limits limits = limits_of(fixture);
    assert_memory_equal(&limits.archive, &fixture->options.limits.archive, sizeof limits.archive);
    assert_int_equal(limits.cache_bytes, fixture->options.limits.cache_bytes);
    assert_int_equal(limits.max_uploads, RELEASE_UPLOADS);
    limits.archive.ratio = 7;
    limits.max_uploads = 9;
    berth_desk_set_limits(fixture->desk, &limits);
    assert_int_equal(limits_of(fixture).archive.ratio, 7);
    assert_int_equal(limits_of(fixture).max_uploads, 9);
}

static void a_place_more_or_less_for_uploads_holds_at_once_and_ends_none(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_upload *uploads[RELEASE_UPLOADS + 1] = {NULL};
    struct berth_upload *none = NULL;
    struct berth_desk_limits limits = limits_of(fixture);
    for (int i = 0; i < RELEASE_UPLOADS; i++)
        assert_int_equal(berth_upload_begin(fixture->desk, &uploads[i], NULL), BERTH_OK);
    limits.max_uploads = RELEASE_UPLOADS + 1;
    berth_desk_set_limits(fixture->desk, &limits);
    assert_int_equal(berth_upload_begin(fixture->desk, &uploads[RELEASE_UPLOADS], NULL), BERTH_OK);
    limits.max_uploads = 1;
    berth_desk_set_limits(fixture->desk, &limits);
    for (int i = 0; i <= RELEASE_UPLOADS; i++) {
        assert_int_equal(berth_upload_begin(fixture->desk, &none, NULL), BERTH_BUSY);
        assert_int_equal(berth_upload_add(uploads[i], "x", 1, NULL), BERTH_OK);
        berth_upload_abort(uploads[i]);
    }
    assert_int_equal(berth_upload_begin(fixture->desk, &none, NULL), BERTH_OK);
    berth_upload_abort(none);
}

static void an_upload_keeps_the_limits_that_it_began_with(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_desk_limits limits = limits_of(fixture);
    struct berth_upload *before = NULL, *after = NULL;
    struct berth_error error = {0};
    char piece[1000] = "";
    assert_int_equal(berth_upload_begin(fixture->desk, &before, NULL), BERTH_OK);
    limits.archive.archive_bytes = 1500;
    berth_desk_set_limits(fixture->desk, &limits);
    assert_int_equal(berth_upload_begin(fixture->desk, &after, NULL), BERTH_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(berth_upload_add(before, piece, sizeof piece, NULL), BERTH_OK);
        assert_int_equal(berth_upload_add(after, piece, sizeof piece, &error),
                         i == 0 ? BERTH_OK : BERTH_TOO_LARGE);
    }
    assert_string_equal(error.rule, "limit-archive-bytes");
    berth_upload_abort(before);
    berth_upload_abort(after);
}

static void a_smaller_cache_lets_go_of_what_is_not_live_and_of_nothing_else(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_desk_limits limits = limits_of(fixture);
    struct berth_bodies *bodies = berth_desk_bodies(fixture->desk);
    release_upload(fixture, "app", "1.0.0", true);
    release_upload(fixture, "app", "2.0.0", false); /* warmed */
    assert_true(berth_bodies_unpinned_bytes(bodies) > 0);
    limits.cache_bytes = 0;
    berth_desk_set_limits(fixture->desk, &limits);
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), 0);
    assert_true(berth_bodies_bytes(bodies) > 0);
    assert_live(fixture, "app", "1.0.0");
    char *text = release_file(fixture, "app", "2.0.0", "index.html");
    assert_non_null(text);
    free(text);
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), 0);
    limits.cache_bytes = 1 << 20;
    berth_desk_set_limits(fixture->desk, &limits);
    release_upload(fixture, "app", "3.0.0", false);
    assert_true(berth_bodies_unpinned_bytes(bodies) > 0);
}

static void streams_over_a_lower_limit_stay_and_no_more_come(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_events *events = berth_desk_events(fixture->desk);
    struct berth_stream *streams[3] = {NULL};
    assert_int_equal(berth_events_max_streams(events), 4);
    assert_int_equal(berth_events_join(events, &streams[0], NULL), BERTH_OK);
    assert_int_equal(berth_events_join(events, &streams[1], NULL), BERTH_OK);
    berth_events_set_limits(events, 1, 600000);
    assert_int_equal(berth_events_max_streams(events), 1);
    assert_int_equal(berth_events_join(events, &streams[2], NULL), BERTH_BUSY);
    assert_int_equal(berth_events_streams(events), 2);
    berth_events_leave(streams[0]);
    assert_int_equal(berth_events_join(events, &streams[2], NULL), BERTH_BUSY);
    berth_events_leave(streams[1]);
    assert_int_equal(berth_events_join(events, &streams[2], NULL), BERTH_OK);
    berth_events_leave(streams[2]);
}

/* --- a stream that is asleep --- */

struct sleeper {
    struct berth_stream *stream;
    atomic_bool asleep;
    int heartbeats;
};

/* Gone with the second heartbeat. */
static bool take_text(void *context, const char *text, size_t length) {
    struct sleeper *sleeper = context;
    (void)length;
    sleeper->heartbeats += *text == ':';
    return sleeper->heartbeats < 2;
}

static enum berth_stream_news sleep_on(void *context, int fd, int timeout_ms) {
    struct sleeper *sleeper = context;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    atomic_store(&sleeper->asleep, true);
    return poll(&polled, 1, timeout_ms) > 0 ? BERTH_NEWS_WAITING : BERTH_NEWS_NONE;
}

static void *follow(void *context) {
    struct sleeper *sleeper = context;
    const struct berth_stream_client client = {take_text, sleep_on, sleeper};
    berth_events_follow(sleeper->stream, -1, &client);
    return NULL;
}

/* It would sleep for ten minutes, which is longer than the test may take. */
static void a_stream_that_is_asleep_takes_a_new_heartbeat(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_events *events = berth_desk_events(fixture->desk);
    struct sleeper sleeper = {0};
    pthread_t thread;
    assert_int_equal(berth_events_join(events, &sleeper.stream, NULL), BERTH_OK);
    assert_int_equal(pthread_create(&thread, NULL, follow, &sleeper), 0);
    while (!atomic_load(&sleeper.asleep))
        (void)poll(NULL, 0, 1);
    berth_events_set_limits(events, 4, 5);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sleeper.heartbeats, 2);
    berth_events_leave(sleeper.stream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RELEASE_TEST(the_limits_are_those_of_the_start_until_they_are_changed),
        RELEASE_TEST(a_place_more_or_less_for_uploads_holds_at_once_and_ends_none),
        RELEASE_TEST(an_upload_keeps_the_limits_that_it_began_with),
        RELEASE_TEST(a_smaller_cache_lets_go_of_what_is_not_live_and_of_nothing_else),
        RELEASE_TEST(streams_over_a_lower_limit_stay_and_no_more_come),
        RELEASE_TEST(a_stream_that_is_asleep_takes_a_new_heartbeat),
    };
    return cmocka_run_group_tests_name("release_limits", tests, NULL, NULL);
}
