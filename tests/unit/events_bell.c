/* What wakes sleeping streams, with as many descriptors for it as a test allows. */
#include "../../server/events/bell.h"
#include "berth/events.h"
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
// The headers above must come before it.
#include <cmocka.h>

int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);

static atomic_int bells_allowed;

int __wrap_eventfd(unsigned count, int flags) {
    if (atomic_fetch_sub(&bells_allowed, 1) > 0)
        return __real_eventfd(count, flags);
    errno = EMFILE;
    return -1;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_readable(const struct bell *bell) {
    struct pollfd polled = {.fd = bell->fd, .events = POLLIN};
    return poll(&polled, 1, 0) == 1;
}

static int open_bells(void **state) {
    struct bells *bells = calloc(1, sizeof *bells);
    atomic_store(&bells_allowed, 1000);
    assert_non_null(bells);
    assert_true(bells_open(bells));
    *state = bells;
    return 0;
}

static int close_bells(void **state) {
    bells_close(*state);
    free(*state);
    return 0;
}

static void a_ring_wakes_those_who_sleep_and_nobody_after_them(void **state) {
    struct bells *bells = *state;
    struct bell *first = bells_sleep(bells);
    assert_ptr_equal(bells_sleep(bells), first);
    assert_false(is_readable(first));
    bells_ring(bells, &lock);
    assert_true(is_readable(first));
    struct bell *later = bells_sleep(bells);
    assert_ptr_not_equal(later, first);
    assert_false(is_readable(later));
    bells_awake(bells, first);
    assert_true(is_readable(first)); /* for the other one */
    bells_awake(bells, first);
    bells_awake(bells, later);
}

static void a_bell_is_used_again_when_all_have_heard_it(void **state) {
    struct bells *bells = *state;
    for (int i = 0; i < 5 * BELLS; i++) {
        struct bell *bell = bells_sleep(bells);
        assert_false(is_readable(bell));
        bells_ring(bells, &lock);
        assert_true(is_readable(bell));
        bells_awake(bells, bell);
    }
    assert_true(bells->count <= 2);
}

static void a_ring_that_nobody_hears_costs_nothing(void **state) {
    struct bells *bells = *state;
    for (int i = 0; i < 5 * BELLS; i++)
        bells_ring(bells, &lock);
    assert_int_equal(bells->count, 1);
    assert_false(is_readable(bells_sleep(bells)));
}

struct ringer {
    struct bells *bells;
    atomic_bool done;
};

static void *ring(void *context) {
    struct ringer *ringer = context;
    pthread_mutex_lock(&lock);
    bells_ring(ringer->bells, &lock);
    pthread_mutex_unlock(&lock);
    atomic_store(&ringer->done, true);
    return NULL;
}

static void a_ring_waits_when_every_bell_has_sleepers_left(void **state) {
    struct bells *bells = *state;
    struct bell *sleeping[BELLS];
    struct ringer ringer = {.bells = bells};
    pthread_t thread;
    for (int i = 0; i < BELLS; i++) {
        sleeping[i] = bells_sleep(bells);
        assert_non_null(sleeping[i]);
        if (i < BELLS - 1)
            bells_ring(bells, &lock);
    }
    assert_int_equal(pthread_create(&thread, NULL, ring, &ringer), 0);
    struct pollfd polled = {.fd = sleeping[BELLS - 1]->fd, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, 10000), 1);
    pthread_mutex_lock(&lock); /* the ringer has let go of it, so it waits */
    assert_null(bells_sleep(bells));
    assert_false(atomic_load(&ringer.done));
    bells_awake(bells, sleeping[3]);
    pthread_mutex_unlock(&lock);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(atomic_load(&ringer.done));
    assert_ptr_equal(bells_sleep(bells), sleeping[3]);
    assert_false(is_readable(sleeping[3]));
}

static void without_a_descriptor_there_is_no_hub(void **state) {
    (void)state;
    atomic_store(&bells_allowed, 0);
    assert_null(berth_events_create(&(struct berth_events_options){.max_streams = 1}));
}

/* --- streams that all sleep on what few bells there are --- */

enum { FOLLOWERS = 24, EVENTS = 2000, HINT_EVERY = 7 };

struct follower {
    pthread_t thread;
    struct berth_events *events;
    struct berth_stream *stream;
    long long last;
    bool gap;
};

static bool take(void *context, const char *text, size_t length) {
    struct follower *follower = context;
    (void)length;
    if (strncmp(text, "id: ", 4) != 0)
        return true;
    long long id = strtoll(text + 4, NULL, 10);
    follower->gap = follower->gap || (id != follower->last + 1 && !strstr(text, "event: reset"));
    follower->last = id;
    return id < EVENTS;
}

static enum berth_stream_news wait_for_it(void *context, int fd, int timeout_ms) {
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    (void)context;
    return poll(&polled, 1, timeout_ms) == 1 ? BERTH_NEWS_WAITING : BERTH_NEWS_NONE;
}

static void *follow(void *context) {
    struct follower *follower = context;
    struct berth_stream_client client = {take, wait_for_it, follower};
    berth_events_follow(follower->stream, 0, &client);
    berth_events_leave(follower->stream);
    return NULL;
}

static void *give_hints(void *context) {
    for (int i = 0; i < EVENTS / HINT_EVERY; i++)
        berth_events_hint(context, "staged", json_object());
    return NULL;
}

static void no_stream_sleeps_through_an_event_with_few_bells(void **state) {
    static const int ALLOWED[] = {1, 2, BELLS};
    (void)state;
    for (size_t row = 0; row < sizeof ALLOWED / sizeof ALLOWED[0]; row++) {
        struct follower followers[FOLLOWERS] = {0};
        pthread_t hints;
        atomic_store(&bells_allowed, ALLOWED[row]);
        struct berth_events *events = berth_events_create(
            &(struct berth_events_options){.max_streams = FOLLOWERS, .heartbeat_ms = 10000});
        assert_non_null(events);
        for (int i = 0; i < FOLLOWERS; i++) {
            followers[i].events = events;
            assert_int_equal(berth_events_join(events, &followers[i].stream, NULL), BERTH_OK);
            assert_int_equal(pthread_create(&followers[i].thread, NULL, follow, &followers[i]), 0);
        }
        assert_int_equal(pthread_create(&hints, NULL, give_hints, events), 0);
        for (int64_t generation = 1; generation <= EVENTS; generation++)
            berth_events_publish(events, generation, "activated", json_object());
        assert_int_equal(pthread_join(hints, NULL), 0);
        for (int i = 0; i < FOLLOWERS; i++) {
            assert_int_equal(pthread_join(followers[i].thread, NULL), 0);
            assert_int_equal(followers[i].last, EVENTS);
            assert_false(followers[i].gap);
        }
        berth_events_destroy(events);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bells, close_bells)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_ring_wakes_those_who_sleep_and_nobody_after_them),
        TEST(a_bell_is_used_again_when_all_have_heard_it),
        TEST(a_ring_that_nobody_hears_costs_nothing),
        TEST(a_ring_waits_when_every_bell_has_sleepers_left),
        cmocka_unit_test(without_a_descriptor_there_is_no_hub),
        cmocka_unit_test(no_stream_sleeps_through_an_event_with_few_bells),
    };
    return cmocka_run_group_tests_name("events_bell", tests, NULL, NULL);
}
