#include "berth/error.h"
#include "berth/events.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static bool out_of_memory;

void *__wrap_malloc(size_t size) {
    return out_of_memory ? NULL : __real_malloc(size);
}

static struct berth_events *open_hub(void) {
    struct berth_events *events = berth_events_create(
        &(struct berth_events_options){.max_streams = 100, .heartbeat_ms = 600000});
    assert_non_null(events);
    return events;
}

static struct berth_stream *join_at(struct berth_events *events, const char *place) {
    struct berth_error error = {0};
    struct berth_stream *stream = NULL;
    assert_int_equal(berth_events_join(events, &stream, &error), BERTH_OK);
    if (place)
        berth_events_place(stream, place);
    return stream;
}

struct found {
    const char *name;
    int streams;
    int places;
};

static void look(const char *name, int streams, void *context) {
    struct found *found = context;
    found->places++;
    if (strcmp(name, found->name) == 0)
        found->streams += streams;
}

static struct found at(struct berth_events *events, const char *name) {
    struct found found = {.name = name};
    berth_events_places_each(events, look, &found);
    return found;
}

static void streams_are_counted_where_they_are(void **state) {
    (void)state;
    struct berth_events *events = open_hub();
    struct berth_stream *streams[] = {join_at(events, "/"), join_at(events, "/shop"),
                                      join_at(events, "/"), join_at(events, NULL)};
    assert_int_equal(at(events, "/").streams, 2);
    assert_int_equal(at(events, "/shop").streams, 1);
    assert_int_equal(at(events, "/").places, 2);
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        berth_events_leave(streams[i]);
    berth_events_destroy(events);
}

static void a_place_is_gone_with_the_last_stream_in_any_order(void **state) {
    (void)state;
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}};
    for (size_t order = 0; order < sizeof orders / sizeof *orders; order++) {
        struct berth_events *events = open_hub();
        struct berth_stream *streams[] = {join_at(events, "/a"), join_at(events, "/b"),
                                          join_at(events, "/c")};
        for (int left = 3; left > 0; left--) {
            assert_int_equal(at(events, "").places, left);
            berth_events_leave(streams[orders[order][3 - left]]);
        }
        assert_int_equal(at(events, "").places, 0);
        berth_events_destroy(events);
    }
}

static void a_stream_that_goes_elsewhere_is_counted_there_alone(void **state) {
    (void)state;
    struct berth_events *events = open_hub();
    char name[] = "/here";
    struct berth_stream *stream = join_at(events, name);
    name[1] = 'w'; /* it was copied */
    assert_int_equal(at(events, "/here").streams, 1);
    berth_events_place(stream, "/here");
    assert_int_equal(at(events, "/here").streams, 1);
    berth_events_place(stream, "/there");
    assert_int_equal(at(events, "/there").streams, 1);
    assert_int_equal(at(events, "/here").places, 1);
    berth_events_leave(stream);
    berth_events_destroy(events);
}

static void without_memory_a_stream_is_nowhere(void **state) {
    (void)state;
    struct berth_events *events = open_hub();
    struct berth_stream *stream = join_at(events, NULL);
    out_of_memory = true;
    berth_events_place(stream, "/");
    out_of_memory = false;
    assert_int_equal(at(events, "/").places, 0);
    berth_events_leave(stream);
    berth_events_destroy(events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_counted_where_they_are),
        cmocka_unit_test(a_place_is_gone_with_the_last_stream_in_any_order),
        cmocka_unit_test(a_stream_that_goes_elsewhere_is_counted_there_alone),
        cmocka_unit_test(without_memory_a_stream_is_nowhere),
    };
    return cmocka_run_group_tests_name("events_places", tests, NULL, NULL);
}
