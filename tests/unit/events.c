#include "berth/events.h"
#include "berth/buffer.h"
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
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

enum { RING = 1024, TEXT_BYTES = 1 << 24, NO_HEARTBEAT_MS = 600000 };

static struct berth_events *open_hub(int64_t generation, int max_streams) {
    struct berth_events *events = berth_events_create(&(struct berth_events_options){
        .max_streams = max_streams, .heartbeat_ms = NO_HEARTBEAT_MS, .generation = generation});
    assert_non_null(events);
    return events;
}

static void publish(struct berth_events *events, int64_t generation) {
    berth_events_publish(events, generation, "activated", json_pack("{sI}", "n", generation));
}

static void publish_all(struct berth_events *events, int64_t from, int64_t to) {
    for (int64_t generation = from; generation <= to; generation++)
        publish(events, generation);
}

/* --- a client on the test's own thread: it hangs up when there is nothing more to say --- */

struct reader {
    struct berth_buffer text;
    int pieces_left;             /* then the client is gone; -1: never */
    struct berth_events *events; /* to publish to, when the stream waits for the first time */
    int64_t then_publish;        /* 0: nothing */
};

static bool read_piece(void *context, const char *text, size_t length) {
    struct reader *reader = context;
    if (reader->pieces_left == 0)
        return false;
    reader->pieces_left--;
    berth_buffer_add(&reader->text, text, length);
    return true;
}

static enum berth_stream_news hang_up_when_idle(void *context, int fd, int timeout_ms) {
    struct reader *reader = context;
    (void)timeout_ms;
    if (reader->then_publish)
        publish(reader->events, reader->then_publish);
    reader->then_publish = 0;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, 0) == 1 ? BERTH_NEWS_WAITING : BERTH_NEWS_GONE;
}

/* All that a stream says until it would wait (to free). */
static char *follow(struct berth_events *events, int64_t last_id, struct reader *reader) {
    struct berth_stream *stream = NULL;
    struct berth_stream_client client = {read_piece, hang_up_when_idle, reader};
    berth_buffer_init(&reader->text, TEXT_BYTES);
    assert_int_equal(berth_events_join(events, &stream, NULL), BERTH_OK);
    berth_events_follow(stream, last_id, &client);
    berth_events_leave(stream);
    assert_int_equal(berth_events_streams(events), 0);
    return berth_buffer_take(&reader->text);
}

/* What a stream says that asks for `last_id`, while `then_publish` comes after that. */
static void check_stream(struct berth_events *events, int64_t last_id, int64_t then_publish,
                         const char *expected) {
    struct reader reader = {.pieces_left = -1, .events = events, .then_publish = then_publish};
    char *text = follow(events, last_id, &reader);
    assert_memory_equal(text, "retry: 2000\n\n", 13);
    assert_string_equal(text + 13, expected);
    free(text);
}

#define EVENT(id) "id: " #id "\nevent: activated\ndata: {\"n\":" #id "}\n\n"
#define RESET(id) "id: " #id "\nevent: reset\ndata: {\"generation\":" #id "}\n\n"

static void a_new_stream_begins_with_what_comes_next(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, 1);
    check_stream(events, -1, 0, "");
    publish_all(events, 1, 3);
    check_stream(events, -1, 0, "");
    check_stream(events, -1, 4, EVENT(4));
    berth_events_destroy(events);
}

static void a_stream_that_comes_back_gets_what_it_missed_in_order(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, 1);
    publish_all(events, 1, 4);
    check_stream(events, 0, 0, EVENT(1) EVENT(2) EVENT(3) EVENT(4));
    check_stream(events, 2, 5, EVENT(3) EVENT(4) EVENT(5));
    check_stream(events, 5, 0, "");
    check_stream(events, 5, 6, EVENT(6));
    berth_events_destroy(events);
}

static void generations_may_leave_numbers_out(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, 1);
    publish(events, 3);
    publish(events, 8);
    check_stream(events, 0, 0, EVENT(3) EVENT(8));
    check_stream(events, 5, 0, EVENT(8));
    berth_events_destroy(events);
}

static void an_id_from_before_the_ring_is_reset(void **state) {
    (void)state;
    struct berth_events *events = open_hub(100, 1);
    check_stream(events, 100, 0, "");
    check_stream(events, 99, 0, RESET(100));
    check_stream(events, 0, 101, RESET(100) EVENT(101));
    check_stream(events, 100, 0, EVENT(101));
    check_stream(events, 99, 0, RESET(101));
    berth_events_destroy(events);
}

static void an_id_from_the_future_is_reset(void **state) {
    (void)state;
    struct berth_events *events = open_hub(7, 1);
    check_stream(events, 8, 0, RESET(7));
    check_stream(events, INT64_MAX, 8, RESET(7) EVENT(8));
    berth_events_destroy(events);
}

static void the_ring_keeps_the_newest_1024(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, 1);
    publish_all(events, 1, RING + 10);
    check_stream(events, 9, 0, RESET(1034));
    struct reader reader = {.pieces_left = -1};
    char *text = follow(events, 10, &reader);
    assert_null(strstr(text, "reset"));
    char *at = text;
    for (int id = 11; id <= RING + 10; id++) {
        char line[64];
        (void)snprintf(line, sizeof line, "id: %d\nevent: activated\n", id);
        at = strstr(at, line);
        assert_non_null(at);
    }
    free(text);
    berth_events_destroy(events);
}

/* Without data an event cannot be made, as when memory is out. */
static void an_event_that_was_lost_resets_all_who_miss_it(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, 1);
    publish_all(events, 1, 2);
    berth_events_publish(events, 3, "activated", NULL);
    check_stream(events, 1, 0, RESET(3));
    check_stream(events, 2, 0, RESET(3));
    check_stream(events, 3, 4, EVENT(4));
    check_stream(events, 2, 0, RESET(4));
    /* Also when the ring has come round to events from before it. */
    publish_all(events, 5, RING + 2);
    check_stream(events, 2, 0, RESET(1026));
    check_stream(events, RING + 1, 0, EVENT(1026));
    berth_events_destroy(events);
}

static void an_event_is_one_line_of_data(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, 1);
    berth_events_publish(events, 1, "page", json_pack("{ss}", "text", "a\nb\r\n\ndata: x"));
    check_stream(events, 0, 0,
                 "id: 1\nevent: page\ndata: {\"text\":\"a\\nb\\r\\n\\ndata: x\"}\n\n");
    berth_events_destroy(events);
}

static void a_client_that_is_gone_ends_its_stream(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, 1);
    publish_all(events, 1, 4);
    for (int pieces = 0; pieces < 4; pieces++) {
        struct reader reader = {.pieces_left = pieces};
        char *text = follow(events, 0, &reader);
        size_t ends = 0;
        for (char *c = text; (c = strstr(c, "\n\n")); c += 2)
            ends++;
        assert_int_equal(ends, pieces);
        free(text);
    }
    berth_events_destroy(events);
}

static void streams_are_counted_up_to_their_limit(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, 2);
    struct berth_stream *streams[3] = {NULL};
    struct berth_error error = {0};
    assert_int_equal(berth_events_join(events, &streams[0], &error), BERTH_OK);
    assert_int_equal(berth_events_join(events, &streams[1], &error), BERTH_OK);
    assert_int_equal(berth_events_streams(events), 2);
    assert_int_equal(berth_events_join(events, &streams[2], &error), BERTH_BUSY);
    assert_string_equal(error.rule, "limit-streams");
    assert_true(error.hint[0]);
    assert_null(streams[2]);
    publish(events, 1); /* wakes those that have joined and do not follow yet */
    berth_events_leave(streams[0]);
    assert_int_equal(berth_events_streams(events), 1);
    assert_int_equal(berth_events_join(events, &streams[2], NULL), BERTH_OK);
    berth_events_leave(streams[1]);
    berth_events_leave(streams[2]);
    berth_events_leave(NULL);
    assert_int_equal(berth_events_streams(events), 0);
    berth_events_destroy(events);
}

/* --- heartbeat --- */

struct patient {
    int timeouts; /* before it hangs up */
    int seen_timeout_ms;
    int heartbeats;
};

static bool count_heartbeats(void *context, const char *text, size_t length) {
    struct patient *patient = context;
    patient->heartbeats +=
        length > 2 && text[0] == ':' && memcmp(text + length - 2, "\n\n", 2) == 0;
    return true;
}

static enum berth_stream_news let_time_pass(void *context, int fd, int timeout_ms) {
    struct patient *patient = context;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    patient->seen_timeout_ms = timeout_ms;
    if (patient->timeouts-- == 0)
        return BERTH_NEWS_GONE;
    assert_int_equal(poll(&polled, 1, timeout_ms), 0);
    return BERTH_NEWS_NONE;
}

static void an_idle_stream_says_that_it_is_there(void **state) {
    (void)state;
    struct berth_events *events =
        berth_events_create(&(struct berth_events_options){.max_streams = 1, .heartbeat_ms = 3});
    struct patient patient = {.timeouts = 4};
    struct berth_stream_client client = {count_heartbeats, let_time_pass, &patient};
    struct berth_stream *stream = NULL;
    assert_int_equal(berth_events_join(events, &stream, NULL), BERTH_OK);
    berth_events_follow(stream, -1, &client);
    berth_events_leave(stream);
    assert_int_equal(patient.heartbeats, 4);
    assert_int_equal(patient.seen_timeout_ms, 3);
    berth_events_destroy(events);
}

/* --- streams on threads of their own --- */

struct follower {
    pthread_t thread;
    struct berth_stream *stream;
    struct berth_buffer text;
    pthread_mutex_t lock;
    pthread_cond_t grown;
    int hung_up;       /* eventfd: the client is gone */
    sem_t *may_go_on;  /* not NULL: the first event waits for it */
    sem_t *is_writing; /* and says so here */
    bool paused;
};

static bool keep_text(void *context, const char *text, size_t length) {
    struct follower *follower = context;
    if (follower->may_go_on && !follower->paused && memcmp(text, "id:", 3) == 0) {
        follower->paused = true;
        sem_post(follower->is_writing);
        sem_wait(follower->may_go_on);
    }
    pthread_mutex_lock(&follower->lock);
    berth_buffer_add(&follower->text, text, length);
    pthread_cond_broadcast(&follower->grown);
    pthread_mutex_unlock(&follower->lock);
    return true;
}

static enum berth_stream_news wait_like_a_socket(void *context, int fd, int timeout_ms) {
    const struct follower *follower = context;
    struct pollfd polled[2] = {{.fd = fd, .events = POLLIN},
                               {.fd = follower->hung_up, .events = POLLIN}};
    int ready = poll(polled, 2, timeout_ms);
    if (ready > 0 && polled[1].revents)
        return BERTH_NEWS_GONE;
    return ready > 0 ? BERTH_NEWS_WAITING : BERTH_NEWS_NONE;
}

static void *run_follower(void *context) {
    struct follower *follower = context;
    struct berth_stream_client client = {keep_text, wait_like_a_socket, follower};
    berth_events_follow(follower->stream, -1, &client);
    return NULL;
}

static void start_follower(struct berth_events *events, struct follower *follower) {
    berth_buffer_init(&follower->text, TEXT_BYTES);
    pthread_mutex_init(&follower->lock, NULL);
    pthread_cond_init(&follower->grown, NULL);
    follower->hung_up = eventfd(0, EFD_CLOEXEC);
    assert_true(follower->hung_up >= 0);
    assert_int_equal(berth_events_join(events, &follower->stream, NULL), BERTH_OK);
    assert_int_equal(pthread_create(&follower->thread, NULL, run_follower, follower), 0);
}

/* Until the stream has said `text`. */
static void await_text(struct follower *follower, const char *text) {
    pthread_mutex_lock(&follower->lock);
    while (!follower->text.data || !strstr(follower->text.data, text))
        pthread_cond_wait(&follower->grown, &follower->lock);
    pthread_mutex_unlock(&follower->lock);
}

/* The client hangs up, or has been drained; all that it was told (to free). */
static char *end_follower(struct follower *follower, bool hang_up) {
    if (hang_up)
        assert_int_equal(eventfd_write(follower->hung_up, 1), 0);
    assert_int_equal(pthread_join(follower->thread, NULL), 0);
    berth_events_leave(follower->stream);
    close(follower->hung_up);
    pthread_mutex_destroy(&follower->lock);
    pthread_cond_destroy(&follower->grown);
    return berth_buffer_take(&follower->text);
}

static void a_hint_reaches_who_is_there_and_has_no_id(void **state) {
    (void)state;
    struct berth_events *events = open_hub(7, 2);
    struct follower follower = {0};
    berth_events_hint(events, "staged", json_pack("{sI}", "n", (json_int_t)1));
    start_follower(events, &follower);
    await_text(&follower, "retry:");
    /* A change first: once it was told, the stream has begun and cannot miss the hint. */
    publish(events, 8);
    await_text(&follower, "id: 8");
    berth_events_hint(events, "staged", json_pack("{sI}", "n", (json_int_t)2));
    await_text(&follower, "staged");
    publish(events, 9);
    await_text(&follower, "id: 9");
    char *text = end_follower(&follower, true);
    assert_string_equal(text,
                        "retry: 2000\n\n" EVENT(8) "event: staged\ndata: {\"n\":2}\n\n" EVENT(9));
    free(text);
    check_stream(events, 7, 0, EVENT(8) EVENT(9));
    berth_events_destroy(events);
}

static void draining_ends_all_streams_and_takes_no_more(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, 8);
    struct follower followers[4] = {0};
    for (int i = 0; i < 4; i++) {
        start_follower(events, &followers[i]);
        await_text(&followers[i], "retry:");
    }
    berth_events_drain(events);
    for (int i = 0; i < 4; i++) {
        char *text = end_follower(&followers[i], false);
        assert_string_equal(text, "retry: 2000\n\nevent: draining\ndata: {}\n\n");
        free(text);
    }
    struct berth_error error = {0};
    struct berth_stream *late = NULL;
    assert_int_equal(berth_events_join(events, &late, &error), BERTH_BUSY);
    assert_string_equal(error.rule, "draining");
    berth_events_destroy(events);
}

static void streams_may_leave_in_any_order(void **state) {
    (void)state;
    enum { COUNT = 5 };
    static const int orders[][COUNT] = {
        {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 1, 3, 0, 4}, {1, 3, 2, 4, 0}};
    for (size_t order = 0; order < sizeof orders / sizeof orders[0]; order++) {
        struct berth_events *events = open_hub(0, COUNT);
        struct follower followers[COUNT] = {0};
        for (int i = 0; i < COUNT; i++) {
            start_follower(events, &followers[i]);
            await_text(&followers[i], "retry:");
        }
        for (int left = 0; left < COUNT; left++) {
            char id[32];
            publish(events, left + 1);
            (void)snprintf(id, sizeof id, "id: %d\n", left + 1);
            for (int i = left; i < COUNT; i++)
                await_text(&followers[orders[order][i]], id);
            free(end_follower(&followers[orders[order][left]], true));
            assert_int_equal(berth_events_streams(events), COUNT - 1 - left);
        }
        publish(events, COUNT + 1);
        berth_events_destroy(events);
    }
}

/* The event that a slow client is being told leaves the ring meanwhile: it must live on. */
static void a_slow_client_is_told_the_whole_event_and_then_reset(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, 1);
    sem_t may_go_on, is_writing;
    assert_int_equal(sem_init(&may_go_on, 0, 0), 0);
    assert_int_equal(sem_init(&is_writing, 0, 0), 0);
    struct follower follower = {.may_go_on = &may_go_on, .is_writing = &is_writing};
    start_follower(events, &follower);
    await_text(&follower, "retry:");
    publish(events, 1);
    assert_int_equal(sem_wait(&is_writing), 0);
    publish_all(events, 2, 2 * RING);
    assert_int_equal(sem_post(&may_go_on), 0);
    await_text(&follower, "event: reset");
    char *text = end_follower(&follower, true);
    assert_string_equal(text, "retry: 2000\n\n" EVENT(1) RESET(2048));
    free(text);
    sem_destroy(&may_go_on);
    sem_destroy(&is_writing);
    berth_events_destroy(events);
}

enum { FOLLOWERS = 16, EVENTS = 5000 };

static void *publish_many(void *events) {
    publish_all(events, 1, EVENTS);
    return NULL;
}

/* Ids one after the other; only after a reset may some be missing. */
static void check_order(const char *text) {
    long long last = 0;
    for (const char *at = text; (at = strstr(at, "id: ")); at++) {
        long long id = strtoll(at + 4, NULL, 10);
        bool reset = strncmp(strchr(at, '\n'), "\nevent: reset", 13) == 0;
        if (reset)
            assert_true(id > last);
        else
            assert_int_equal(id, last + 1);
        last = id;
    }
    assert_int_equal(last, EVENTS);
}

static void many_streams_follow_one_publisher_without_a_gap(void **state) {
    (void)state;
    struct berth_events *events = open_hub(0, FOLLOWERS);
    struct follower followers[FOLLOWERS] = {0};
    pthread_t publisher;
    for (int i = 0; i < FOLLOWERS; i++) {
        start_follower(events, &followers[i]);
        await_text(&followers[i], "retry:");
    }
    assert_int_equal(pthread_create(&publisher, NULL, publish_many, events), 0);
    for (int i = 0; i < FOLLOWERS; i++)
        await_text(&followers[i], "id: 5000\n");
    assert_int_equal(pthread_join(publisher, NULL), 0);
    for (int i = 0; i < FOLLOWERS; i++) {
        char *text = end_follower(&followers[i], true);
        check_order(text);
        free(text);
    }
    assert_int_equal(berth_events_streams(events), 0);
    berth_events_destroy(events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_stream_begins_with_what_comes_next),
        cmocka_unit_test(a_stream_that_comes_back_gets_what_it_missed_in_order),
        cmocka_unit_test(generations_may_leave_numbers_out),
        cmocka_unit_test(an_id_from_before_the_ring_is_reset),
        cmocka_unit_test(an_id_from_the_future_is_reset),
        cmocka_unit_test(the_ring_keeps_the_newest_1024),
        cmocka_unit_test(an_event_that_was_lost_resets_all_who_miss_it),
        cmocka_unit_test(an_event_is_one_line_of_data),
        cmocka_unit_test(a_client_that_is_gone_ends_its_stream),
        cmocka_unit_test(streams_are_counted_up_to_their_limit),
        cmocka_unit_test(an_idle_stream_says_that_it_is_there),
        cmocka_unit_test(a_hint_reaches_who_is_there_and_has_no_id),
        cmocka_unit_test(draining_ends_all_streams_and_takes_no_more),
        cmocka_unit_test(streams_may_leave_in_any_order),
        cmocka_unit_test(a_slow_client_is_told_the_whole_event_and_then_reset),
        cmocka_unit_test(many_streams_follow_one_publisher_without_a_gap),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
