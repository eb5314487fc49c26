#include "berth/json.h"
#include "berth/log.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// The headers above must come before it.
#include <cmocka.h>

static void put(const struct berth_log_request *record) {
    struct berth_log_request *ret = berth_log_begin();
    if (!ret)
        return;
    *ret = *record;
    berth_log_end(ret);
}

/* Standard output into a pipe that is read only when the test says so; what cmocka prints waits. */
struct capture {
    int saved;
    int reading;
    pthread_t reader;
    char *text;
    size_t length;
};

static void capture_begin(struct capture *capture) {
    int ends[2];
    *capture = (struct capture){0};
    (void)fflush(stdout);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    capture->saved = dup(STDOUT_FILENO);
    assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
    close(ends[1]);
    capture->reading = ends[0];
}

static void *read_all(void *context) {
    struct capture *capture = context;
    size_t room = 0;
    ssize_t got = 0;
    do {
        capture->length += (size_t)got;
        if (capture->length + 65536 > room) {
            room = 2 * room + 131072;
            char *grown = realloc(capture->text, room);
            if (!grown)
                abort();
            capture->text = grown;
        }
        got = read(capture->reading, capture->text + capture->length, 65535);
    } while (got > 0);
    capture->text[capture->length] = '\0';
    return NULL;
}

static void capture_read(struct capture *capture) {
    assert_int_equal(pthread_create(&capture->reader, NULL, read_all, capture), 0);
}

static void capture_end(struct capture *capture) {
    (void)fflush(stdout);
    assert_true(dup2(capture->saved, STDOUT_FILENO) >= 0); /* closes the pipe's last writer */
    assert_int_equal(pthread_join(capture->reader, NULL), 0);
    close(capture->saved);
    close(capture->reading);
}

/* The next line as JSON, or NULL at the end. */
static json_t *next_line(char **rest) {
    char *line = strsep(rest, "\n");
    if (!line || !*line)
        return NULL;
    json_t *value = NULL;
    assert_int_equal(berth_json_parse(line, strlen(line), 65536, &value, NULL), BERTH_OK);
    return value;
}

static bool is_event(const json_t *line, const char *event) {
    return strcmp(berth_json_string(line, "event"), event) == 0;
}

static void a_request_is_one_line_of_json(void **state) {
    (void)state;
    struct capture capture;
    capture_begin(&capture);
    capture_read(&capture);
    berth_log_start();
    struct berth_log_request record = {.time_ms = 784111777000,
                                       .duration_us = 120,
                                       .bytes = 1LL << 40,
                                       .status = 404,
                                       .listener = "public",
                                       .method = "GET",
                                       .id = "abc",
                                       .remote = "127.0.0.1",
                                       .path = "/a\"b\n\xff\xc3\xa4",
                                       .actor = "ci",
                                       .rule = "not-found"};
    put(&record);
    berth_log_stop();
    capture_end(&capture);
    char *rest = capture.text;
    json_t *line = next_line(&rest);
    assert_non_null(line);
    assert_string_equal(berth_json_string(line, "time"), "1994-11-06T08:49:37.000Z");
    assert_true(is_event(line, "request"));
    assert_string_equal(berth_json_string(line, "listener"), "public");
    assert_string_equal(berth_json_string(line, "method"), "GET");
    assert_string_equal(berth_json_string(line, "path"), "/a\"b\n???"); /* no UTF-8: no bytes */
    assert_string_equal(berth_json_string(line, "actor"), "ci");
    assert_string_equal(berth_json_string(line, "rule"), "not-found");
    assert_string_equal(berth_json_string(line, "id"), "abc");
    assert_string_equal(berth_json_string(line, "remote"), "127.0.0.1");
    assert_int_equal(berth_json_integer(line, "status", 0), 404);
    assert_int_equal(berth_json_integer(line, "us", 0), 120);
    assert_int_equal(berth_json_integer(line, "bytes", 0), 1LL << 40);
    json_decref(line);
    assert_null(next_line(&rest));
    free(capture.text);
}

static void events_are_written_at_once_without_the_writer(void **state) {
    (void)state;
    struct capture capture;
    capture_begin(&capture);
    capture_read(&capture);
    berth_log_event("warn", "lonely", json_pack("{si ss}", "n", 7, "word", "ü"));
    berth_log_event("info", "bare", NULL);
    struct berth_log_request record = {.path = "/dropped"};
    put(&record); /* not running */
    capture_end(&capture);
    char *rest = capture.text;
    json_t *line = next_line(&rest);
    assert_true(is_event(line, "lonely"));
    assert_string_equal(berth_json_string(line, "level"), "warn");
    assert_string_equal(berth_json_string(line, "word"), "ü");
    assert_int_equal(berth_json_integer(line, "n", 0), 7);
    json_decref(line);
    line = next_line(&rest);
    assert_true(is_event(line, "bare"));
    json_decref(line);
    assert_null(next_line(&rest));
    free(capture.text);
}

enum { THREADS = 4, RECORDS = 5000 };

static void *put_records(void *number) {
    struct berth_log_request record = {.status = (int)(intptr_t)number};
    for (int i = 0; i < RECORDS; i++) {
        record.bytes = i;
        record.duration_us = i; /* twice, so that a torn record shows */
        put(&record);
    }
    return NULL;
}

static void put_from_all_threads(void) {
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_records, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* What came out: each thread's lines in its order, whole, and all that is missing counted. */
static void check_lines(char *text, long long expected, long long *ret_dropped) {
    long long written = 0, dropped = 0, last[THREADS];
    for (int i = 0; i < THREADS; i++)
        last[i] = -1;
    json_t *line;
    for (char *rest = text; (line = next_line(&rest)); json_decref(line)) {
        if (is_event(line, "log-dropped")) {
            dropped += berth_json_integer(line, "lines", 0);
            continue;
        }
        assert_true(is_event(line, "request"));
        long long number = berth_json_integer(line, "bytes", -1);
        long long thread = berth_json_integer(line, "status", -1);
        assert_int_equal(number, berth_json_integer(line, "us", -2));
        assert_in_range(thread, 0, THREADS - 1);
        assert_true(number > last[thread]);
        last[thread] = number;
        written++;
    }
    assert_int_equal(written + dropped, expected);
    *ret_dropped = dropped;
}

static void every_line_of_several_threads_is_written_or_counted(void **state) {
    (void)state;
    for (int round = 0; round < 2; round++) { /* starting again begins afresh */
        struct capture capture;
        long long dropped = 0;
        capture_begin(&capture);
        capture_read(&capture);
        berth_log_start();
        put_from_all_threads();
        berth_log_stop();
        capture_end(&capture);
        check_lines(capture.text, (long long)THREADS * RECORDS, &dropped);
        free(capture.text);
    }
}

static void a_full_ring_drops_and_counts_rather_than_waits(void **state) {
    (void)state;
    struct capture capture;
    long long dropped = 0;
    capture_begin(&capture); /* nobody reads: the writer stands still at a full pipe */
    berth_log_start();
    put_from_all_threads();
    capture_read(&capture);
    berth_log_stop();
    capture_end(&capture);
    check_lines(capture.text, (long long)THREADS * RECORDS, &dropped);
    assert_true(dropped > 0);
    free(capture.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_one_line_of_json),
        cmocka_unit_test(events_are_written_at_once_without_the_writer),
        cmocka_unit_test(every_line_of_several_threads_is_written_or_counted),
        cmocka_unit_test(a_full_ring_drops_and_counts_rather_than_waits),
    };
    return cmocka_run_group_tests_name("base_log", tests, NULL, NULL);
}
